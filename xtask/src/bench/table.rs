//! Results as tables for people, in Markdown.

use std::fmt::Write as _;

use super::{
    measured::{Measured, Row, UNTRACED, median},
    other::KINDS,
    same::spread,
};

/// The tables: of workloads, per kernel, and of what else was measured.
pub(super) fn markdown(measured: &Measured) -> String {
    let mut page = String::new();
    for kernel in kernels(measured) {
        let rows: Vec<&Row> = measured
            .rows
            .iter()
            .filter(|row| row.kernel == kernel)
            .collect();
        if let Some(first) = rows.first() {
            // Writing to a string cannot fail.
            let _title = writeln!(page, "\nKernel {}: instructions per unit\n", first.release);
            workloads(&mut page, measured, &rows);
            let widest = rows.iter().map(|row| spread(row)).fold(0.0, f64::max);
            // Of single runs it says nothing.
            if widest > 0.0 {
                let _line = writeln!(
                    page,
                    "\nRuns of the same differ by at most {:.2} %.",
                    widest * 100.0
                );
            }
            let _title = writeln!(page, "\nThe tracers themselves\n");
            agents(&mut page, &rows);
        }
        others(&mut page, measured, &kernel);
    }
    page
}

fn kernels(measured: &Measured) -> Vec<String> {
    let mut kernels: Vec<String> = Vec::new();
    let others = measured.others.iter().map(|other| &other.kernel);
    for kernel in measured.rows.iter().map(|row| &row.kernel).chain(others) {
        if !kernels.contains(kernel) {
            kernels.push(kernel.clone());
        }
    }
    kernels
}

fn named<'a>(rows: &[&'a Row], of: fn(&Row) -> &String) -> Vec<&'a String> {
    let mut names: Vec<&'a String> = Vec::new();
    for row in rows {
        if !names.contains(&of(row)) {
            names.push(of(row));
        }
    }
    names
}

fn workloads(page: &mut String, measured: &Measured, rows: &[&Row]) {
    let tracers: Vec<&String> = named(rows, |row| &row.tracer)
        .into_iter()
        .filter(|name| *name != UNTRACED)
        .collect();
    let mut head = "| workload | unit | untraced |".to_owned();
    for tracer in &tracers {
        let _cell = write!(head, " {tracer} |");
    }
    let rule = "---|".repeat(3 + tracers.len());
    let _head = writeln!(page, "{head}\n|{rule}");
    for workload in named(rows, |row| &row.workload) {
        let of = |tracer: &str| {
            rows.iter()
                .find(|row| &row.workload == workload && row.tracer == tracer)
        };
        let Some(untraced) = of(UNTRACED) else {
            continue;
        };
        let each = untraced.instructions / untraced.units;
        let _cells = write!(
            page,
            "| {workload} | {} | {} |",
            untraced.what,
            thousands(each as f64)
        );
        for tracer in &tracers {
            match of(tracer).and_then(|row| measured.added(row)) {
                Some(added) => {
                    let percent = added * 100.0 / each as f64;
                    let _cell = write!(page, " {} ({percent:+.1} %) |", signed(added));
                }
                None => page.push_str(" - |"),
            }
        }
        page.push('\n');
    }
}

fn agents(page: &mut String, rows: &[&Row]) {
    page.push_str(
        "| workload | tracer | to start | per unit | memory at start | at the end | events | lost |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let Some(agent) = &row.agent else {
            continue;
        };
        let _row = writeln!(
            page,
            "| {} | {} | {} M | {} | {:.1} MiB | {:.1} MiB | {} of {} | {} |",
            row.workload,
            row.tracer,
            median(&agent.starts).unwrap_or_default() / 1_000_000,
            thousands(agent.work as f64 / row.units as f64),
            agent.start_kib as f64 / 1024.0,
            agent.end_kib as f64 / 1024.0,
            agent.events,
            row.units,
            agent.lost.map_or("-".to_owned(), |lost| lost.to_string()),
        );
    }
}

fn others(page: &mut String, measured: &Measured, kernel: &str) {
    let heads = [
        "eBPF programs of ovl-trace",
        "Growth",
        "As fast as the guest can",
        "Environment",
    ];
    for (word, head) in KINDS.into_iter().zip(heads) {
        let values: Vec<_> = measured
            .others
            .iter()
            .filter(|other| other.kernel == kernel)
            .filter_map(|other| other.value.as_object())
            .filter(|fields| fields.contains_key(word))
            .collect();
        let Some(first) = values.first() else {
            continue;
        };
        let names: Vec<&str> = first.keys().map(String::as_str).collect();
        let _head = writeln!(
            page,
            "\n{head}\n\n| {} |\n|{}",
            names.join(" | ").replace('_', " "),
            "---|".repeat(names.len())
        );
        for fields in values {
            page.push('|');
            for name in &names {
                let text = match &fields[*name] {
                    serde_json::Value::String(text) => text.clone(),
                    serde_json::Value::Number(number) => {
                        number.as_f64().map(thousands).unwrap_or_default()
                    }
                    other => other.to_string(),
                };
                let _cell = write!(page, " {text} |");
            }
            page.push('\n');
        }
    }
}

fn signed(value: f64) -> String {
    let sign = if value < 0.0 { "-" } else { "+" };
    format!("{sign}{}", thousands(value.abs()))
}

/// A whole number with commas.
fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::measured::tests::measured;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(thousands(0.4), "0");
        assert_eq!(thousands(1234.5), "1,234");
        assert_eq!(thousands(1_234_567.0), "1,234,567");
        assert_eq!(signed(-999.6), "-1,000");
    }

    #[test]
    fn other_parts_need_no_workload() {
        let mut measured = Measured::default();
        let line = "{\"growth\":\"overlays\",\"number\":1000}".to_owned();
        measured.take("6.1", "6.1.0", &[line]).unwrap();
        let page = markdown(&measured);
        assert!(page.contains("| overlays | 1,000 |"), "{page}");
    }

    #[test]
    fn a_row_says_what_is_added() {
        let page = markdown(&measured(100_000, 120_000));
        assert!(
            page.contains("| w | copy-up | 10,000 | +2,000 (+20.0 %) |"),
            "{page}"
        );
        assert!(page.contains("| w | events | 0 M | 1 |"), "{page}");
    }
}
