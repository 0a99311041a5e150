//! The last line: what to press now.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use super::text;
use crate::{
    render::sanitize,
    screen::{
        state::{Mode, Pane, State},
        theme::Theme,
    },
};

pub(super) fn draw(buffer: &mut Buffer, area: Rect, state: &State, theme: Theme) {
    let line = if state.mode == Mode::Typing {
        typing(state, theme)
    } else {
        let fitting = keys(state, usize::from(area.width).saturating_sub(1));
        let mut spans = vec![Span::raw(" ")];
        for (key, does) in fitting {
            spans.push(Span::styled(key, theme.key()));
            spans.push(Span::styled(format!(" {does}  "), theme.dim()));
        }
        Line::from(spans)
    };
    buffer.set_line(area.x, area.y, &line, area.width);
}

fn typing(state: &State, theme: Theme) -> Line<'static> {
    Line::from(vec![
        Span::styled(" filter: ", theme.state()),
        Span::raw(sanitize::text(&state.filter)),
        Span::styled(" ", theme.selected()),
        Span::styled("  Enter", theme.key()),
        Span::styled(" keep  ", theme.dim()),
        Span::styled("Esc", theme.key()),
        Span::styled(" clear", theme.dim()),
    ])
}

/// The most useful ones first, as many as fit.
fn keys(state: &State, columns: usize) -> Vec<(&'static str, &'static str)> {
    let pause = if state.is_paused() { "go on" } else { "pause" };
    let mut keys = vec![("q", "quit"), ("?", "keys")];
    match state.pane {
        Pane::Containers => keys.extend([("Enter", "detail"), ("s", "sort"), ("r", "reverse")]),
        Pane::Detail | Pane::InFlight | Pane::Events => {
            keys.extend([("Esc", "back"), ("↑↓", "scroll")]);
        }
    }
    keys.extend([
        ("/", "filter"),
        ("Space", pause),
        ("Tab", "next pane"),
        ("1-4", "pane"),
    ]);
    let mut used = 0;
    keys.into_iter()
        .take_while(|(key, does)| {
            used += text::width(key) + text::width(does) + 3;
            used <= columns + 2
        })
        .collect()
}
