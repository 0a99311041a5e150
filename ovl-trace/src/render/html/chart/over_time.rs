//! What a container did when.

use jiff::Timestamp;

use super::{
    columns::{Plot, timed, width},
    scale::Unit,
};
use crate::{
    aggregate::{ContainerReport, ReportContext, TimeBucket},
    render::{html::writer::Html, sheets, units},
};

/// A series: its title, colour, unit, and how it is taken from a bucket.
type Series = (&'static str, &'static str, Unit, fn(&TimeBucket) -> u64);

const SERIES: [Series; 3] = [
    ("Bytes written", "data", Unit::Bytes, |it| it.copied_bytes),
    ("Copy-ups", "total", Unit::Count, |it| it.copy_ups),
    ("Whiteouts", "other", Unit::Count, |it| it.whiteouts),
];

/// Bytes, copy-ups and whiteouts over the time of the observation, each on an
/// axis of its own; nothing of what did not happen.
pub(in crate::render::html) fn over_time(
    html: &mut Html,
    container: &ContainerReport,
    context: &ReportContext,
) {
    let timeline = &container.timeline;
    let mut span = (context.started, context.ended);
    for (time, _) in timeline.buckets() {
        span = (span.0.min(time), span.1.max(time));
    }
    let buckets = timeline.dense(span.0, span.1);
    let each = format!("per {}", width(timeline.width()));
    let numbers = sheets::timeline(container);
    // The numbers are one table, below the last of the charts.
    let series = SERIES
        .iter()
        .filter(|series| buckets.iter().any(|(_, bucket)| (series.3)(bucket) > 0));
    let series: Vec<_> = series.collect();
    for (index, (title, class, unit, value)) in series.iter().enumerate() {
        let values: Vec<_> = buckets
            .iter()
            .map(|(time, bucket)| {
                let value = value(bucket);
                let title = format!("{} UTC: {}", units::time_of_day(*time), unit.text(value));
                (value, title)
            })
            .collect();
        let plot = Plot {
            description: description(title, &values),
            class,
            values: &values,
            unit: *unit,
            highest: values.iter().map(|it| it.0).max().unwrap_or(0),
        };
        let numbers = (index + 1 == series.len()).then_some(&numbers);
        timed(html, title, &each, &plot, &times(&buckets), numbers);
    }
}

fn description(title: &str, values: &[(u64, String)]) -> String {
    let active = values.iter().filter(|(value, _)| *value > 0).count();
    let most = values.iter().max_by_key(|(value, _)| *value);
    let most = most.map_or("", |(_, text)| text.as_str());
    format!(
        "{title} over time: in {active} of {} stretches of time; the most at {most}",
        values.len()
    )
}

/// The time at the left end, in the middle, and at the right end.
fn times(buckets: &[(Timestamp, TimeBucket)]) -> Vec<(f64, String)> {
    let (Some(first), Some(last)) = (buckets.first(), buckets.last()) else {
        return Vec::new();
    };
    let days = last.0.duration_since(first.0).as_secs() >= 86_400;
    let text = |time: Timestamp| {
        let text = units::date_time(time);
        let (_, clock) = text.split_once(' ').unwrap_or(("", &text));
        if days { text.clone() } else { clock.to_owned() }
    };
    let middle = buckets[buckets.len() / 2].0;
    vec![
        (0.0, text(first.0)),
        (50.0, text(middle)),
        (100.0, text(last.0)),
    ]
}
