//! All keys.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
    widgets::{Block, BorderType, Clear, Widget as _},
};

use crate::screen::theme::Theme;

const KEYS: [(&str, &str); 15] = [
    ("q  Ctrl-C", "quit, and print the summary"),
    ("Tab  Shift-Tab", "next pane, previous pane"),
    ("1 2 3 4", "containers, detail, in flight, events"),
    ("Enter", "detail of the selected container"),
    ("Esc", "back; clears the filter"),
    ("↑ ↓  k j", "up, down"),
    ("PgUp PgDn", "a page up, a page down"),
    ("Home End  g G", "to the top, to the bottom"),
    ("s", "sort by the next column"),
    ("r", "reverse the order"),
    ("/", "filter by name, image, pod or path"),
    ("Ctrl-U", "clear what was typed"),
    ("Space", "pause: the picture stands still, and"),
    ("", "counting goes on"),
    ("?", "these keys"),
];

const WIDTH: u16 = 60;

pub(super) fn draw(buffer: &mut Buffer, area: Rect, theme: Theme) {
    let (width, height) = (
        WIDTH.min(area.width),
        (KEYS.len() as u16 + 2).min(area.height),
    );
    let area = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    };
    Clear.render(area, buffer);
    let block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(theme.key())
        .title(Span::styled(" Keys ", theme.focus()));
    let inside = block.inner(area);
    block.render(area, buffer);
    let lines = KEYS.into_iter().map(|(key, does)| {
        Line::from(vec![
            Span::styled(format!(" {key:<16}"), theme.key()),
            Span::raw(does),
        ])
    });
    super::lines(buffer, inside, lines);
}
