//! All formats of a report show the same numbers: each is read back, and held
//! against the JSON cell by cell.

mod expected;
pub(crate) mod html;
mod phrases;
mod read;

use serde_json::Value;

use self::read::Table;
use crate::{aggregate::Report, render, render::style::Style};

/// Panics where two formats of the report disagree. Returns how many cells were
/// compared, so that a test can tell that there were some.
pub(crate) fn agree(report: &Report) -> usize {
    let json = written(|out| render::report_json::write_report(out, report));
    let json: Value = serde_json::from_str(&json).unwrap();
    let line = written(|out| render::report_json::write_summary_line(out, report));
    let mut line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        line.as_object_mut().unwrap().remove("type"),
        Some("summary".into())
    );
    assert_eq!(line, json, "the summary of live");

    let mut compared = pages_agree(report, &json);
    for width in [None, Some(80), Some(120), Some(200)] {
        let style = Style { colour: false };
        let text = written(|out| render::table::write_report(out, style, report, width));
        compared += against("table", read::of_text(&text), &json);
        said(&text, report, &json);
        for row in json["containers"].as_array().unwrap() {
            contains(&text, &phrases::of_triggers(row));
        }
    }
    compared
}

/// The formats that have cells, whatever the names in them are.
fn pages_agree(report: &Report, json: &Value) -> usize {
    let markdown = written(|out| render::markdown::write_report(out, report));
    let page = written(|out| render::html::write_report(out, report));
    said(&markdown.replace('\\', ""), report, json);
    let tokens = html::tokens(&page);
    let texts = tokens.iter().filter_map(|token| match token {
        html::Token::Text(text) => Some(text.as_str()),
        _ => None,
    });
    let texts = texts.collect::<Vec<_>>().join("\n");
    said(&texts, report, json);
    let shown = json["containers"].as_array().unwrap();
    for row in shown.iter().take(render::html::SECTIONS) {
        contains(&texts, &phrases::of_section(row));
    }
    let tiles = phrases::tiles(&tokens, &json["totals"]);
    assert_eq!(tiles, if shown.is_empty() { 0 } else { 7 });
    against("Markdown", read::of_markdown(&markdown), json)
        + against("HTML", read::of_html(&page), json)
}

