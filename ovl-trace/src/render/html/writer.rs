//! HTML that cannot be injected into.
//!
//! Tags and the names of attributes are `&'static str` of this program; whatever
//! else gets in is escaped, and there is no other way in. Every tag that is
//! opened is closed. A template engine would bring a macro and its language for
//! one page, and escape for HTML only: characters that steer or hide text (see
//! `sanitize`) have to be spelt out here, too.

use std::fmt::{Display, Write as _};

use crate::render::sanitize;

/// Names and values of attributes.
pub(super) type Attributes<'a> = &'a [(&'static str, &'a dyn Display)];

/// A document that is being written.
#[derive(Debug, Default)]
pub(super) struct Html {
    out: String,
}

impl Html {
    /// What was written, after the mark of the language.
    pub(super) fn into_document(self) -> String {
        format!("<!DOCTYPE html>\n{}\n", self.out)
    }

    /// An element with what `inside` writes.
    pub(super) fn tag(
        &mut self,
        name: &'static str,
        attributes: Attributes<'_>,
        inside: impl FnOnce(&mut Self),
    ) {
        self.open(name, attributes);
        self.out.push('>');
        inside(self);
        self.out.extend(["</", name, ">"]);
        // Nothing is shown of it: a page of one line is hard on editors.
        if matches!(
            name,
            "tr" | "figure" | "section" | "div" | "p" | "header" | "main" | "head" | "li"
        ) {
            self.out.push('\n');
        }
    }

    /// An element with nothing but text.
    pub(super) fn element(&mut self, name: &'static str, class: &'static str, text: impl Display) {
        if class.is_empty() {
            self.tag(name, &[], |html| html.text(text));
        } else {
            self.tag(name, &[("class", &class)], |html| html.text(text));
        }
    }

    /// An element that has no inside.
    pub(super) fn empty(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.open(name, attributes);
        self.out.push_str("/>");
    }

    /// Text.
    pub(super) fn text(&mut self, text: impl Display) {
        escape(&mut self.out, &text.to_string());
    }

    /// A name or a path, which is broken after a slash if it has to be.
    pub(super) fn name(&mut self, name: &str) {
        for part in name.split_inclusive('/') {
            escape(&mut self.out, part);
            if part.ends_with('/') {
                self.empty("wbr", &[]);
            }
        }
    }

    /// A style sheet of this program.
    pub(super) fn style_sheet(&mut self, css: &'static str) {
        self.out.extend(["<style>\n", css, "</style>\n"]);
    }

    fn open(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.out.extend(["<", name]);
        for (name, value) in attributes {
            self.out.extend([" ", name, "=\""]);
            escape(&mut self.out, &value.to_string());
            self.out.push('"');
        }
    }
}

/// For text and for values between double quotes.
fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if sanitize::is_harmless(c) => out.push(c),
            // Writing to a `String` cannot fail.
            c => {
                let _: std::fmt::Result = write!(out, "{}", c.escape_unicode());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(text: &str) -> String {
        let mut html = Html::default();
        html.tag("b", &[("title", &text)], |html| html.text(text));
        html.out
    }

    #[test]
    fn markup_in_text_is_text() {
        assert_eq!(
            written("<i>\"'&\u{202e}\x1b"),
            r#"<b title="&lt;i&gt;&quot;&#39;&amp;\u{202e}\u{1b}">&lt;i&gt;&quot;&#39;&amp;\u{202e}\u{1b}</b>"#
        );
    }

    proptest! {
        #[test]
        fn nothing_gets_out_of_its_place(text in any::<String>()) {
            let html = written(&text);
            let inner = html.strip_prefix("<b title=\"").unwrap().strip_suffix("</b>").unwrap();
            let (value, text) = inner.split_once("\">").unwrap();
            for part in [value, text] {
                prop_assert!(!part.contains(['<', '>', '"', '\'']));
                prop_assert!(part.chars().all(sanitize::is_harmless));
            }
        }
    }
}
