//! The report for people: one line per container, then for each its triggers
//! and its largest files, then what was lost.
//!
//! On a terminal, the columns of the first table fit its width, down to 80.
//! What names something below it (headings, paths) is never cut.

mod container;

use std::io::{self, Write};

use super::{
    grid::{Column, Grid},
    sanitize,
    style::Style,
    units,
};
use crate::{
    aggregate::{Report, Sums},
    model::LossSource,
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
            container::write(out, style, container, width)?;
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
    let percentile = |percent| duration(sums.latency.percentile_ns(percent));
    [
        sums.copy_ups.total.to_string(),
        sums.copy_ups.data.to_string(),
        sums.copy_ups.directory.to_string(),
        copied(sums.copied_bytes, sums.copied_unknown, sums.copy_ups.total),
        percentile(50),
        percentile(99),
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
            LossSource::Path => "paths cut",
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
