//! Charts: inline SVG that is stretched to the room there is, with text beside it
//! that is not. Each has a title, axes with units, and its numbers as a table.

mod bars;
mod columns;
mod over_time;
mod ranges;
mod scale;
mod stack;

pub(super) use bars::{Bar, bars};
pub(super) use columns::histograms;
pub(super) use over_time::over_time;
pub(super) use ranges::ranges;
pub(super) use scale::Unit;
pub(super) use stack::stack;

use super::{sheet, writer::Html};
use crate::render::sheets::Sheet;

/// A chart with its title, and below it its numbers. `unit` says what is counted.
pub(super) fn figure(
    html: &mut Html,
    title: &str,
    unit: &str,
    numbers: Option<&Sheet>,
    drawing: impl FnOnce(&mut Html),
) {
    html.tag("figure", &[], |html| {
        html.tag("figcaption", &[], |html| {
            html.element("b", "", title);
            html.text(" ");
            html.element("span", "unit", unit);
        });
        drawing(html);
        if let Some(numbers) = numbers {
            html.tag("details", &[], |html| {
                html.tag("summary", &[], |html| {
                    html.text("Numbers");
                    html.element("span", "hidden", format_args!(" of: {title}"));
                });
                sheet::table(html, numbers, title);
            });
        }
    });
}

/// Names below an axis, each at its place in per cent. Those at the ends do not
/// stick out.
fn ticks(html: &mut Html, ticks: &[(f64, String)]) {
    html.tag(
        "div",
        &[("class", &"x"), ("aria-hidden", &"true")],
        |html| {
            for (position, text) in ticks {
                let class = match position {
                    ..8.0 => "start",
                    92.0.. => "end",
                    _ => "middle",
                };
                let style = format!("left:{position}%");
                html.tag("span", &[("class", &class), ("style", &style)], |html| {
                    html.text(text);
                });
            }
        },
    );
}
