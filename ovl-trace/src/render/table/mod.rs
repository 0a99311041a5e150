//! The report for people: one line per container, then for each its triggers
//! and its largest files, then what was lost.
//!
//! On a terminal, the columns of the first table fit its width, down to 80.
//! What names something below it (headings, paths) is never cut.

use std::io::{self, Write};

use super::{
    grid::{Column, Grid},
    sanitize,
    style::Style,
    units,
};
use crate::{
    aggregate::{ContainerReport, FileLast, Report, Sums, Tally, TriggerRow},
    model::{LossSource, Outcome},
};

/// From this width on, the image has a column of its own.
const WIDE: u16 = 100;

/// Writes the report. `width` is the terminal's; `None` cuts nothing.
pub fn write_report(
    out: &mut dyn Write,
    style: Style,
    report: &Report,
    width: Option<u16>,
) -> io::Result<()> {
    if report.containers.is_empty() && report.totals.is_empty() {
        writeln!(out, "No copy-ups or whiteouts in {}.", elapsed(report))?;
    } else {
        writeln!(out, "{}", style.dim(about(report)))?;
        writeln!(out)?;
        write_summary(out, style, report, width)?;
        for container in &report.containers {
            writeln!(out)?;
            write_container(out, style, container, width)?;
        }
    }
    writeln!(out)?;
    write_loss(out, style, report)?;
    write_coverage(out, style, report)
}

fn elapsed(report: &Report) -> String {
    let elapsed = report.context.ended.duration_since(report.context.started);
    units::duration(u64::try_from(elapsed.as_nanos()).unwrap_or(0))
}

/// When and where.
fn about(report: &Report) -> String {
    let context = &report.context;
    sanitize::text(&format!(
        "{} UTC, {} on {}, Linux {}",
        units::date_time(context.started),
        elapsed(report),
        context.hostname,
        context.kernel,
    ))
}

fn write_summary(
    out: &mut dyn Write,
    style: Style,
    report: &Report,
    width: Option<u16>,
) -> io::Result<()> {
    let wide = width.is_none_or(|width| width >= WIDE);
    let mut columns = vec![Column::Text("NAME")];
    if wide {
        columns.push(Column::Text("IMAGE"));
    }
    columns.extend(
        [
            "COPY-UPS",
            "DATA",
            "DIRS",
            "BYTES",
            "P50",
            "P99",
            "MAX",
            "WHITEOUTS",
        ]
        .map(Column::Number),
    );
    let mut grid = Grid::new(columns, width);
    let mut row = |name: String, image: &str, sums: &Sums| {
        let mut cells = vec![name];
        if wide {
            cells.push(sanitize::text(image));
        }
        cells.extend(numbers(sums));
        grid.row(cells);
    };
    for container in &report.containers {
        let origin = &container.origin;
        let image = origin.container.as_ref().and_then(|it| it.image.as_deref());
        row(
            sanitize::text(&origin.label()),
            image.unwrap_or("-"),
            &container.sums,
        );
    }
    if report.containers.len() > 1 || report.retired_overlays > 0 {
        row("(all)".to_owned(), "", &report.totals);
    }
    grid.write(out, style, "")
}

fn numbers(sums: &Sums) -> [String; 8] {
    let percentile = |share| duration(sums.latency.percentile_ns(share));
    [
        sums.copy_ups.total.to_string(),
        sums.copy_ups.data.to_string(),
        sums.copy_ups.directory.to_string(),
        copied(sums.copied_bytes, sums.copied_unknown, sums.copy_ups.total),
        percentile(0.5),
        percentile(0.99),
        duration(sums.latency.max_ns),
        sums.whiteouts.total.to_string(),
    ]
}

fn duration(ns: Option<u64>) -> String {
    ns.map_or_else(|| "-".to_owned(), units::duration)
}

/// Bytes, of which some or all may be unknown; `-` if nothing was copied up.
fn copied(bytes: u64, unknown: u64, copy_ups: u64) -> String {
    match (bytes, unknown, copy_ups) {
        (_, _, 0) => "-".to_owned(),
        (bytes, 0, _) => units::bytes(bytes),
        (0, _, _) => "?".to_owned(),
        (bytes, _, _) => format!("≥{}", units::bytes(bytes)),
    }
}

fn write_container(
    out: &mut dyn Write,
    style: Style,
    container: &ContainerReport,
    width: Option<u16>,
) -> io::Result<()> {
    writeln!(out, "{}", heading(style, container))?;
    let more = other_counts(&container.sums);
    if !more.is_empty() {
        writeln!(out, "  also: {}", more.join(", "))?;
    }
    if !container.triggers.is_empty() {
        let triggers: Vec<_> = container.triggers.iter().map(trigger).collect();
        writeln!(out, "  because of: {}", triggers.join(", "))?;
    }
    if !container.files.rows.is_empty() {
        write_files(out, style, container, width)?;
    }
    Ok(())
}

