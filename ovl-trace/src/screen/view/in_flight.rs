//! Copy-ups that run: how far, how fast, how long still.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use super::{Title, text};
use crate::{
    render::{lines::process, sanitize, units},
    screen::{
        state::{Running, State},
        theme::Theme,
    },
};

/// Lines of one copy-up.
const LINES: usize = 2;

/// Rows that so many would like to have, the title included.
pub(super) fn height(running: usize) -> u16 {
    u16::try_from(running * LINES + 1).unwrap_or(u16::MAX)
}

/// Draws them; how many lines did not fit.
pub(super) fn draw(buffer: &mut Buffer, area: Rect, state: &State, theme: Theme) -> (Title, usize) {
    let running = state.running();
    let columns = usize::from(area.width);
    let all: usize = running.len() * LINES;
    let rest = all.saturating_sub(area.height.into());
    if running.is_empty() {
        let nothing = " No copy-up takes long now.";
        super::lines(
            buffer,
            area,
            [Line::from(Span::styled(nothing, theme.dim()))],
        );
    }
    let lines = running.iter().flat_map(|running| {
        [
            what(running, columns, theme),
            how_far(running, columns, theme),
        ]
    });
    super::lines(buffer, area, lines.skip(state.in_flight_scroll.min(rest)));
    let title = Title {
        name: format!("In flight {}", running.len()),
        note: if rest > 0 {
            format!("{} more lines", rest - state.in_flight_scroll.min(rest))
        } else {
            String::new()
        },
    };
    (title, rest)
}

/// Container, path, size, time.
fn what<'a>(running: &Running, columns: usize, theme: Theme) -> Line<'a> {
    let copy_up = &running.copy_up;
    let label = text::cut(&sanitize::text(&running.origin.label()), 20);
    let size = text::right(&units::bytes(copy_up.size_bytes), 10);
    let elapsed = text::right(&units::duration(copy_up.latency_ns), 8);
    let used = text::width(&label) + text::width(&size) + text::width(&elapsed) + 5;
    let room = columns.saturating_sub(used);
    let path = text::left(&text::cut_path(&text::path(&copy_up.path), room), room);
    Line::from(vec![
        Span::styled(format!(" {label}"), theme.title()),
        Span::raw(format!("  {path} ")),
        Span::styled(size, theme.title()),
        Span::styled(elapsed, theme.dim()),
    ])
}

/// Bar, per cent, bytes, rate, what remains.
fn how_far<'a>(running: &Running, columns: usize, theme: Theme) -> Line<'a> {
    let copied = running.copy_up.copied_bytes;
    let percent = running.percent();
    let mut numbers = format!(
        " {} {} ",
        text::right(
            &percent.map_or_else(|| "?".to_owned(), |it| format!("{it} %")),
            5
        ),
        text::right(&copied.map_or_else(|| "?".to_owned(), units::bytes), 10),
    );
    let rate = running.rate().map_or_else(
        || "-".to_owned(),
        |rate| format!("{}/s", units::bytes(rate)),
    );
    let left = running
        .remaining_ns()
        .map_or_else(|| "-".to_owned(), units::duration);
    numbers.push_str(&text::right(&rate, 12));
    let left = format!("  {} left", text::right(&left, 7));
    let who = process(&running.copy_up.process);
    let used = text::width(&numbers) + text::width(&left) + 2;
    let room = columns.saturating_sub(used);
    // Beside a bar that is long enough anyway, who it is.
    let who = if room > 60 {
        text::left(&format!("  {who}"), 24)
    } else {
        String::new()
    };
    let room = room.saturating_sub(text::width(&who));
    let bar = text::bar(percent.unwrap_or(0).into(), 100, room);
    let track = "─".repeat(room.saturating_sub(text::width(&bar)));
    Line::from(vec![
        Span::raw(" "),
        Span::styled(bar, theme.bar()),
        Span::styled(track, theme.track()),
        Span::raw(numbers),
        Span::styled(left, theme.dim()),
        Span::styled(who, theme.dim()),
    ])
}
