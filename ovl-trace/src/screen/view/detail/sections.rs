//! The sections of a container's detail, each as lines.

use ratatui::text::{Line, Span};

use super::super::text;
use crate::{
    aggregate::{ContainerReport, Tally},
    render::{sanitize, units},
    screen::theme::Theme,
};

/// Who it is, and its numbers.
pub(super) fn about<'a>(report: &ContainerReport, columns: usize, theme: Theme) -> Vec<Line<'a>> {
    let sums = &report.sums;
    let counts = &sums.copy_ups;
    let bytes = text::copied(sums.copied_bytes, sums.copied_unknown, counts.total);
    let kinds = [
        (counts.data, "data"),
        (counts.metadata, "metadata"),
        (counts.directory, "directories"),
        (counts.symlink, "symlinks"),
        (counts.special, "special"),
        (counts.unknown, "of unknown kind"),
        (counts.failed, "failed"),
        (counts.raced, "raced"),
    ];
    let whiteouts = &sums.whiteouts;
    let causes = [
        (whiteouts.unlink, "unlink"),
        (whiteouts.rmdir, "rmdir"),
        (whiteouts.rename, "rename"),
        (whiteouts.opaque, "opaque"),
    ];
    let latency = &sums.latency;
    let latencies = format!(
        "p50 {}  p90 {}  p99 {}  max {}  all {}",
        text::duration(latency.percentile_ns(50)),
        text::duration(latency.percentile_ns(90)),
        text::duration(latency.percentile_ns(99)),
        text::duration(latency.max_ns),
        units::duration(latency.sum_ns),
    );
    let copy_ups = format!(
        "{}  {bytes} of {}",
        text::grouped(counts.total),
        units::bytes(sums.size_bytes)
    );
    [
        ("is", who(report), String::new()),
        ("copy-ups", copy_ups, listed(&kinds)),
        ("latency", latencies, String::new()),
        ("whiteouts", text::grouped(whiteouts.total), listed(&causes)),
    ]
    .into_iter()
    .map(|(name, value, more)| {
        let room = columns.saturating_sub(12);
        let value = text::cut(&value, room);
        let more = text::cut(&more, room.saturating_sub(text::width(&value) + 2));
        Line::from(vec![
            Span::styled(format!(" {name:<10} "), theme.dim()),
            Span::raw(value),
            Span::styled(format!("  {more}"), theme.dim()),
        ])
    })
    .collect()
}

fn who(report: &ContainerReport) -> String {
    let origin = &report.origin;
    let Some(container) = &origin.container else {
        let upperdir = origin.mount.upperdir.as_deref();
        let upperdir = upperdir.map_or_else(|| "?".into(), std::path::Path::to_string_lossy);
        return sanitize::text(&format!("of no container, upperdir {upperdir}"));
    };
    let id = container.id.get(..12).unwrap_or(&container.id);
    let mut words: Vec<String> = container.image.clone().into_iter().collect();
    words.push(format!("{} {id}", container.runtime));
    if let Some(pod) = &container.pod {
        let namespace = container.namespace.as_deref().unwrap_or("?");
        words.push(format!("pod {namespace}/{pod}"));
    }
    sanitize::text(&words.join(", "))
}

fn listed(counts: &[(u64, &str)]) -> String {
    let some = counts.iter().filter(|(count, _)| *count > 0);
    let words: Vec<_> = some
        .map(|(count, name)| format!("{} {name}", text::grouped(*count)))
        .collect();
    words.join(", ")
}

/// `BYTES  TIME  COPY-UPS  WHITEOUTS  what`, each row with its sums.
fn table<'a>(
    rows: impl Iterator<Item = (Tally, String)>,
    what: &str,
    theme: Theme,
) -> Vec<Line<'a>> {
    let cells = |bytes: &str, time: &str, copy_ups: &str, whiteouts: &str| {
        format!(
            "  {} {} {} {}  ",
            text::right(bytes, 10),
            text::right(time, 7),
            text::right(copy_ups, 8),
            text::right(whiteouts, 9),
        )
    };
    let mut lines: Vec<_> = rows
        .map(|(tally, what)| {
            let bytes = text::copied(tally.copied_bytes, tally.copied_unknown, tally.copy_ups);
            let time = text::duration((tally.copy_ups > 0).then_some(tally.latency_ns));
            let (copy_ups, whiteouts) = (text::count(tally.copy_ups), text::count(tally.whiteouts));
            Line::from(vec![
                Span::raw(cells(&bytes, &time, &copy_ups, &whiteouts)),
                Span::raw(what),
            ])
        })
        .collect();
    if !lines.is_empty() {
        let names = cells("BYTES", "TIME", "COPY-UPS", "WHITEOUTS");
        lines.insert(0, Line::from(Span::styled(names + what, theme.dim())));
    }
    lines
}

