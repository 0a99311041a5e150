//! The report as Markdown (that of GitHub), to paste into an issue: what a reader
//! must know first, a table of containers, and what each did, folded in.

mod escape;

use std::io::{self, Write};

use self::escape::{cell, code, prose};
use super::{
    sanitize,
    sheets::{
        self, Heading, Identity, Sheet,
        phrases::{self, elapsed},
    },
    units,
};
use crate::aggregate::{Advice, ContainerReport, Report};

/// Containers that are shown one by one, the first in the order of the report: an
/// issue of GitHub has at most 65536 characters.
const SECTIONS: usize = 10;

/// Writes the report.
pub fn write_report(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let context = &report.context;
    writeln!(
        out,
        "## Copy-ups and whiteouts on {}\n",
        code(&sanitize::text(&context.hostname))
    )?;
    writeln!(
        out,
        "{} UTC, {}, Linux {}, ovl-trace {}\n",
        units::date_time(context.started),
        elapsed(report),
        code(&sanitize::text(&context.kernel)),
        prose(&context.tool_version),
    )?;
    write_notes(out, report)?;
    if report.containers.is_empty() && report.totals.is_empty() {
        return writeln!(out, "No copy-ups or whiteouts.");
    }
    write_sheet(out, &sheets::summary(report).select(&sheets::SUMMARY))?;
    for container in report.containers.iter().take(SECTIONS) {
        write_container(out, container)?;
    }
    if report.containers.len() > SECTIONS {
        let more = report.containers.len() - SECTIONS;
        writeln!(out, "(and {more} more, in the first table only)")?;
    }
    Ok(())
}

/// What a reader must know to read the numbers right.
fn write_notes(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    if phrases::lossless(report) {
        writeln!(out, "0 events lost.\n")?;
    }
    let mut lines: Vec<String> = Vec::new();
    lines.extend(
        report
            .notes()
            .iter()
            .map(|note| format!("**note:** {}", prose(note))),
    );
    lines.extend(phrases::losses(report).iter().map(|loss| prose(loss)));
    for (line, lost) in phrases::missing_probes(report) {
        let lost = lost.map_or_else(String::new, |lost| format!("; {lost}"));
        lines.push(format!("**degraded:** {}", prose(&format!("{line}{lost}"))));
    }
    lines.extend(phrases::left_out(report).iter().map(|line| prose(line)));
    for line in &lines {
        writeln!(out, "- {line}")?;
    }
    if !lines.is_empty() {
        writeln!(out)?;
    }
    Ok(())
}

fn write_container(out: &mut dyn Write, container: &ContainerReport) -> io::Result<()> {
    let identity = Identity::new(container);
    writeln!(out, "### {}\n", code(&identity.label))?;
    let facts = identity.facts.iter();
    let facts: Vec<_> = facts
        .map(|(what, name)| format!("{what} {}", code(name)))
        .collect();
    if !facts.is_empty() {
        writeln!(out, "{}\n", facts.join(", "))?;
    }
    for advice in &container.advice {
        write_advice(out, advice)?;
    }
    let triggers: Vec<_> = container.triggers.iter().map(phrases::trigger).collect();
    let phases: Vec<_> = phrases::phases(&container.sums)
        .into_iter()
        .map(|(name, ns)| format!("{name} {}", units::duration(ns)))
        .collect();
    let also = phrases::other_counts(&container.sums);
    let lines = [("also", also), ("because of", triggers), ("time", phases)];
    let mut any = false;
    for (name, parts) in lines.iter().filter(|(_, parts)| !parts.is_empty()) {
        writeln!(out, "- {name}: {}", prose(&parts.join(", ")))?;
        any = true;
    }
    if any {
        writeln!(out)?;
    }
    fold(out, "Files", &sheets::files(container))?;
    fold(out, "Processes", &sheets::processes(container))?;
    fold(out, "Layers", &sheets::layers(container))?;
    fold(
        out,
        "First writes by size of the file",
        &sheets::sizes(container),
    )
}

fn write_advice(out: &mut dyn Write, advice: &Advice) -> io::Result<()> {
    writeln!(out, "> **{}**", prose(&sanitize::text(&advice.finding)))?;
    writeln!(out, "> {}", prose(&sanitize::text(&advice.remedy)))?;
    let evidence = phrases::evidence(&advice.evidence);
    let paths = phrases::evidence_paths(&advice.evidence);
    let paths: Vec<_> = paths.iter().map(|path| code(path)).collect();
    let parts = [evidence, paths.join(", ")];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    if !parts.is_empty() {
        writeln!(out, "> ({})", parts.join(": "))?;
    }
    writeln!(out)
}

/// A sheet that a reader has to open.
fn fold(out: &mut dyn Write, title: &str, sheet: &Sheet) -> io::Result<()> {
    if sheet.rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "<details><summary>{title}</summary>\n")?;
    write_sheet(out, sheet)?;
    writeln!(out, "</details>\n")
}

fn write_sheet(out: &mut dyn Write, sheet: &Sheet) -> io::Result<()> {
    let headings: Vec<_> = sheet
        .headings
        .iter()
        .map(|heading| heading.text())
        .collect();
    let rules = sheet.headings.iter().map(|heading| match heading {
        Heading::Number(_) => "---:",
        _ => "---",
    });
    writeln!(out, "| {} |", headings.join(" | "))?;
    writeln!(out, "| {} |", rules.collect::<Vec<_>>().join(" | "))?;
    for row in &sheet.rows {
        write_row(out, sheet, row, cell)?;
    }
    if let Some(total) = &sheet.total {
        write_row(out, sheet, total, prose)?;
    }
    writeln!(out)?;
    if let Some(rest) = &sheet.rest {
        writeln!(out, "{}\n", prose(rest))?;
    }
    Ok(())
}

fn write_row(
    out: &mut dyn Write,
    sheet: &Sheet,
    row: &[String],
    name: fn(&str) -> String,
) -> io::Result<()> {
    let cells: Vec<_> = sheet
        .headings
        .iter()
        .zip(row)
        .map(|(heading, text)| match heading {
            // Nobody's name.
            Heading::Name(_) if text == "-" => text.clone(),
            Heading::Name(_) | Heading::Path(_) => name(text),
            Heading::Number(_) | Heading::Word(_) => prose(text),
        })
        .collect();
    writeln!(out, "| {} |", cells.join(" | "))
}

#[cfg(test)]
mod tests;
