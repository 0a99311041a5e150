//! The two lines at the top: what is observed, and how it goes.

use std::time::Duration;

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use super::{lines, text};
use crate::{
    render::{sanitize, units},
    screen::{
        state::{Mode, Picture, State},
        theme::Theme,
    },
};

/// Words that are shown together or not at all.
type Group = Vec<Span<'static>>;

pub(super) fn draw(buffer: &mut Buffer, area: Rect, state: &State, theme: Theme) {
    let columns = usize::from(area.width);
    let picture = state.picture();
    let first = spread(machine(state, theme), condition(state, theme), columns);
    let second = spread(rates(picture, theme), losses(picture, theme), columns);
    lines(buffer, area, [first, second]);
}

/// Left and right, with what is left between them. Where there is no room, the
/// left gives way: what is unusual is on the right.
fn spread(mut left: Vec<Group>, right: Group, columns: usize) -> Line<'static> {
    let width = |group: &Group| group.iter().map(Span::width).sum::<usize>();
    let of_right = width(&right);
    while left.iter().map(width).sum::<usize>() + of_right > columns && !left.is_empty() {
        left.pop();
    }
    let used = left.iter().map(width).sum::<usize>() + of_right;
    let mut spans: Vec<_> = left.into_iter().flatten().collect();
    spans.push(Span::raw(" ".repeat(columns.saturating_sub(used))));
    spans.extend(right);
    Line::from(spans)
}

fn machine(state: &State, theme: Theme) -> Vec<Group> {
    let about = state.about();
    let elapsed = elapsed(state.picture().elapsed);
    let name = text::cut(&sanitize::text(&about.hostname), 24);
    let kernel = text::cut(&sanitize::text(&about.kernel), 24);
    vec![
        vec![Span::styled(" ovl-trace ", theme.title())],
        vec![Span::raw(format!(" {name} "))],
        vec![Span::styled(format!(" Linux {kernel} "), theme.dim())],
        vec![Span::raw(format!(" {elapsed}  "))],
    ]
}

/// Whole seconds: more would only flicker.
fn elapsed(time: Duration) -> String {
    match time.as_secs() {
        seconds @ ..60 => format!("{seconds} s"),
        seconds => units::duration(seconds.saturating_mul(1_000_000_000)),
    }
}

/// What is unusual: paused, filtered, at its end.
fn condition(state: &State, theme: Theme) -> Group {
    let mut words = Vec::new();
    if state.about().recording {
        words.push(
            if state.ended {
                "end of recording"
            } else {
                "recording"
            }
            .to_owned(),
        );
    }
    if !state.filter.is_empty() && state.mode != Mode::Typing {
        let filter = text::cut(&sanitize::text(&state.filter), 16);
        words.push(format!("filter: {filter}"));
    }
    if state.is_paused() {
        words.push("PAUSED".to_owned());
    }
    vec![Span::styled(words.join("  ") + " ", theme.state())]
}

fn rates(picture: &Picture, theme: Theme) -> Vec<Group> {
    let unknown = || "-".to_owned();
    let events = picture.rates.events.map_or_else(unknown, text::grouped);
    let bytes = picture.rates.bytes.map_or_else(unknown, units::bytes);
    let totals = &picture.totals;
    let copied = text::copied(
        totals.copied_bytes,
        totals.copied_unknown,
        totals.copy_ups.total,
    );
    let number = |text: String| Span::styled(text, theme.title());
    let unit = |text: &'static str| Span::styled(text, theme.dim());
    vec![
        vec![number(format!(" {events}")), unit(" events/s ")],
        vec![number(format!(" {bytes}")), unit("/s ")],
        vec![
            number(format!(" {}", text::grouped(totals.copy_ups.total))),
            unit(" copy-ups "),
        ],
        vec![number(format!(" {copied}  "))],
    ]
}

/// What was lost, by what it means.
fn losses(picture: &Picture, theme: Theme) -> Group {
    let loss = &picture.loss;
    let unattributed = picture.unattributed();
    let mut spans = vec![match loss.events() {
        0 => Span::styled("0 lost", theme.good()),
        events => Span::styled(format!("{} lost", text::short(events)), theme.bad()),
    }];
    for (count, what) in [
        (loss.probe, "missed"),
        (loss.path, "paths cut"),
        (loss.disarmed, "times off"),
        (unattributed, "unattributed"),
    ] {
        if count > 0 {
            spans.push(Span::raw("  "));
            spans.push(Span::styled(
                format!("{} {what}", text::short(count)),
                theme.bad(),
            ));
        }
    }
    spans.push(Span::raw(" "));
    spans
}
