//! Cases and kernels as a Markdown table, made from what the tests printed.

use std::{collections::HashMap, fmt::Write as _};

use super::cases::{Line, Verdict};

/// What comes before the table.
const HEAD: &str = "\
# Cases: every system call that copies up or hides

Written by `cargo xtask test --e2e --kernels all --suites none --write-cases
docs/cases.md` from what the tests printed; not by hand.

Each case runs on a tmpfs, an ext4, an xfs with reflink and a btrfs as the upper layer.
It passes only if exactly these events were reported (kind, method, bytes, trigger,
result, layer and process as expected), the report's totals agree with them, and the
upper directory holds what they say, byte for byte.

`ok`: passed on all of them. `ok (not tmpfs)`: that one cannot do it. `-`: this kernel
cannot. What a case must report can depend on kernel and file system (`reflink` instead
of `copy` where extents can be shared); the column shows it for ext4 on the newest kernel.

";

/// Results, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Table {
    kernels: Vec<String>,
    cases: Vec<String>,
    reports: HashMap<String, String>,
    cells: HashMap<(String, String), Vec<(String, Verdict)>>,
}

impl Table {
    /// Takes a line that the tests on a kernel printed.
    pub(super) fn take(&mut self, kernel: &str, line: &str) {
        match Line::parse(line) {
            Some(Line::Ended {
                filesystem,
                case,
                verdict,
            }) => {
                remember(&mut self.kernels, kernel);
                remember(&mut self.cases, case);
                self.cells
                    .entry((case.to_owned(), kernel.to_owned()))
                    .or_default()
                    .push((filesystem.to_owned(), verdict));
            }
            Some(Line::Reports { case, events }) if line.starts_with("reports kernel::ext4") => {
                self.reports.insert(case.to_owned(), events.to_owned());
            }
            _ => {}
        }
    }

    /// The whole page.
    pub(super) fn markdown(&self) -> String {
        let mut page = HEAD.to_owned();
        let kernels = self.kernels.join(" | ");
        let rules = "---|".repeat(self.kernels.len() + 2);
        // Writing to a string cannot fail.
        let _head = writeln!(page, "| case | reports | {kernels} |\n|{rules}");
        for case in &self.cases {
            let reports = self.reports.get(case).map_or("", String::as_str);
            let name = case.replace('_', " ").replace("::", ": ");
            let _row = write!(page, "| {name} | {} |", reports.replace('|', "\\|"));
            for kernel in &self.kernels {
                let key = (case.clone(), kernel.clone());
                let cell = self.cells.get(&key).map_or(&[][..], Vec::as_slice);
                let _cell = write!(page, " {} |", describe(cell));
            }
            page.push('\n');
        }
        page
    }
}

fn remember(list: &mut Vec<String>, name: &str) {
    if !list.iter().any(|known| known == name) {
        list.push(name.to_owned());
    }
}

/// One cell: the verdicts on the file systems of a kernel.
fn describe(verdicts: &[(String, Verdict)]) -> String {
    let with = |wanted| {
        let names: Vec<&str> = verdicts
            .iter()
            .filter(|(_, verdict)| *verdict == wanted)
            .map(|(name, _)| name.as_str())
            .collect();
        names.join(", ")
    };
    let (failed, ignored) = (with(Verdict::Failed), with(Verdict::Ignored));
    if !failed.is_empty() {
        return format!("**failed** ({failed})");
    }
    match (with(Verdict::Passed).is_empty(), ignored.is_empty()) {
        (true, true) => String::new(),
        (true, false) => "-".to_owned(),
        (false, true) => "ok".to_owned(),
        (false, false) => format!("ok (not {ignored})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_row_for_each_case_and_a_column_for_each_kernel() {
        let mut table = Table::default();
        for (kernel, line) in [
            ("5.10", "test kernel::tmpfs::opens::a_b ... ok"),
            ("5.10", "test kernel::ext4::opens::a_b ... FAILED: why"),
            ("5.10", "test kernel::tmpfs::opens::c ... ignored: why"),
            ("6.1", "reports kernel::ext4::opens::a_b: x|y"),
            ("6.1", "test kernel::tmpfs::opens::a_b ... ignored: why"),
            ("6.1", "test kernel::ext4::opens::a_b ... ok"),
        ] {
            table.take(kernel, line);
        }
        let page = table.markdown();
        let rows: Vec<&str> = page.lines().filter(|line| line.starts_with('|')).collect();
        assert_eq!(
            rows,
            [
                "| case | reports | 5.10 | 6.1 |",
                "|---|---|---|---|",
                "| opens: a b | x\\|y | **failed** (ext4) | ok (not tmpfs) |",
                "| opens: c |  | - |  |",
            ]
        );
    }
}
