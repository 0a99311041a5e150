//! The two lines at the top: what is observed, and how it goes.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use super::{lines, text};
use crate::{
    render::{sanitize, units},
    screen::{
        state::{Picture, State},
        theme::Theme,
    },
};

pub(super) fn draw(buffer: &mut Buffer, area: Rect, state: &State, theme: Theme) {
    let columns = usize::from(area.width);
    let first = spread(machine(state, theme), condition(state, theme), columns);
    let second = spread(
        rates(state.picture(), theme),
        losses(state.picture(), theme),
        columns,
    );
    lines(buffer, area, [first, second]);
}

/// Left and right, with what is left between them.
fn spread<'a>(left: Vec<Span<'a>>, right: Vec<Span<'a>>, columns: usize) -> Line<'a> {
    let used: usize = left.iter().chain(&right).map(Span::width).sum();
    let gap = Span::raw(" ".repeat(columns.saturating_sub(used).max(1)));
    let mut spans = left;
    spans.push(gap);
    spans.extend(right);
    Line::from(spans)
}

fn machine<'a>(state: &State, theme: Theme) -> Vec<Span<'a>> {
    let about = state.about();
    let elapsed = units::duration(u64::try_from(state.picture().elapsed.as_nanos()).unwrap_or(0));
    let name = text::cut(&sanitize::text(&about.hostname), 24);
    let kernel = text::cut(&sanitize::text(&about.kernel), 24);
    vec![
        Span::styled(" ovl-trace ", theme.title()),
        Span::raw(format!(" {name}")),
        Span::styled(format!("  Linux {kernel}  "), theme.dim()),
        Span::raw(elapsed),
    ]
}

/// What is unusual: paused, filtered, at its end.
fn condition<'a>(state: &State, theme: Theme) -> Vec<Span<'a>> {
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
    if !state.filter.is_empty() && !state.typing {
        let filter = text::cut(&sanitize::text(&state.filter), 16);
        words.push(format!("filter: {filter}"));
    }
    if state.is_paused() {
        words.push("PAUSED".to_owned());
    }
    vec![Span::styled(words.join("  ") + " ", theme.state())]
}

fn rates<'a>(picture: &Picture, theme: Theme) -> Vec<Span<'a>> {
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
    let unit = |text: String| Span::styled(text, theme.dim());
    vec![
        number(format!(" {events}")),
        unit(" events/s  ".to_owned()),
        number(bytes),
        unit("/s  ".to_owned()),
        number(text::grouped(totals.copy_ups.total)),
        unit(" copy-ups  ".to_owned()),
        number(copied),
    ]
}

/// What was lost, by what it means.
fn losses<'a>(picture: &Picture, theme: Theme) -> Vec<Span<'a>> {
    let loss = &picture.loss;
    let unattributed = picture.unattributed();
    let mut spans = vec![match loss.events() {
        0 => Span::styled("0 lost", theme.good()),
        lost => Span::styled(format!("{} lost", text::short(lost)), theme.bad()),
    }];
    for (count, what) in [
        (loss.probe, "missed"),
        (loss.path, "paths cut"),
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
