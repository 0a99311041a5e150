//! Lines that fit a terminal.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Breaks a text at blanks into lines of at most `width` columns, the lines after
/// the first one indented. A word that is longer than a line is broken, too.
/// Without a width it is one line.
pub(crate) fn wrap(text: &str, width: Option<u16>, indent: usize) -> Vec<String> {
    let Some(width) = width.map(usize::from) else {
        return vec![text.to_owned()];
    };
    // Something must fit.
    let width = width.max(indent + 20);
    let start = |lines: &[String]| if lines.is_empty() { 0 } else { indent };
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_inclusive(' ') {
        let room = width - start(&lines);
        if line.width() + word.trim_end().width() > room && !line.trim().is_empty() {
            push(&mut lines, &mut line, indent);
        }
        for c in word.chars() {
            let room = width - start(&lines);
            if c != ' ' && line.width() + c.width().unwrap_or(0) > room {
                push(&mut lines, &mut line, indent);
            }
            line.push(c);
        }
    }
    if !line.trim().is_empty() || lines.is_empty() {
        push(&mut lines, &mut line, indent);
    }
    lines
}

fn push(lines: &mut Vec<String>, line: &mut String, indent: usize) {
    let blanks = if lines.is_empty() { 0 } else { indent };
    lines.push(format!("{}{}", " ".repeat(blanks), line.trim_end()));
    line.clear();
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn at_blanks_and_inside_of_long_words() {
        let text = "because of: open 2 (O_WRONLY|O_CREAT|O_APPEND|O_CLOEXEC 2), chown 4";
        assert_eq!(wrap(text, None, 2), [text]);
        assert_eq!(
            wrap(text, Some(30), 4),
            [
                "because of: open 2",
                "    (O_WRONLY|O_CREAT|O_APPEND",
                "    |O_CLOEXEC 2), chown 4"
            ]
        );
        assert_eq!(wrap("", Some(30), 4), [""]);
        assert_eq!(wrap("  indented", Some(30), 4), ["  indented"]);
    }

    proptest! {
        #[test]
        fn every_line_fits_and_nothing_is_lost(
            text in "[a-c日 ]{0,200}", width in 1_u16..60, indent in 0_usize..10,
        ) {
            let lines = wrap(&text, Some(width), indent);
            let limit = usize::from(width).max(indent + 20);
            prop_assert!(lines.iter().all(|line| line.width() <= limit), "{lines:?}");
            let without_blanks = |text: &str| text.replace(' ', "");
            prop_assert_eq!(without_blanks(&lines.concat()), without_blanks(&text));
        }
    }
}