fn heading(style: Style, container: &ContainerReport) -> String {
    let origin = &container.origin;
    let mut about = Vec::new();
    if let Some(it) = &origin.container {
        about.extend(it.image.clone());
        about.push(format!(
            "{} {}",
            it.runtime,
            it.id.get(..12).unwrap_or(&it.id)
        ));
        if let Some(pod) = &it.pod {
            let namespace = it.namespace.as_deref().unwrap_or("?");
            about.push(format!("pod {namespace}/{pod}"));
        }
    } else if let Some(upperdir) = &origin.mount.upperdir {
        use std::os::unix::ffi::OsStrExt as _;
        about.push(format!(
            "upperdir {}",
            sanitize::bytes(upperdir.as_os_str().as_bytes())
        ));
        return format!(
            "{}: {}",
            style.bold(sanitize::text(&origin.label())),
            about.join(", ")
        );
    }
    let label = style.bold(sanitize::text(&origin.label()));
    if about.is_empty() {
        label.to_string()
    } else {
        format!("{label}: {}", sanitize::text(&about.join(", ")))
    }
}

/// The counts that have no column, if they are not 0.
fn other_counts(sums: &Sums) -> Vec<String> {
    let counts = &sums.copy_ups;
    [
        (counts.failed, "failed"),
        (counts.metadata, "metadata"),
        (counts.symlink, "symlink"),
        (counts.special, "special"),
        (counts.unknown, "of unknown kind"),
        (counts.raced, "waited for another task's copy-up"),
        (sums.whiteouts.opaque, "opaque"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, name)| format!("{count} {name}"))
    .collect()
}

/// `open 10 (O_WRONLY|O_APPEND 9, 1 failed)`
fn trigger(row: &TriggerRow) -> String {
    let mut details: Vec<String> = row
        .calls
        .iter()
        .filter(|(call, tally)| !call.flags.is_empty() && tally.copy_ups > 0)
        .map(|(call, tally)| format!("{} {}", call.flags.join("|"), tally.copy_ups))
        .collect();
    if row.sums.failed > 0 {
        details.push(format!("{} failed", row.sums.failed));
    }
    let text = format!("{} {}", row.operation, row.sums.copy_ups);
    if details.is_empty() {
        text
    } else {
        format!("{text} ({})", details.join(", "))
    }
}

fn write_files(
    out: &mut dyn Write,
    style: Style,
    container: &ContainerReport,
    width: Option<u16>,
) -> io::Result<()> {
    let columns = ["BYTES", "TIME", "COPY-UPS", "WHITEOUTS"].map(Column::Number);
    let names = ["LAST BY", "PATH"].map(Column::Word);
    let mut grid = Grid::new(columns.into_iter().chain(names).collect(), width);
    for (path, tally, last) in &container.files.rows {
        grid.row(vec![
            copied(tally.copied_bytes, tally.copied_unknown, tally.copy_ups),
            duration((tally.copy_ups > 0).then_some(tally.latency_ns)),
            count(tally.copy_ups),
            count(tally.whiteouts),
            last.as_ref().map_or_else(|| "-".to_owned(), last_by),
            sanitize::bytes(path),
        ]);
    }
    grid.write(out, style, "  ")?;
    if container.files.others > 0 {
        let Tally {
            copied_bytes,
            copied_unknown,
            copy_ups,
            ..
        } = container.files.others_tally;
        writeln!(
            out,
            "  and {} more files ({})",
            container.files.others,
            copied(copied_bytes, copied_unknown, copy_ups.max(1)),
        )?;
    }
    Ok(())
}

fn count(count: u64) -> String {
    match count {
        0 => "-".to_owned(),
        count => count.to_string(),
    }
}

fn last_by(last: &FileLast) -> String {
    let mut text = format!(
        "{} {}[{}]",
        last.operation,
        sanitize::bytes(&last.process.comm),
        last.process.pid
    );
    if last.outcome != Outcome::Ok {
        text.push_str(": ");
        text.push_str(&super::json::result(last.outcome));
    }
    text
}

fn write_loss(out: &mut dyn Write, style: Style, report: &Report) -> io::Result<()> {
    if report.loss.events() == 0 && report.loss.probe == 0 {
        writeln!(out, "0 events lost.")?;
    }
    for note in report.notes() {
        writeln!(out, "{}", style.red(format_args!("note: {note}")))?;
    }
    for (source, reason, count) in &report.loss.reasons {
        let what = match source {
            LossSource::Ring | LossSource::Queue => "events lost",
            LossSource::Probe => "missed",
        };
        writeln!(
            out,
            "  {count} {what} ({}: {})",
            source.name(),
            sanitize::text(reason)
        )?;
    }
    Ok(())
}

/// Only what is missing: nobody reads a list of what works.
fn write_coverage(out: &mut dyn Write, style: Style, report: &Report) -> io::Result<()> {
    for probe in &report.context.coverage {
        if let Some(why_not) = &probe.why_not {
            let line = format!("degraded: '{}' is not attached: {why_not}", probe.probe);
            write!(out, "{}", style.yellow(sanitize::text(&line)))?;
            if let Some(lost) = &probe.lost {
                write!(out, "; {}", sanitize::text(lost))?;
            }
            writeln!(out)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
