//! Level bars: what is largest.

use super::{
    figure,
    scale::{Unit, percent},
    ticks,
};
use crate::render::{html::writer::Html, sheets::Sheet};

/// One bar.
pub(in crate::render::html) struct Bar {
    /// A name.
    pub(in crate::render::html) label: String,
    /// How long it is.
    pub(in crate::render::html) value: u64,
    /// What stands behind it.
    pub(in crate::render::html) text: String,
}

/// Level bars with their names and values, all from the same zero.
pub(in crate::render::html) fn bars(
    html: &mut Html,
    title: &str,
    (unit, what): (Unit, &'static str),
    class: &'static str,
    bars: &[Bar],
    numbers: Option<&Sheet>,
) {
    let longest = bars.iter().map(|bar| bar.value).max().unwrap_or(0);
    let limit = unit.limit(longest);
    figure(html, title, what, numbers, |html| {
        html.tag("div", &[("class", &"bars")], |html| {
            for bar in bars {
                html.tag("div", &[("class", &"label")], |html| {
                    html.name(&bar.label);
                });
                html.tag("div", &[("class", &"track")], |html| {
                    let attributes: &[(&'static str, &dyn std::fmt::Display)] = &[
                        ("class", &class),
                        ("viewBox", &"0 0 100 1"),
                        ("preserveAspectRatio", &"none"),
                        ("aria-hidden", &"true"),
                    ];
                    html.tag("svg", attributes, |html| {
                        let mut width = percent(bar.value, limit);
                        if bar.value > 0 {
                            width = width.max(0.4);
                        }
                        html.empty("rect", &[("width", &width), ("height", &1)]);
                    });
                });
                html.element("div", "value", &bar.text);
            }
            html.element("div", "label", "");
            ticks(html, &[(0.0, "0".to_owned()), (100.0, unit.text(limit))]);
            html.element("div", "value", "");
        });
    });
}
