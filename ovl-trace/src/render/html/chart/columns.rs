//! Upright bars: histograms of durations, and what happened over time.

use super::{
    figure,
    scale::{Durations, Unit, percent},
    ticks,
};
use crate::{
    aggregate::{Sums, bucket_range},
    model::Histogram,
    render::{
        html::writer::Html,
        sheets::{self, Sheet},
        units,
    },
};

/// One row of upright bars.
pub(super) struct Plot<'a> {
    /// For those who do not see it.
    pub(super) description: String,
    /// The colour.
    pub(super) class: &'static str,
    /// One value for each place; what hovering over it shows.
    pub(super) values: &'a [(u64, String)],
    pub(super) unit: Unit,
    /// What the axis has to show.
    pub(super) highest: u64,
}

impl Plot<'_> {
    /// Draws it, with the axis on its left.
    pub(super) fn draw(&self, html: &mut Html) {
        let limit = self.unit.limit(self.highest);
        html.tag(
            "div",
            &[("class", &"y"), ("aria-hidden", &"true")],
            |html| {
                html.element("span", "", self.unit.text(limit));
                html.element("span", "", "0");
            },
        );
        let view = format!("0 0 {} 100", self.values.len().max(1));
        let attributes: &[(&'static str, &dyn std::fmt::Display)] = &[
            ("class", &self.class),
            ("viewBox", &view),
            ("preserveAspectRatio", &"none"),
            ("role", &"img"),
            ("aria-label", &self.description),
        ];
        html.tag("svg", attributes, |html| {
            let grid = format!("M0 0H{0}M0 50H{0}M0 100H{0}", self.values.len());
            html.empty("path", &[("class", &"grid"), ("d", &grid)]);
            for (place, (value, title)) in self.values.iter().enumerate() {
                if *value == 0 {
                    continue;
                }
                // Something that happened is seen.
                let height = percent(*value, limit).max(1.5);
                let attributes: &[(&'static str, &dyn std::fmt::Display)] = &[
                    ("x", &(place as f64 + 0.08)),
                    ("y", &(100.0 - height)),
                    ("width", &0.84),
                    ("height", &height),
                ];
                html.tag("rect", attributes, |html| html.element("title", "", title));
            }
        });
    }
}

/// Latencies of copy-ups as a whole and by phase, on one axis.
pub(in crate::render::html) fn histograms(html: &mut Html, sums: &Sums) {
    let phases = &sums.phases;
    let all = [
        ("Whole copy-up", "total", &sums.latency.histogram),
        ("Data", "data", &phases.data.histogram),
        ("Sync", "sync", &phases.sync.histogram),
        ("Lock", "lock", &phases.lock.histogram),
    ];
    let all: Vec<_> = all.into_iter().filter(|it| it.2.count() > 0).collect();
    let used = |index: &usize| all.iter().any(|it| it.2.buckets()[*index] > 0);
    let buckets = 0..sums.latency.histogram.buckets().len();
    let (Some(first), Some(last)) = (buckets.clone().find(used), buckets.rev().find(used)) else {
        return;
    };
    // One axis for all, so that the bars can be compared.
    let counts = all.iter().flat_map(|it| it.2.buckets());
    let highest = counts.max().unwrap_or(0);
    let numbers = sheets::histogram(&all.iter().map(|it| (it.0, it.2)).collect::<Vec<_>>());
    figure(
        html,
        "How long copy-ups took",
        "copy-ups by duration, and by phase",
        Some(&numbers),
        |html| {
            html.tag("div", &[("class", &"plots")], |html| {
                for (name, class, histogram) in &all {
                    html.element("div", "name", name);
                    plot(html, (name, class, highest), histogram, first..=last);
                }
                html.element("div", "name", "");
                html.element("div", "y", "");
                let end = bucket_range(last).1.unwrap_or(bucket_range(last).0);
                let axis = Durations::new(bucket_range(first).0, end);
                ticks(html, &axis.ticks());
            });
            html.element(
                "p",
                "axis",
                "duration; each bar is twice as long as the one before",
            );
        },
    );
}

fn plot(
    html: &mut Html,
    (name, class, highest): (&str, &'static str, u64),
    histogram: &Histogram,
    buckets: std::ops::RangeInclusive<usize>,
) {
    let values: Vec<_> = buckets
        .map(|index| {
            let count = histogram.buckets()[index];
            (count, format!("{}: {count}", sheets::bucket(index)))
        })
        .collect();
    let most = values.iter().max_by_key(|(count, _)| *count);
    let most = most.map_or("", |(_, text)| text.as_str());
    Plot {
        description: format!(
            "Histogram of {name}: {} copy-ups; the highest bar is {most}",
            histogram.count()
        ),
        class,
        values: &values,
        unit: Unit::Count,
        highest,
    }
    .draw(html);
}

/// A title, one row of bars, and the time below them.
pub(super) fn timed(
    html: &mut Html,
    title: &str,
    unit: &str,
    plot: &Plot<'_>,
    times: &[(f64, String)],
    numbers: Option<&Sheet>,
) {
    figure(html, title, unit, numbers, |html| {
        html.tag("div", &[("class", &"plots single")], |html| {
            plot.draw(html);
            html.element("div", "y", "");
            ticks(html, times);
        });
        html.element("p", "axis", "time (UTC)");
    });
}

/// A width of time as a word: `250 ms`, `4 s`.
pub(super) fn width(width: std::time::Duration) -> String {
    if width.subsec_nanos() == 0 && width.as_secs() < 60 {
        return format!("{} s", width.as_secs());
    }
    units::duration(u64::try_from(width.as_nanos()).unwrap_or(u64::MAX))
}