/// Columns in front of the last one of [`table`].
const TABLE: usize = 42;

pub(super) fn files<'a>(report: &ContainerReport, columns: usize, theme: Theme) -> Vec<Line<'a>> {
    let files = &report.files;
    let room = columns.saturating_sub(TABLE);
    let rows = files
        .rows
        .iter()
        .map(|(path, tally, _)| (*tally, text::cut_path(&text::path(path), room)));
    let others = (files.others > 0).then(|| {
        (
            files.others_tally,
            format!("({} more)", text::grouped(files.others)),
        )
    });
    table(rows.chain(others), "PATH", theme)
}

pub(super) fn processes<'a>(
    report: &ContainerReport,
    columns: usize,
    theme: Theme,
) -> Vec<Line<'a>> {
    let processes = &report.processes;
    let room = columns.saturating_sub(TABLE);
    let rows = processes.rows.iter().map(|(key, tally, ())| {
        let name = format!("{}[{}]", sanitize::bytes(&key.comm), key.pid);
        (*tally, text::cut(&name, room))
    });
    let others = (processes.others > 0).then(|| {
        (
            processes.others_tally,
            format!("({} more)", text::grouped(processes.others)),
        )
    });
    table(rows.chain(others), "PROCESS", theme)
}

pub(super) fn layers<'a>(report: &ContainerReport, columns: usize, theme: Theme) -> Vec<Line<'a>> {
    let room = columns.saturating_sub(TABLE);
    let rows = report.layers.iter().map(|row| {
        let layer = row.index.and_then(|index| report.origin.layer(index));
        let instruction = layer.and_then(crate::model::Layer::instruction);
        let index = row
            .index
            .map_or_else(|| "?".to_owned(), |index| index.to_string());
        let text = match (instruction, layer.and_then(|layer| layer.digest.as_deref())) {
            (Some(instruction), _) => sanitize::text(&format!("{index}: {instruction}")),
            (None, Some(digest)) => sanitize::text(&format!("{index}: {digest}")),
            (None, None) => index,
        };
        (row.tally, text::cut(&text, room))
    });
    table(rows, "LAYER (1 IS THE TOPMOST)", theme)
}

pub(super) fn triggers<'a>(
    report: &ContainerReport,
    columns: usize,
    theme: Theme,
) -> Vec<Line<'a>> {
    let room = columns.saturating_sub(TABLE);
    let rows = report.triggers.iter().map(|row| {
        let sums = &row.sums;
        let tally = Tally {
            copy_ups: sums.copy_ups,
            failed: sums.failed,
            size_bytes: sums.size_bytes,
            copied_bytes: sums.copied_bytes,
            latency_ns: sums.latency_ns,
            ..Tally::default()
        };
        let mut words = vec![row.operation.to_string()];
        if sums.failed > 0 {
            words.push(format!("({} failed)", sums.failed));
        }
        for (call, tally) in row.calls.iter().filter(|(call, _)| !call.flags.is_empty()) {
            words.push(format!("{} {}", call.flags.joined(), tally.copy_ups));
        }
        (tally, text::cut(&words.join("  "), room))
    });
    table(rows, "OPERATION", theme)
}

pub(super) fn advice<'a>(report: &ContainerReport, columns: usize, theme: Theme) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    for advice in &report.advice {
        let finding = text::wrap(&sanitize::text(&advice.finding), columns.saturating_sub(4));
        for (at, part) in finding.into_iter().enumerate() {
            let mark = if at == 0 { "  • " } else { "    " };
            lines.push(Line::from(vec![
                Span::styled(mark, theme.state()),
                Span::raw(part),
            ]));
        }
        for part in text::wrap(&sanitize::text(&advice.remedy), columns.saturating_sub(4)) {
            lines.push(Line::from(Span::styled(format!("    {part}"), theme.dim())));
        }
    }
    lines
}
