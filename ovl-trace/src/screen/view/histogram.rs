//! Latencies by power of two, of whole copy-ups and of their phases.

use ratatui::text::{Line, Span};

use super::text;
use crate::{
    aggregate::{Sums, bucket_range},
    model::Histogram,
    render::units,
    screen::theme::Theme,
};

/// Columns of the range of latencies.
const RANGE: usize = 18;

/// Columns of a count.
const COUNT: usize = 8;

/// Widest bar.
const BAR: usize = 24;

/// One line per power of two from the shortest to the longest; nothing without
/// copy-ups.
pub(super) fn lines<'a>(sums: &Sums, columns: usize, theme: Theme) -> Vec<Line<'a>> {
    let phases = &sums.phases;
    let histograms: Vec<(&str, &Histogram)> = [
        ("all", &sums.latency.histogram),
        ("data", &phases.data.histogram),
        ("sync", &phases.sync.histogram),
        ("lock", &phases.lock.histogram),
    ]
    .into_iter()
    .filter(|(_, histogram)| histogram.count() > 0)
    .collect();
    let counts: Vec<_> = histograms.iter().map(|(_, it)| it.buckets()).collect();
    let some = |bucket: &usize| counts.iter().any(|it| it[*bucket] > 0);
    let buckets = 0..counts.first().map_or(0, |it| it.len());
    let (Some(first), Some(last)) = (buckets.clone().find(some), buckets.rev().find(some)) else {
        return Vec::new();
    };
    let each = columns.saturating_sub(RANGE + 2) / histograms.len();
    let bar = each.saturating_sub(COUNT + 2).min(BAR);
    let mut lines = vec![heading(&histograms, bar, theme)];
    let mut gap = false;
    for bucket in first..=last {
        // Phases are far apart: nothing between them needs one line only.
        if !some(&bucket) {
            if !gap {
                let dots = format!("  {}", text::right("⋮  ", RANGE));
                lines.push(Line::from(Span::styled(dots, theme.dim())));
            }
            gap = true;
            continue;
        }
        gap = false;
        let mut spans = vec![Span::styled(range(bucket), theme.dim())];
        for counts in &counts {
            let most = counts.iter().copied().max().unwrap_or(0);
            let count = counts[bucket];
            spans.push(Span::raw(format!(
                "{} ",
                text::right(&number(count), COUNT)
            )));
            let bars = text::bar(count, most, bar);
            spans.push(Span::styled(text::left(&bars, bar + 1), theme.bar()));
        }
        lines.push(Line::from(spans));
    }
    lines
}

fn heading<'a>(histograms: &[(&str, &Histogram)], bar: usize, theme: Theme) -> Line<'a> {
    let mut text = " ".repeat(RANGE + 2);
    for (name, _) in histograms {
        text.push_str(&text::right(name, COUNT));
        text.push_str(&" ".repeat(bar + 2));
    }
    Line::from(Span::styled(text, theme.dim()))
}

fn range(bucket: usize) -> String {
    let (first, last) = bucket_range(bucket);
    let range = match last {
        Some(last) => format!("{} – {}", units::duration(first), units::duration(last)),
        None => format!("{} –", units::duration(first)),
    };
    format!("  {}", text::right(&range, RANGE))
}

fn number(count: u64) -> String {
    match count {
        0 => "·".to_owned(),
        count => text::short(count),
    }
}
