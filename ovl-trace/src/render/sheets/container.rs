//! The sheets of one container.

use super::{
    Heading, Sheet,
    phrases::{copied, count, duration, last_by, process as process_name},
};
use crate::{
    aggregate::{ContainerReport, FileLast, LayerRow, SizeRow, Tally, TopList},
    model::Layer,
    render::{sanitize, units},
};

/// The largest files.
pub(crate) fn files(container: &ContainerReport) -> Sheet {
    let mut sheet = Sheet::new(&[
        Heading::Number("Bytes"),
        Heading::Number("Time"),
        Heading::Number("Copy-ups"),
        Heading::Number("Whiteouts"),
        Heading::Word("Kind"),
        Heading::Word("Method"),
        Heading::Name("Last by"),
        Heading::Path("Path"),
    ]);
    for (path, tally, last) in &container.files.rows {
        let mut row = sums(tally).to_vec();
        let last = last.as_ref();
        row.push(last.map_or_else(|| "-".to_owned(), |it| it.kind.to_string()));
        row.push(last.map_or_else(|| "-".to_owned(), method));
        row.push(last.map_or_else(|| gone(tally).to_owned(), last_by));
        row.push(sanitize::bytes(path));
        sheet.rows.push(row);
    }
    sheet.rest = rest(&container.files, "file", "files");
    sheet
}

/// The processes that copied up most.
pub(crate) fn processes(container: &ContainerReport) -> Sheet {
    let mut sheet = Sheet::new(&[
        Heading::Number("Bytes"),
        Heading::Number("Time"),
        Heading::Number("Copy-ups"),
        Heading::Number("Whiteouts"),
        Heading::Name("Process"),
    ]);
    for (process, tally, ()) in &container.processes.rows {
        let mut row = sums(tally).to_vec();
        row.push(process_name(process));
        sheet.rows.push(row);
    }
    sheet.rest = rest(&container.processes, "process", "processes");
    sheet
}

/// The lower layers that files came from.
pub(crate) fn layers(container: &ContainerReport) -> Sheet {
    let mut sheet = Sheet::new(&[
        Heading::Number("Bytes"),
        Heading::Number("Time"),
        Heading::Number("Copy-ups"),
        Heading::Number("Layer"),
        Heading::Name("Digest"),
        Heading::Name("Instruction"),
    ]);
    for LayerRow { index, tally } in &container.layers {
        let layer = index.and_then(|index| container.origin.layer(index));
        let digest = layer.and_then(|layer| layer.digest.as_deref());
        let instruction = layer.and_then(Layer::instruction);
        sheet.rows.push(vec![
            copied(tally.copied_bytes, tally.copied_unknown, tally.copy_ups),
            duration((tally.copy_ups > 0).then_some(tally.latency_ns)),
            tally.copy_ups.to_string(),
            index.map_or_else(|| "?".to_owned(), |index| index.to_string()),
            digest.map_or_else(|| "-".to_owned(), short_digest),
            instruction.map_or_else(|| "-".to_owned(), |text| sanitize::text(&text)),
        ]);
    }
    sheet
}

/// How long the first write took, by the size of the file.
pub(crate) fn sizes(container: &ContainerReport) -> Sheet {
    let mut sheet = Sheet::new(&[
        Heading::Word("File size"),
        Heading::Number("Copy-ups"),
        Heading::Number("Bytes"),
        Heading::Number("P50"),
        Heading::Number("P99"),
        Heading::Number("Max"),
    ]);
    for row in &container.by_size {
        sheet.rows.push(vec![
            size_class(row),
            row.copy_ups.to_string(),
            copied(row.copied_bytes, row.copied_unknown, row.copy_ups),
            duration(row.latency.percentile_ns(50)),
            duration(row.latency.percentile_ns(99)),
            duration(row.latency.max_ns),
        ]);
    }
    sheet
}

/// `≤ 64.0 KiB`
pub(crate) fn size_class(row: &SizeRow) -> String {
    let limits = crate::aggregate::SIZE_LIMITS;
    match row.up_to_bytes {
        Some(limit) => format!("≤ {}", units::bytes(limit)),
        None => format!("> {}", units::bytes(limits[limits.len() - 1])),
    }
}

/// The operations that needed copy-ups, with their system calls and flags.
pub(crate) fn triggers(container: &ContainerReport) -> Sheet {
    let mut sheet = Sheet::new(&[
        Heading::Word("Operation"),
        Heading::Number("Copy-ups"),
        Heading::Number("Failed"),
        Heading::Number("Bytes"),
        Heading::Number("Time"),
        Heading::Word("Calls"),
    ]);
    // Not counted by operation: if any are unknown, all sums are lower bounds.
    let unknown = container.sums.copied_unknown;
    for row in &container.triggers {
        let sums = &row.sums;
        let calls: Vec<_> = row
            .calls
            .iter()
            .map(|(call, tally)| {
                let mut text = call.syscall.unwrap_or("?").to_owned();
                if !call.flags.is_empty() {
                    text = format!("{text} {}", call.flags.joined());
                }
                format!("{text}: {}", tally.copy_ups + tally.failed)
            })
            .collect();
        sheet.rows.push(vec![
            row.operation.to_string(),
            sums.copy_ups.to_string(),
            count(sums.failed),
            copied(sums.copied_bytes, unknown, sums.copy_ups),
            duration((sums.copy_ups > 0).then_some(sums.latency_ns)),
            calls.join(", "),
        ]);
    }
    sheet
}

fn sums(tally: &Tally) -> [String; 4] {
    [
        copied(tally.copied_bytes, tally.copied_unknown, tally.copy_ups),
        duration((tally.copy_ups > 0).then_some(tally.latency_ns)),
        count(tally.copy_ups),
        count(tally.whiteouts),
    ]
}

fn method(last: &FileLast) -> String {
    last.method
        .map_or_else(|| "?".to_owned(), |method| method.to_string())
}

/// What happened to a file without a copy-up.
const fn gone(tally: &Tally) -> &'static str {
    match (tally.whiteouts, tally.opaque) {
        (1.., _) => "whiteout",
        (0, 1..) => "opaque",
        (0, 0) => "-",
    }
}

/// `sha256:` and twelve digits.
fn short_digest(digest: &str) -> String {
    let end = digest.find(':').map_or(12, |colon| colon + 13);
    sanitize::text(digest.get(..end).unwrap_or(digest))
}

fn rest<K, X>(list: &TopList<K, X>, one: &str, many: &str) -> Option<String> {
    let Tally {
        copied_bytes,
        copied_unknown,
        copy_ups,
        ..
    } = list.others_tally;
    let what = if list.others == 1 { one } else { many };
    (list.others > 0).then(|| {
        format!(
            "and {} more {what} ({})",
            list.others,
            copied(copied_bytes, copied_unknown, copy_ups.max(1)),
        )
    })
}
