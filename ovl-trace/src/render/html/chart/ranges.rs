//! Durations as ranges on one logarithmic axis: first writes by size of the file.

use super::{figure, scale::Durations, ticks};
use crate::{
    aggregate::{ContainerReport, SizeRow},
    render::{
        html::writer::Html,
        sheets::{self, phrases::duration},
    },
};

/// For each class of sizes, the shortest to the longest first write, and inside
/// of it the range from P50 to P99.
pub(in crate::render::html) fn ranges(html: &mut Html, container: &ContainerReport) {
    let rows = &container.by_size;
    let shortest = rows.iter().filter_map(|row| row.latency.min_ns).min();
    let longest = rows.iter().filter_map(|row| row.latency.max_ns).max();
    let (Some(shortest), Some(longest)) = (shortest, longest) else {
        return;
    };
    // With some room at both ends.
    let axis = Durations::new(shortest / 2, longest.saturating_mul(2));
    let numbers = sheets::sizes(container);
    figure(
        html,
        "First write by size of the file",
        "latency; solid from P50 to P99, faint from the shortest to the longest",
        Some(&numbers),
        |html| {
            html.tag("div", &[("class", &"bars")], |html| {
                for row in rows {
                    html.element("div", "label", sheets::size_class(row));
                    html.tag("div", &[("class", &"track")], |html| range(html, row, axis));
                    let latency = &row.latency;
                    let p50 = duration(latency.percentile_ns(50));
                    html.element("div", "value", format_args!("P50 {p50}"));
                }
                html.element("div", "label", "");
                ticks(html, &axis.ticks());
                html.element("div", "value", "");
            });
        },
    );
}

fn range(html: &mut Html, row: &SizeRow, axis: Durations) {
    let latency = &row.latency;
    let attributes: &[(&'static str, &dyn std::fmt::Display)] = &[
        ("class", &"data"),
        ("viewBox", &"0 0 100 1"),
        ("preserveAspectRatio", &"none"),
        ("aria-hidden", &"true"),
    ];
    html.tag("svg", attributes, |html| {
        let ends = [
            ("whole", latency.min_ns, latency.max_ns),
            (
                "inner",
                latency.percentile_ns(50),
                latency.percentile_ns(99),
            ),
        ];
        for (class, first, last) in ends {
            let first = axis.position(first.unwrap_or(0));
            let last = axis.position(last.unwrap_or(0));
            // A single duration is a mark.
            let width = (last - first).max(0.8);
            let attributes: &[(&'static str, &dyn std::fmt::Display)] = &[
                ("class", &class),
                ("x", &first),
                ("width", &width),
                ("height", &1),
            ];
            html.empty("rect", attributes);
        }
    });
}
