//! The numbers behind charts: histograms and timelines.

use super::{Heading, Sheet, phrases::copied};
use crate::{
    aggregate::{ContainerReport, bucket_range},
    model::Histogram,
    render::units,
};

/// Histograms side by side, without the buckets that are empty in all of them.
pub(crate) fn histogram(all: &[(&'static str, &Histogram)]) -> Sheet {
    let mut headings = vec![Heading::Word("Duration")];
    headings.extend(all.iter().map(|(name, _)| Heading::Number(name)));
    let mut sheet = Sheet::new(&headings);
    let all: Vec<_> = all.iter().map(|(_, it)| it.buckets()).collect();
    let buckets = all.first().map_or(0, |it| it.len());
    for index in 0..buckets {
        let counts: Vec<u64> = all.iter().map(|it| it[index]).collect();
        if counts.iter().any(|count| *count > 0) {
            let mut row = vec![bucket(index)];
            row.extend(counts.iter().map(u64::to_string));
            sheet.rows.push(row);
        }
    }
    sheet
}

/// A bucket by its limits: `524 µs – 1.05 ms`.
pub(crate) fn bucket(index: usize) -> String {
    let (first, last) = bucket_range(index);
    match last {
        Some(last) => format!("{} – {}", units::duration(first), units::duration(last)),
        None => format!("≥ {}", units::duration(first)),
    }
}

/// What happened when; times without events are left out.
pub(crate) fn timeline(container: &ContainerReport) -> Sheet {
    let mut sheet = Sheet::new(&[
        Heading::Word("From (UTC)"),
        Heading::Number("Copy-ups"),
        Heading::Number("Bytes"),
        Heading::Number("Whiteouts"),
    ]);
    for (time, bucket) in container.timeline.buckets() {
        sheet.rows.push(vec![
            format!(
                "{} {}",
                time.to_zoned(jiff::tz::TimeZone::UTC).date(),
                units::time_of_day(time)
            ),
            bucket.copy_ups.to_string(),
            copied(bucket.copied_bytes, bucket.copied_unknown, bucket.copy_ups),
            bucket.whiteouts.to_string(),
        ]);
    }
    sheet
}
