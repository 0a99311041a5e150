//! Everything about one container.

mod sections;

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use super::{Title, text};
use crate::{
    aggregate::ContainerReport,
    render::sanitize,
    screen::{state::State, theme::Theme},
};

/// Draws it; how many lines did not fit.
pub(super) fn draw(buffer: &mut Buffer, area: Rect, state: &State, theme: Theme) -> (Title, usize) {
    let Some(report) = state.detail() else {
        let nothing = " No container is selected.";
        super::lines(
            buffer,
            area,
            [Line::from(Span::styled(nothing, theme.dim()))],
        );
        let title = Title {
            name: "Detail".to_owned(),
            note: String::new(),
        };
        return (title, 0);
    };
    let all = lines(report, area.width.into(), theme);
    let rest = all.len().saturating_sub(area.height.into());
    let scroll = state.detail_scroll.min(rest);
    super::lines(buffer, area, all.into_iter().skip(scroll));
    let title = Title {
        name: format!(
            "Detail of {}",
            text::cut(&sanitize::text(&report.origin.label()), 40)
        ),
        note: match rest - scroll {
            0 => String::new(),
            more => format!("{more} more lines"),
        },
    };
    (title, rest)
}

/// All lines, for a pane of this width.
fn lines<'a>(report: &ContainerReport, columns: usize, theme: Theme) -> Vec<Line<'a>> {
    let mut all = sections::about(report, columns, theme);
    for (name, section) in [
        ("ADVICE", sections::advice(report, columns, theme)),
        ("FILES", sections::files(report, columns, theme)),
        ("OPERATIONS", sections::triggers(report, columns, theme)),
        ("LAYERS", sections::layers(report, columns, theme)),
        (
            "LATENCY",
            super::histogram::lines(&report.sums, columns, theme),
        ),
        ("PROCESSES", sections::processes(report, columns, theme)),
    ] {
        if !section.is_empty() {
            all.push(Line::default());
            all.push(Line::from(Span::styled(format!(" {name}"), theme.title())));
            all.extend(section);
        }
    }
    all
}
