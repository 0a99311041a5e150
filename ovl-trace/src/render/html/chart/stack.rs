//! One bar of several parts: where the time went.

use super::{figure, scale::percent};
use crate::render::{html::writer::Html, units};

/// Parts of a whole, with nanoseconds each.
pub(in crate::render::html) fn stack(html: &mut Html, parts: &[(&'static str, u64)]) {
    let whole = parts
        .iter()
        .fold(0_u64, |sum, (_, ns)| sum.saturating_add(*ns));
    let texts: Vec<_> = parts
        .iter()
        .map(|(name, ns)| format!("{name} {}", units::duration(*ns)))
        .collect();
    let unit = format!("sum over all copy-ups: {}", units::duration(whole));
    figure(html, "Where the time went", &unit, None, |html| {
        let description = format!("Time by phase: {}", texts.join(", "));
        let attributes: &[(&'static str, &dyn std::fmt::Display)] = &[
            ("class", &"stack"),
            ("viewBox", &"0 0 100 1"),
            ("preserveAspectRatio", &"none"),
            ("role", &"img"),
            ("aria-label", &description),
        ];
        html.tag("svg", attributes, |html| {
            let mut left = 0.0;
            for (name, ns) in parts {
                let width = percent(*ns, whole);
                let attributes: &[(&'static str, &dyn std::fmt::Display)] = &[
                    ("class", &class(name)),
                    ("x", &left),
                    // A gap, so that neighbours differ without colours.
                    ("width", &(width - 0.3).max(0.1)),
                    ("height", &1),
                ];
                html.empty("rect", attributes);
                left += width;
            }
        });
        html.tag("ul", &[("class", &"legend")], |html| {
            for ((name, ns), text) in parts.iter().zip(&texts) {
                html.tag("li", &[("class", &class(name))], |html| {
                    html.text(text);
                    let share = percent(*ns, whole);
                    let share = match share {
                        ..1.0 if *ns > 0 => " < 1 %".to_owned(),
                        share => format!(" {share:.0} %"),
                    };
                    html.element("span", "unit", share);
                });
            }
        });
    });
}

/// The colour of a phase.
fn class(name: &str) -> &'static str {
    match name {
        "data" => "data",
        "sync" => "sync",
        "other" => "other",
        _ => "lock",
    }
}
