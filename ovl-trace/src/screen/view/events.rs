//! The newest events, the newest on top.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use super::{Title, text};
use crate::{
    model::{Event, Outcome},
    render::{lines::Columns, units},
    screen::{
        state::{Seen, State},
        theme::Theme,
    },
};

/// From this width on, the operation and the process have columns.
const WIDE: usize = 96;

pub(super) fn draw(buffer: &mut Buffer, area: Rect, state: &State, theme: Theme) -> Title {
    let columns = usize::from(area.width);
    let names = Columns {
        time: format!("{:<12}", "UTC"),
        ..Columns::names()
    };
    let heading = Line::from(Span::styled(line(&names, columns), theme.dim()));
    let shown = state.events().take(area.height.into());
    let rows = shown.map(|seen| Line::from(row(seen, columns, theme)));
    super::lines(buffer, area, std::iter::once(heading).chain(rows));
    Title {
        name: "Events".to_owned(),
        note: match state.newer_events() {
            0 => String::new(),
            newer => format!("{newer} newer above"),
        },
    }
}

fn row<'a>(seen: &Seen, columns: usize, theme: Theme) -> Span<'a> {
    let style = match &seen.event {
        Event::CopyUp(event) => match event.outcome {
            Outcome::Ok => Style::new(),
            Outcome::Raced => theme.dim(),
            Outcome::Failed(_) => theme.failed(),
        },
        Event::Whiteout(_) => theme.whiteout(),
        _ => theme.failed(),
    };
    let text = match &seen.event {
        Event::Loss(loss) => format!(
            " {:<12} {} lost ({}: {})",
            units::time_of_day(seen.time),
            loss.count,
            loss.source.name(),
            loss.reason,
        ),
        event => match Columns::of(event, &seen.origin, seen.time) {
            Some(cells) => line(&cells, columns),
            None => String::new(),
        },
    };
    Span::styled(text, style)
}

fn line(cells: &Columns, columns: usize) -> String {
    let wide = columns >= WIDE;
    // Seconds are enough where the path needs the room.
    let (time, container) = if wide { (12, 16) } else { (8, 14) };
    let mut text = format!(
        " {} {} {} {} {} ",
        cells.time.get(..time).unwrap_or(&cells.time),
        text::left(&cells.container, container),
        text::left(&cells.event, 9),
        text::right(&cells.copied, 10),
        text::right(&cells.latency, 7),
    );
    if wide {
        text.push_str(&text::left(&cells.trigger, 9));
        text.push_str(&text::left(&cells.process, 18));
        text.push(' ');
    }
    let room = columns.saturating_sub(text::width(&text));
    text.push_str(&text::cut_path(&cells.path, room));
    text
}
