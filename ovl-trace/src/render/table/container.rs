//! What is below the first table: a section per container.

use std::io::{self, Write};

use super::write_sheet;
use crate::{
    aggregate::{Advice, ContainerReport, LayerRow},
    render::{
        sanitize,
        sheets::{self, Identity, phrases},
        style::Style,
        units,
        wrap::wrap,
    },
};

const INDENT: &str = "  ";

/// Rows of what is beside the files.
const FEW: usize = 5;

/// Paths behind an advice; pages have more.
const EXAMPLES: usize = 2;

const FILES: [&[&str]; 3] = [
    &[
        "Bytes",
        "Time",
        "Copy-ups",
        "Whiteouts",
        "Kind",
        "Method",
        "Last by",
        "Path",
    ],
    &["Bytes", "Time", "Copy-ups", "Whiteouts", "Last by", "Path"],
    &["Bytes", "Time", "Last by", "Path"],
];
const FILES_PIPED: usize = 1;

const PROCESSES: [&[&str]; 1] = [&["Bytes", "Time", "Copy-ups", "Whiteouts", "Process"]];

const LAYERS: [&[&str]; 2] = [
    &[
        "Bytes",
        "Time",
        "Copy-ups",
        "Layer",
        "Digest",
        "Instruction",
    ],
    &["Bytes", "Copy-ups", "Layer", "Digest", "Instruction"],
];
const LAYERS_PIPED: usize = 1;

const SIZES: [&[&str]; 1] = [&["File size", "Copy-ups", "Bytes", "P50", "P99", "Max"]];

/// Writes the section of a container.
pub(super) fn write(
    out: &mut dyn Write,
    style: Style,
    container: &ContainerReport,
    width: Option<u16>,
) -> io::Result<()> {
    write_heading(out, style, container, width)?;
    for advice in &container.advice {
        write_advice(out, style, advice, width)?;
    }
    let mut line = |name: &str, parts: &[String]| {
        if parts.is_empty() {
            return Ok(());
        }
        let text = format!("{INDENT}{name}: {}", parts.join(", "));
        (wrap(&text, width, 4).iter()).try_for_each(|line| writeln!(out, "{line}"))
    };
    line("also", &phrases::other_counts(&container.sums))?;
    let triggers: Vec<_> = container.triggers.iter().map(phrases::trigger).collect();
    line("because of", &triggers)?;
    let phases: Vec<_> = phrases::phases(&container.sums)
        .into_iter()
        .map(|(name, ns)| format!("{name} {}", units::duration(ns)))
        .collect();
    line("time", &phases)?;
    write_sheets(out, style, container, width)
}

fn write_sheets(
    out: &mut dyn Write,
    style: Style,
    container: &ContainerReport,
    width: Option<u16>,
) -> io::Result<()> {
    let mut further = false;
    let mut sheet = |sheet: &sheets::Sheet, sets: (&[&[&str]], usize)| {
        // Room between two sheets.
        if std::mem::replace(&mut further, true) {
            writeln!(out)?;
        }
        write_sheet(out, style, sheet, sets, width, INDENT)
    };
    let files = sheets::files(container);
    if !files.rows.is_empty() {
        sheet(&files, (&FILES, FILES_PIPED))?;
    }
    // One process or one size of files: then the lines above have said it all.
    let processes = sheets::processes(container);
    if processes.rows.len() > 1 {
        sheet(&processes.first(FEW, "processes"), (&PROCESSES, 0))?;
    }
    let known = |layer: &LayerRow| layer.index.is_some() && layer.tally.copy_ups > 0;
    if container.layers.iter().any(known) {
        let layers = sheets::layers(container).first(FEW, "layers");
        sheet(&layers, (&LAYERS, LAYERS_PIPED))?;
    }
    if container.by_size.len() > 1 {
        sheet(&sheets::sizes(container), (&SIZES, 0))?;
    }
    Ok(())
}

fn write_heading(
    out: &mut dyn Write,
    style: Style,
    container: &ContainerReport,
    width: Option<u16>,
) -> io::Result<()> {
    let identity = Identity::new(container);
    let facts = identity.line();
    let text = if facts.is_empty() {
        identity.label.clone()
    } else {
        format!("{}: {facts}", identity.label)
    };
    for (index, line) in wrap(&text, width, 2).iter().enumerate() {
        match line.strip_prefix(&identity.label) {
            Some(facts) if index == 0 => writeln!(out, "{}{facts}", style.bold(&identity.label))?,
            _ => writeln!(out, "{line}")?,
        }
    }
    Ok(())
}

fn write_advice(
    out: &mut dyn Write,
    style: Style,
    advice: &Advice,
    width: Option<u16>,
) -> io::Result<()> {
    let finding = format!("  ! {}", sanitize::text(&advice.finding));
    for line in wrap(&finding, width, 4) {
        writeln!(out, "{}", style.yellow(line))?;
    }
    let evidence = phrases::evidence(&advice.evidence);
    let mut paths = phrases::evidence_paths(&advice.evidence);
    paths.truncate(EXAMPLES);
    let parts: Vec<_> = [evidence, paths.join(", ")]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    for text in [sanitize::text(&advice.remedy), parts.join(": ")] {
        if !text.is_empty() {
            for line in wrap(&format!("    {text}"), width, 4) {
                writeln!(out, "{line}")?;
            }
        }
    }
    Ok(())
}