fn written(write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Losses and notes, and what is said of each container.
fn said(text: &str, report: &Report, json: &Value) {
    let loss = &json["loss"];
    let mut lossless = loss["ring"] == 0 && loss["queue"] == 0 && loss["probe"] == 0;
    lossless &= loss["disarmed"] == 0;
    // Nobody knows what the rest of a recording had.
    lossless &= !report.recording.incomplete;
    let none_lost = text.contains("0 events lost\n") || text.contains("0 events lost.");
    assert_eq!(none_lost, lossless);
    let notes = json["notes"].as_array().unwrap().iter();
    let notes: Vec<_> = notes
        .map(|note| note.as_str().unwrap().to_owned())
        .collect();
    contains(text, &notes);
    // Some formats show the first ones only.
    for row in json["containers"].as_array().unwrap().iter().take(10) {
        contains(text, &phrases::of_container(row));
    }
}

/// Every phrase is there, wherever lines are broken.
fn contains(text: &str, phrases: &[String]) {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for phrase in phrases {
        assert!(text.contains(phrase.trim()), "'{phrase}' is not in {text}");
    }
}

/// Compares each table with the array that it is made of; the number of cells.
fn against(format: &str, tables: Vec<Table>, json: &Value) -> usize {
    let mut compared = 0;
    let mut container = 0;
    let mut seen = Vec::new();
    for table in tables {
        let has = |name: &str| table.headings.iter().any(|heading| heading == name);
        // The summary comes first, then the tables of each container in turn.
        let key = match () {
            () if has("NAME") => "containers",
            () if has("PATH") => "files",
            () if has("PROCESS") => "processes",
            () if has("INSTRUCTION") => "layers",
            () if has("FILE SIZE") => "by_size",
            () if has("OPERATION") => "triggers",
            () if has("FROM (UTC)") => "timeline",
            () if has("DURATION") => "histogram",
            () => panic!(
                "{format}: a table that nobody expects: {:?}",
                table.headings
            ),
        };
        if key == "containers" {
            compared += rows(format, &table, json["containers"].as_array().unwrap(), json);
            continue;
        }
        // A container lacks tables that would be empty: look for the next that has one.
        if seen.contains(&key) {
            container += 1;
            seen.clear();
        }
        seen.push(key);
        compared += loop {
            let row = json["containers"].get(container).unwrap_or_else(|| {
                panic!("{format}: no container has this table of {key}: {table:?}")
            });
            let array = match key {
                "timeline" => &row[key]["buckets"],
                _ => &row[key],
            };
            if fits(&table, array, key) {
                break match key {
                    "histogram" => histogram(format, &table, row),
                    _ => rows(format, &table, array.as_array().unwrap(), json),
                };
            }
            container += 1;
            seen = vec![key];
        };
    }
    compared
}

/// Whether a table is of this container: by its number of rows, and its first row.
fn fits(table: &Table, array: &Value, key: &str) -> bool {
    let rows = array.as_array().map_or(&[][..], Vec::as_slice);
    if key == "histogram" {
        return !rows.is_empty();
    }
    let first = rows.first().zip(table.rows.first());
    first.is_some_and(|(row, cells)| disagreement(row, &table.headings, cells).is_none())
}

fn rows(format: &str, table: &Table, array: &[Value], json: &Value) -> usize {
    assert!(table.rows.len() <= array.len() + 1, "{format}: {table:?}");
    let mut compared = 0;
    for (index, cells) in table.rows.iter().enumerate() {
        let row = array.get(index).unwrap_or(&json["totals"]);
        let mut headings = table.headings.clone();
        if cells.len() < headings.len() {
            headings.retain(|heading| heading != "IMAGE");
        }
        if let Some(what) = disagreement(row, &headings, cells) {
            panic!("{format}: {what} in {cells:?} of {headings:?}, JSON has {row}");
        }
        compared += headings
            .iter()
            .filter(|it| expected::cell(row, it).is_some())
            .count();
    }
    compared
}

fn disagreement(row: &Value, headings: &[String], cells: &[String]) -> Option<String> {
    headings.iter().zip(cells).find_map(|(heading, cell)| {
        let expected = expected::cell(row, heading)?;
        let cell = cell.trim_start_matches('≥');
        (cell != expected).then(|| format!("{heading} is '{cell}', not '{expected}'"))
    })
}

/// The histograms side by side.
fn histogram(format: &str, table: &Table, row: &Value) -> usize {
    let mut compared = 0;
    for (column, heading) in table.headings.iter().enumerate().skip(1) {
        let buckets = match heading.as_str() {
            "WHOLE COPY-UP" => &row["histogram"],
            phase => &row["phases"][phase.to_lowercase()]["histogram"],
        };
        let nonzero = |count: &u64| *count > 0;
        let buckets = buckets.as_array().unwrap().iter();
        let expected: Vec<u64> = buckets
            .map(|it| it["count"].as_u64().unwrap())
            .filter(nonzero)
            .collect();
        let shown = table.rows.iter().map(|row| row[column].parse().unwrap());
        let shown: Vec<u64> = shown.filter(nonzero).collect();
        assert_eq!(shown, expected, "{format}: {heading}");
        compared += shown.len();
    }
    compared
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::test_report::{busy, degraded, many, of_an_enemy, quiet, real};

    #[test]
    fn every_format_has_the_same_numbers() {
        assert!(agree(&real()) > 1000);
        assert!(agree(&busy()) > 100);
        assert!(agree(&many()) > 1000);
        assert!(agree(&degraded()) > 100);
        assert_eq!(agree(&quiet()), 0);
    }

    #[test]
    fn names_of_an_enemy_move_no_number() {
        let report = of_an_enemy();
        let json = written(|out| render::report_json::write_report(out, &report));
        assert!(pages_agree(&report, &serde_json::from_str(&json).unwrap()) > 100);
    }

    #[test]
    #[should_panic(expected = "BYTES is '1.0 MiB', not '2.0 MiB'")]
    fn a_wrong_number_is_found() {
        let text = "NAME  COPY-UPS  BYTES\nweb   1         1.0 MiB\n";
        let json = serde_json::json!({"containers": [
            {"copy_ups": {"total": 1}, "copied_bytes": 2 << 20}
        ]});
        against("table", read::of_text(text), &json);
    }
}
