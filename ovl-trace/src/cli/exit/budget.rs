//! Who used up the budget of `--fail-over`, in a few lines for a CI log.

use crate::{
    aggregate::{ContainerReport, Report},
    render::{sanitize, units},
};

/// Containers that are named.
const CONTAINERS: usize = 3;

/// A line for each of the containers with the most bytes, and the first advice
/// for it; empty if nothing is known of any. Names in it are harmless.
pub(super) fn blame(report: &Report) -> String {
    let mut rows: Vec<&ContainerReport> = report
        .containers
        .iter()
        .filter(|row| row.sums.copied_bytes > 0)
        .collect();
    // The report may be in another order.
    rows.sort_by_key(|row| std::cmp::Reverse(row.sums.copied_bytes));
    let mut text = String::new();
    for row in rows.iter().take(CONTAINERS) {
        text.push_str(&of_container(row));
    }
    if let Some(more) = rows.len().checked_sub(CONTAINERS).filter(|more| *more > 0) {
        let (rest, noun) = (
            &rows[CONTAINERS..],
            if more == 1 { "other" } else { "others" },
        );
        let bytes = rest
            .iter()
            .fold(0_u64, |sum, row| sum.saturating_add(row.sums.copied_bytes));
        let bytes = units::bytes(bytes);
        text.extend(["\n  ", &more.to_string(), " ", noun, ": ", &bytes]);
    }
    text
}

fn of_container(row: &ContainerReport) -> String {
    let label = sanitize::text(&row.origin.label());
    let container = row.origin.container.as_ref();
    let image = container
        .and_then(|container| container.image.as_deref())
        .map_or_else(String::new, |image| format!(" ({})", sanitize::text(image)));
    let bytes = units::bytes(row.sums.copied_bytes);
    let advice = row.advice.first().map_or_else(String::new, |advice| {
        format!(
            "\n    {}: {}\n    {}",
            advice.id,
            sanitize::text(&advice.finding),
            sanitize::text(&advice.remedy),
        )
    });
    format!("\n  {label}{image}: {bytes}{advice}")
}
