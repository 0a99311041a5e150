//! The first sheet: a row per container.

use super::{
    Heading, Sheet,
    phrases::{copied, duration},
};
use crate::{
    aggregate::{Report, Sums},
    render::sanitize,
};

const HEADINGS: [Heading; 15] = [
    Heading::Name("Name"),
    Heading::Name("Image"),
    Heading::Number("Copy-ups"),
    Heading::Number("Data"),
    Heading::Number("Dirs"),
    Heading::Number("Bytes"),
    Heading::Number("Lock"),
    Heading::Number("Copying"),
    Heading::Number("Sync"),
    Heading::Number("Other"),
    Heading::Number("P50"),
    Heading::Number("P90"),
    Heading::Number("P99"),
    Heading::Number("Max"),
    Heading::Number("Whiteouts"),
];

/// Every container with its sums, and the sum of all if there are several rows.
pub(crate) fn summary(report: &Report) -> Sheet {
    let mut sheet = Sheet::new(&HEADINGS);
    for container in &report.containers {
        let origin = &container.origin;
        let image = origin.container.as_ref().and_then(|it| it.image.as_deref());
        let name = sanitize::text(&origin.label());
        let image = image.map_or_else(|| "-".to_owned(), sanitize::text);
        sheet.rows.push(row(name, image, &container.sums));
    }
    if report.containers.len() > 1 || report.retired_overlays > 0 {
        sheet.total = Some(row("(all)".to_owned(), String::new(), &report.totals));
    }
    sheet
}

fn row(name: String, image: String, sums: &Sums) -> Vec<String> {
    let counts = &sums.copy_ups;
    let phases = &sums.phases;
    let percentile = |percent| duration(sums.latency.percentile_ns(percent));
    // A phase that no copy-up had may not have been measured at all.
    let phase = |sum_ns: u64, count: u64| duration((count > 0).then_some(sum_ns));
    let measured = phases.lock.histogram.count()
        + phases.data.histogram.count()
        + phases.sync.histogram.count();
    vec![
        name,
        image,
        counts.total.to_string(),
        counts.data.to_string(),
        counts.directory.to_string(),
        copied(sums.copied_bytes, sums.copied_unknown, counts.total),
        phase(phases.lock.sum_ns, phases.lock.histogram.count()),
        phase(phases.data.sum_ns, phases.data.histogram.count()),
        phase(phases.sync.sum_ns, phases.sync.histogram.count()),
        phase(sums.rest_ns(), measured),
        percentile(50),
        percentile(90),
        percentile(99),
        duration(sums.latency.max_ns),
        sums.whiteouts.total.to_string(),
    ]
}
