//! Sheets as tables. On a narrow screen each row becomes a card, whose lines carry
//! the names of the columns.

use super::writer::Html;
use crate::render::sheets::{Heading, Sheet};

/// A table; `title` is for those who do not see what is around it.
pub(super) fn table(html: &mut Html, sheet: &Sheet, title: &str) {
    linked(html, sheet, title, |_| None);
}

/// A table whose rows lead to a place in the page.
pub(super) fn linked(
    html: &mut Html,
    sheet: &Sheet,
    title: &str,
    link: impl Fn(usize) -> Option<String>,
) {
    html.tag("div", &[("class", &"scroll")], |html| {
        html.tag("table", &[], |html| {
            html.element("caption", "hidden", title);
            html.tag("thead", &[], |html| {
                html.tag("tr", &[], |html| {
                    for heading in &sheet.headings {
                        let class = class(*heading);
                        html.tag("th", &[("scope", &"col"), ("class", &class)], |html| {
                            html.text(heading.text());
                        });
                    }
                });
            });
            html.tag("tbody", &[], |html| {
                for (number, cells) in sheet.rows.iter().enumerate() {
                    row(html, sheet, cells, link(number).as_deref());
                }
            });
            if let Some(total) = &sheet.total {
                html.tag("tfoot", &[], |html| row(html, sheet, total, None));
            }
        });
    });
    if let Some(rest) = &sheet.rest {
        html.element("p", "rest", rest);
    }
}

fn row(html: &mut Html, sheet: &Sheet, cells: &[String], link: Option<&str>) {
    html.tag("tr", &[], |html| {
        for (index, (heading, cell)) in sheet.headings.iter().zip(cells).enumerate() {
            let attributes: &[(&'static str, &dyn std::fmt::Display)] =
                &[("class", &class(*heading)), ("data-label", &heading.text())];
            let text = |html: &mut Html| match heading {
                Heading::Name(_) | Heading::Path(_) => html.name(cell),
                Heading::Number(_) | Heading::Word(_) => html.text(cell),
            };
            html.tag("td", attributes, |html| match link {
                Some(link) if index == 0 => {
                    html.tag("a", &[("href", &link)], text);
                }
                _ => text(html),
            });
        }
    });
}

const fn class(heading: Heading) -> &'static str {
    match heading {
        Heading::Number(_) => "number",
        Heading::Word(_) => "word",
        Heading::Name(_) => "name",
        Heading::Path(_) => "path",
    }
}
