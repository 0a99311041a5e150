//! The diagnosis for people and for programs.

use std::io::{self, Write};

use serde::Serialize;

use super::{Check, Diagnosis};

/// Columns of text, the indented ones included.
const WIDTH: usize = 80;
/// Column at which what was found starts.
const INDENT: usize = 29;

/// For people: a line per check, what to do below it.
pub fn table(diagnosis: &Diagnosis, out: &mut impl Write) -> io::Result<()> {
    for check in &diagnosis.checks {
        let head = format!("{:<9} {:<18}", check.status.name(), clean(&check.name));
        let mut lines = wrap(&clean(&check.found)).into_iter();
        let mut first = lines.next().unwrap_or_default();
        // A long name has the line for itself.
        if head.chars().count() >= INDENT {
            writeln!(out, "{head}")?;
            first = format!("{:INDENT$}{first}", "");
        } else {
            first = format!("{head:<INDENT$}{first}");
        }
        writeln!(out, "{}", first.trim_end())?;
        for line in lines {
            writeln!(out, "{:INDENT$}{line}", "")?;
        }
        paragraph(out, "Lost: ", check.lost.as_deref())?;
        paragraph(out, "To do: ", check.remedy.as_deref())?;
    }
    writeln!(out)?;
    match diagnosis.fatal().count() {
        0 => writeln!(out, "This machine can be traced."),
        1 => writeln!(out, "This machine cannot be traced: 1 check is fatal."),
        fatal => writeln!(
            out,
            "This machine cannot be traced: {fatal} checks are fatal."
        ),
    }
}

fn paragraph(out: &mut impl Write, label: &str, text: Option<&str>) -> io::Result<()> {
    let Some(text) = text else { return Ok(()) };
    for line in wrap(&format!("{label}{}", clean(text))) {
        writeln!(out, "{:INDENT$}{line}", "")?;
    }
    Ok(())
}

/// Lines of at most `WIDTH - INDENT` columns; a longer word has its own.
fn wrap(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < WIDTH - INDENT => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Some texts hold what a file said: nothing of it reaches the terminal as a
/// control sequence.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '?' } else { c })
        .collect()
}

/// What `--output json` prints.
#[derive(Serialize)]
struct Json<'a> {
    schema: u32,
    tool_version: &'a str,
    can_trace: bool,
    checks: Vec<JsonCheck<'a>>,
}

#[derive(Serialize)]
struct JsonCheck<'a> {
    name: &'a str,
    status: &'a str,
    found: &'a str,
    remedy: Option<&'a str>,
    lost: Option<&'a str>,
}

impl<'a> From<&'a Check> for JsonCheck<'a> {
    fn from(check: &'a Check) -> Self {
        Self {
            name: &check.name,
            status: check.status.name(),
            found: &check.found,
            remedy: check.remedy.as_deref(),
            lost: check.lost.as_deref(),
        }
    }
}

/// For programs: one object, on several lines.
pub fn json(diagnosis: &Diagnosis, out: &mut impl Write) -> io::Result<()> {
    let document = Json {
        schema: 1,
        tool_version: env!("CARGO_PKG_VERSION"),
        can_trace: diagnosis.can_trace(),
        checks: diagnosis.checks.iter().map(JsonCheck::from).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}
