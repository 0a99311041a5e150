//! The view as pure functions: state in, cells out.
//!
//! At 80 columns one pane fills the screen, and only the containers leave room
//! for copy-ups in flight and events. A wide terminal has all four at once.

mod columns;
mod containers;
mod detail;
mod events;
mod footer;
mod header;
mod help;
mod histogram;
mod in_flight;
mod text;

use ratatui::{
    buffer::Buffer,
    layout::{Constraint, Layout, Rect},
    text::{Line, Span},
};

use super::{
    state::{Extent, Mode, Pane, State},
    theme::Theme,
};

/// Below this there is no room for anything that could be read.
const SMALLEST: (u16, u16) = (40, 8);

/// From this size on, everything is shown at once.
const WIDE: (u16, u16) = (160, 30);

/// Narrowest right half of it.
const RIGHT: u16 = 76;

/// Lines at the top.
const HEAD: u16 = 2;

/// The lines at the top of [`draw`] alone: all in which time shows. `None` where there
/// is no room for them.
pub(crate) fn head(area: Rect, state: &State, theme: Theme) -> Option<Buffer> {
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        return None;
    }
    let area = Rect {
        height: HEAD,
        ..area
    };
    let mut buffer = Buffer::empty(area);
    header::draw(&mut buffer, area, state, theme);
    Some(buffer)
}

/// Draws everything.
pub(crate) fn draw(buffer: &mut Buffer, area: Rect, state: &State, theme: Theme) -> Extent {
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        too_small(buffer, area);
        return Extent::default();
    }
    let [head, body, foot] = Layout::vertical([
        Constraint::Length(HEAD),
        Constraint::Fill(1),
        Constraint::Length(1),
    ])
    .areas(area);
    header::draw(buffer, head, state, theme);
    let mut extent = Extent::default();
    if area.width >= WIDE.0 && area.height >= WIDE.1 {
        wide(buffer, body, state, theme, &mut extent);
    } else {
        narrow(buffer, body, state, theme, &mut extent);
    }
    footer::draw(buffer, foot, state, theme);
    if state.mode == Mode::Help {
        help::draw(buffer, body, theme);
    }
    extent
}

fn too_small(buffer: &mut Buffer, area: Rect) {
    let (width, height) = SMALLEST;
    for (line, text) in ["too small", &format!("{width}×{height} needed")]
        .iter()
        .enumerate()
        .take(area.height.into())
    {
        buffer.set_stringn(
            area.x,
            area.y + line as u16,
            text,
            area.width.into(),
            ratatui::style::Style::new(),
        );
    }
}

fn narrow(buffer: &mut Buffer, area: Rect, state: &State, theme: Theme, extent: &mut Extent) {
    if state.pane != Pane::Containers {
        return pane(buffer, area, state.pane, state, theme, extent);
    }
    // The rest of the screen is better used than left empty.
    let running = state.running().len();
    let strip = in_flight::height(running).min(area.height / 3);
    let rows = state.row_count() as u16 + 2;
    let left = area.height.saturating_sub(strip);
    let events = left.saturating_sub(rows.max(left / 2));
    let [containers, in_flight, events] = Layout::vertical([
        Constraint::Fill(1),
        Constraint::Length(if running == 0 { 0 } else { strip }),
        Constraint::Length(if events < 3 { 0 } else { events }),
    ])
    .areas(area);
    if events.height > 0 {
        pane(buffer, events, Pane::Events, state, theme, extent);
    }
    if in_flight.height > 0 {
        pane(buffer, in_flight, Pane::InFlight, state, theme, extent);
    }
    pane(buffer, containers, Pane::Containers, state, theme, extent);
}

/// ```text
/// containers │ in flight
/// events     │ detail of the selected container
/// ```
fn wide(buffer: &mut Buffer, area: Rect, state: &State, theme: Theme, extent: &mut Extent) {
    let [left, _, right] = Layout::horizontal([
        Constraint::Fill(1),
        Constraint::Length(2),
        Constraint::Length(RIGHT.max(area.width * 2 / 5)),
    ])
    .areas(area);
    let half = area.height / 2;
    let containers = (state.row_count() as u16).saturating_add(4);
    let running = in_flight::height(state.running().len());
    let split = |area, above: u16| {
        Layout::vertical([Constraint::Length(above), Constraint::Fill(1)]).areas(area)
    };
    let [containers, events] = split(left, containers.clamp(half / 2, half));
    let [in_flight, detail] = split(right, running.clamp(3, half));
    for (which, area) in [
        (Pane::Containers, containers),
        (Pane::Events, events),
        (Pane::InFlight, in_flight),
        (Pane::Detail, detail),
    ] {
        pane(buffer, area, which, state, theme, extent);
    }
    extent.detail_shown = true;
}

fn pane(
    buffer: &mut Buffer,
    area: Rect,
    pane: Pane,
    state: &State,
    theme: Theme,
    extent: &mut Extent,
) {
    let inside = Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(1),
        ..area
    };
    let title = match pane {
        Pane::Containers => containers::draw(buffer, inside, state, theme),
        Pane::Detail => {
            let (title, rest) = detail::draw(buffer, inside, state, theme);
            extent.detail_rest = rest;
            title
        }
        Pane::InFlight => {
            let (title, rest) = in_flight::draw(buffer, inside, state, theme);
            extent.in_flight_rest = rest;
            title
        }
        Pane::Events => events::draw(buffer, inside, state, theme),
    };
    let focused = pane == state.pane;
    if focused {
        // The table and the stream have a line of column names.
        let names = u16::from(matches!(pane, Pane::Containers | Pane::Events));
        extent.page = inside.height.saturating_sub(names).into();
    }
    rule(buffer, area, pane, &title, focused, theme);
}

/// What stands in the line above a pane.
struct Title {
    name: String,
    /// To the right.
    note: String,
}

/// `─ 1 Containers 12 ──────────── sorted by BYTES ─`
fn rule(buffer: &mut Buffer, area: Rect, pane: Pane, title: &Title, focused: bool, theme: Theme) {
    let columns = usize::from(area.width);
    let number = Pane::ALL.iter().position(|other| *other == pane);
    let number = format!("{} ", number.unwrap_or(0) + 1);
    let note = match title.note.as_str() {
        "" => String::new(),
        note => format!(" {} ", text::cut(note, columns / 2)),
    };
    let room = columns.saturating_sub(text::width(&number) + text::width(&note) + 5);
    let name = text::cut(&title.name, room);
    let fill = room - text::width(&name).min(room);
    let (name_style, rule_style) = if focused {
        (theme.focus(), theme.key())
    } else {
        (theme.title(), theme.dim())
    };
    let line = Line::from(vec![
        Span::styled("─ ", rule_style),
        Span::styled(number, theme.dim()),
        Span::styled(name, name_style),
        Span::styled(format!(" {}", "─".repeat(fill + 1)), rule_style),
        Span::styled(note, theme.dim()),
        Span::styled("─", rule_style),
    ]);
    buffer.set_line(area.x, area.y, &line, area.width);
}

/// Writes lines from the top of an area on, as many as fit.
fn lines(buffer: &mut Buffer, area: Rect, lines: impl IntoIterator<Item = Line<'static>>) {
    for (line, y) in lines.into_iter().zip(area.y..area.bottom()) {
        buffer.set_line(area.x, y, &line, area.width);
    }
}
