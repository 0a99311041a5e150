//! The report as one HTML file: no script, nothing from a network, and a policy in
//! it that forbids both. For wide and narrow screens, light and dark ones, and
//! paper.

mod chart;
#[cfg(test)]
mod colours;
mod container;
mod overview;
mod sheet;
mod writer;

use std::io::{self, Write};

use self::writer::Html;
use super::{sanitize, sheets::phrases::elapsed, units};
use crate::aggregate::Report;

/// Nothing but the style sheet and the widths of this file.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// Containers with a section of their own, the first in the order of the report:
/// a page has to stay small enough to be opened and sent.
pub(crate) const SECTIONS: usize = 50;

/// Writes the report.
pub fn write_report(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let mut html = Html::default();
    html.tag("html", &[("lang", &"en")], |html| {
        html.tag("head", &[], |html| head(html, report));
        html.tag("body", &[], |html| {
            html.tag("main", &[], |html| {
                overview::header(html, report);
                overview::notes(html, report);
                if report.containers.is_empty() && report.totals.is_empty() {
                    let text = format!("No copy-ups or whiteouts in {}.", elapsed(report));
                    html.element("p", "empty", text);
                } else {
                    overview::totals(html, &report.totals);
                    overview::containers(html, report);
                }
                for (number, container) in report.containers.iter().take(SECTIONS).enumerate() {
                    container::section(html, number, container, &report.context);
                }
                overview::footer(html, report);
            });
        });
    });
    out.write_all(html.into_document().as_bytes())
}

fn head(html: &mut Html, report: &Report) {
    html.empty("meta", &[("charset", &"utf-8")]);
    html.empty(
        "meta",
        &[
            ("http-equiv", &"Content-Security-Policy"),
            ("content", &POLICY),
        ],
    );
    html.empty(
        "meta",
        &[
            ("name", &"viewport"),
            ("content", &"width=device-width, initial-scale=1"),
        ],
    );
    html.empty(
        "meta",
        &[("name", &"color-scheme"), ("content", &"light dark")],
    );
    html.empty(
        "meta",
        &[("name", &"referrer"), ("content", &"no-referrer")],
    );
    let title = format!(
        "Copy-ups on {}, {}",
        sanitize::text(&report.context.hostname),
        units::date_time(report.context.started)
    );
    html.element("title", "", title);
    html.style_sheet(include_str!("style.css"));
}

#[cfg(test)]
mod tests;
