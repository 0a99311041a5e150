//! The report for people: one line per container, then for each what was found,
//! its triggers, largest files, processes and layers, then what was lost.
//!
//! On a terminal everything fits its width, down to 80 columns: names and paths
//! lose their middle, sentences are wrapped, and columns that have no room are
//! left out. Into a pipe nothing is cut.

mod container;

use std::io::{self, Write};

use super::{
    grid::{Column, Grid},
    sheets::{
        self, Heading, Sheet,
        phrases::{self, elapsed},
    },
    style::Style,
    wrap::wrap,
};
use crate::aggregate::Report;

/// The columns of the summary, the most of them first.
const SUMMARY: [&[&str]; 5] = [
    &[
        "Name",
        "Image",
        "Copy-ups",
        "Data",
        "Dirs",
        "Bytes",
        "Lock",
        "Copying",
        "Sync",
        "Other",
        "P50",
        "P90",
        "P99",
        "Max",
        "Whiteouts",
    ],
    &[
        "Name",
        "Image",
        "Copy-ups",
        "Data",
        "Dirs",
        "Bytes",
        "P50",
        "P90",
        "P99",
        "Max",
        "Whiteouts",
    ],
    &[
        "Name",
        "Image",
        "Copy-ups",
        "Data",
        "Dirs",
        "Bytes",
        "P50",
        "P99",
        "Max",
        "Whiteouts",
    ],
    &[
        "Name",
        "Copy-ups",
        "Data",
        "Dirs",
        "Bytes",
        "P50",
        "P99",
        "Max",
        "Whiteouts",
    ],
    &[
        "Name",
        "Copy-ups",
        "Bytes",
        "P50",
        "P99",
        "Max",
        "Whiteouts",
    ],
];

/// Of these, the columns in a pipe, whose reader has no known width.
const SUMMARY_PIPED: usize = 2;

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
        for line in wrap(&phrases::about(report), width, 2) {
            writeln!(out, "{}", style.dim(line))?;
        }
        writeln!(out)?;
        write_sheet(
            out,
            style,
            &sheets::summary(report),
            (&SUMMARY, SUMMARY_PIPED),
            width,
            "",
        )?;
        for container in &report.containers {
            writeln!(out)?;
            container::write(out, style, container, width)?;
        }
    }
    writeln!(out)?;
    write_loss(out, style, report, width)?;
    write_coverage(out, style, report, width)
}

/// Writes a sheet with the first of these sets of columns that fits (or the last
/// one); without a width, with the set of this number.
fn write_sheet(
    out: &mut dyn Write,
    style: Style,
    sheet: &Sheet,
    (sets, piped): (&[&[&str]], usize),
    width: Option<u16>,
    indent: &str,
) -> io::Result<()> {
    let room = width.map(|width| width.saturating_sub(u16::try_from(indent.len()).unwrap_or(0)));
    let sets = match width {
        Some(_) => sets,
        None => &sets[piped..=piped],
    };
    let mut fitting = None;
    for set in sets {
        let sheet = sheet.select(set);
        let mut grid = Grid::new(sheet.headings.iter().map(column).collect(), room);
        for row in sheet.rows.into_iter().chain(sheet.total) {
            grid.row(row);
        }
        let fits = grid.fits();
        fitting = Some(grid);
        if fits {
            break;
        }
    }
    if let Some(grid) = fitting {
        grid.write(out, style, indent)?;
    }
    if let Some(rest) = &sheet.rest {
        writeln!(out, "{indent}{rest}")?;
    }
    Ok(())
}

const fn column(heading: &Heading) -> Column {
    match *heading {
        Heading::Number(name) => Column::Number(name),
        Heading::Word(name) => Column::Word(name),
        Heading::Name(name) => Column::Text(name),
        Heading::Path(name) => Column::Path(name),
    }
}

fn write_loss(
    out: &mut dyn Write,
    style: Style,
    report: &Report,
    width: Option<u16>,
) -> io::Result<()> {
    if phrases::lossless(report) {
        writeln!(out, "0 events lost.")?;
    }
    for note in report.notes() {
        for line in wrap(&format!("note: {note}"), width, 6) {
            writeln!(out, "{}", style.red(line))?;
        }
    }
    for loss in phrases::losses(report) {
        for line in wrap(&format!("  {loss}"), width, 4) {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

fn write_coverage(
    out: &mut dyn Write,
    style: Style,
    report: &Report,
    width: Option<u16>,
) -> io::Result<()> {
    for (line, lost) in phrases::missing_probes(report) {
        let line = format!("degraded: {line}");
        let whole = match lost {
            Some(lost) => format!("{line}; {lost}"),
            None => line,
        };
        for line in wrap(&whole, width, 10) {
            writeln!(out, "{}", style.yellow(line))?;
        }
    }
    for left_out in phrases::left_out(report) {
        for line in wrap(&left_out, width, 2) {
            writeln!(out, "{}", style.dim(line))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
