//! The table of containers.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use super::{
    Title,
    columns::{self, Cell, Columns, GAP},
    text,
};
use crate::{
    render::{sanitize, units},
    screen::{
        state::{Column, Pane, Row, SECONDS, State},
        theme::Theme,
    },
};

pub(super) fn draw(buffer: &mut Buffer, area: Rect, state: &State, theme: Theme) -> Title {
    let rows = state.rows();
    let columns = columns::fit(area.width.into(), state.sort);
    if area.height > 0 {
        let names = heading(&columns, state, theme);
        buffer.set_line(area.x, area.y, &names, area.width);
    }
    let list = Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(1),
        ..area
    };
    if rows.is_empty() {
        let nothing = Span::styled(format!(" {}", nothing(state)), theme.dim());
        super::lines(buffer, list, [Line::default(), Line::from(nothing)]);
    }
    let selected = state.selected(&rows);
    let shown = usize::from(list.height);
    // The selected row stays in the middle, but for both ends.
    let first = selected
        .saturating_sub(shown / 2)
        .min(rows.len().saturating_sub(shown));
    for (at, y) in (first..rows.len()).zip(list.y..list.bottom()) {
        let line = line(rows[at], &columns, state, theme);
        buffer.set_line(list.x, y, &line, list.width);
        if at == selected && state.pane == Pane::Containers {
            buffer.set_style(
                Rect {
                    y,
                    height: 1,
                    ..list
                },
                theme.selected(),
            );
        }
    }
    title(state, rows.len())
}

fn title(state: &State, shown: usize) -> Title {
    let all = state.picture().rows.len();
    let count = if shown == all {
        all.to_string()
    } else {
        format!("{shown} of {all}")
    };
    let order = if state.reversed { "reversed" } else { "" };
    Title {
        name: format!("Containers {count}"),
        note: format!("by {} {order}", state.sort.name())
            .trim_end()
            .to_owned(),
    }
}

fn nothing(state: &State) -> &'static str {
    if state.picture().rows.is_empty() {
        "No copy-ups or whiteouts yet."
    } else {
        "No container has this in its names; Esc clears the filter."
    }
}

fn heading(columns: &Columns, state: &State, theme: Theme) -> Line<'static> {
    let mut spans = vec![Span::raw(" ")];
    for (cell, width) in columns {
        let (name, sorted) = match cell {
            Cell::Sorted(column) => (column.title(), *column == state.sort),
            Cell::Image => ("IMAGE", false),
            Cell::Minute if *width < 14 => ("MINUTE", false),
            Cell::Minute if by_copy_ups(state) => ("COPY-UPS, 60 S", false),
            Cell::Minute => ("BYTES, 60 S", false),
        };
        let arrow = if state.reversed { "▲" } else { "▼" };
        let name = if sorted {
            format!("{name}{arrow}")
        } else {
            name.to_owned()
        };
        let style = if sorted { theme.focus() } else { theme.dim() };
        let text = if is_text(*cell) {
            text::left(&name, *width)
        } else {
            text::right(&name, *width)
        };
        spans.push(Span::styled(text, style));
        spans.push(Span::raw(" ".repeat(GAP)));
    }
    Line::from(spans)
}

const fn is_text(cell: Cell) -> bool {
    matches!(
        cell,
        Cell::Sorted(Column::Name) | Cell::Image | Cell::Minute
    )
}

/// The last minute is of copy-ups if these are what is looked for.
fn by_copy_ups(state: &State) -> bool {
    matches!(state.sort, Column::CopyUps | Column::CopyUpRate)
}

fn line(row: &Row, columns: &Columns, state: &State, theme: Theme) -> Line<'static> {
    let mut spans = vec![Span::raw(" ")];
    for (cell, width) in columns {
        let (text, style) = match cell {
            Cell::Sorted(Column::Name) => (sanitize::text(&row.origin.label()), theme.title()),
            Cell::Image => (image(row), theme.dim()),
            Cell::Minute => {
                let history = if by_copy_ups(state) {
                    &row.copy_ups
                } else {
                    &row.bytes
                };
                let parts = history.parts((*width).min(SECONDS));
                (text::sparkline(&parts), theme.bar())
            }
            Cell::Sorted(column) => {
                let text = number(row, *column);
                let style = match column {
                    _ if matches!(text.as_str(), "-" | "0") => theme.dim(),
                    Column::Whiteouts => theme.whiteout(),
                    _ => ratatui::style::Style::new(),
                };
                (text, style)
            }
        };
        let text = if is_text(*cell) {
            text::left(&text, *width)
        } else {
            text::right(&text, *width)
        };
        spans.push(Span::styled(text, style));
        spans.push(Span::raw(" ".repeat(GAP)));
    }
    Line::from(spans)
}

fn number(row: &Row, column: Column) -> String {
    let (sums, rates) = (&row.sums, &row.rates);
    let latency = &sums.latency;
    match column {
        Column::Name => String::new(),
        Column::CopyUps => text::count(sums.copy_ups.total),
        Column::CopyUpRate => rates.copy_ups.map_or_else(|| "-".to_owned(), rate),
        Column::Bytes => text::copied(sums.copied_bytes, sums.copied_unknown, sums.copy_ups.total),
        Column::ByteRate => match rates.bytes {
            None | Some(0) => "-".to_owned(),
            Some(bytes) => units::bytes(bytes),
        },
        Column::P50 => text::duration(latency.percentile_ns(50)),
        Column::P99 => text::duration(latency.percentile_ns(99)),
        Column::Max => text::duration(latency.max_ns),
        Column::Whiteouts => text::count(sums.whiteouts.total),
    }
}

fn rate(count: u64) -> String {
    match count {
        0 => "-".to_owned(),
        count => text::short(count),
    }
}

/// The image; in a cluster the pod says more.
fn image(row: &Row) -> String {
    let Some(container) = &row.origin.container else {
        return "-".to_owned();
    };
    let text = match (&container.pod, &container.namespace, &container.image) {
        (Some(pod), Some(namespace), _) => format!("{namespace}/{pod}"),
        (Some(pod), None, _) => pod.clone(),
        (None, _, Some(image)) => image.clone(),
        (None, _, None) => return "-".to_owned(),
    };
    sanitize::text(&text)
}
