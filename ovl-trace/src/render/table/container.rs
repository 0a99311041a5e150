//! What is below the first table: a section per container.

use std::{
    io::{self, Write},
    os::unix::ffi::OsStrExt as _,
};

use super::{copied, duration};
use crate::{
    aggregate::{ContainerReport, FileLast, Sums, Tally, TriggerRow},
    model::Outcome,
    render::{
        grid::{Column, Grid},
        json, sanitize,
        style::Style,
    },
};

/// Writes the section of a container.
pub(super) fn write(
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
    if let Some(phases) = phases(&container.sums) {
        writeln!(out, "  time: {phases}")?;
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

/// `data 150 ms, sync 32 ms, lock 900 ns, other 1 ms`: what was measured.
fn phases(sums: &Sums) -> Option<String> {
    let phases = &sums.phases;
    let mut parts: Vec<String> = [
        (&phases.data, "data"),
        (&phases.sync, "sync"),
        (&phases.lock, "waiting for the lock"),
    ]
    .into_iter()
    .filter(|(phase, _)| phase.sum_ns > 0)
    .map(|(phase, name)| format!("{name} {}", duration(Some(phase.sum_ns))))
    .collect();
    if parts.is_empty() {
        return None;
    }
    parts.push(format!("other {}", duration(Some(sums.rest_ns()))));
    Some(parts.join(", "))
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
        text.push_str(&json::result(last.outcome));
    }
    text
}
