//! Text that Markdown takes for text and nothing else.

use crate::render::sanitize;

/// A name in a cell of a table, as code. A cell ends at a bar, even inside of code;
/// the backslash before it is taken away again. (Other backslashes stand for
/// themselves in code.)
pub(super) fn cell(name: &str) -> String {
    code(name).replace('|', "\\|")
}

/// A name, as code: nothing in it is a mention, a link or markup, and blanks stay.
pub(super) fn code(name: &str) -> String {
    if name.is_empty() {
        return String::new();
    }
    let longest = name.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    // One blank at both ends is not part of the code.
    let edge = |c: Option<char>| matches!(c, Some('`' | ' '));
    if edge(name.chars().next()) || edge(name.chars().next_back()) {
        format!("{fence} {name} {fence}")
    } else {
        format!("{fence}{name}{fence}")
    }
}

/// A sentence that may have names in it: nothing in it is markup, HTML, or calls
/// for somebody.
pub(super) fn prose(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            // Not even a mention of a person or an issue.
            '@' | '#' => {
                escaped.push(c);
                escaped.push_str("<!-- -->");
            }
            // A link by its mere form.
            ':' if rest.peek() == Some(&'/') => escaped.push_str("&#58;"),
            'w' if rest.peek() == Some(&'w') => escaped.push_str("&#119;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '|' | '~' | '!' | '$' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c if sanitize::is_harmless(c) => escaped.push(c),
            c => escaped.extend(c.escape_unicode()),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_code() {
        for (name, expected) in [
            ("/srv/model.bin", "`/srv/model.bin`"),
            ("a|b", "`a|b`"),
            ("a`b``c", "```a`b``c```"),
            ("`", "`` ` ``"),
            (" a", "`  a `"),
            ("<b>@root</b>", "`<b>@root</b>`"),
            ("", ""),
        ] {
            assert_eq!(code(name), expected);
        }
        assert_eq!(cell(r"a|b\\|c"), r"`a\|b\\\|c`");
    }

    #[test]
    fn prose_has_no_markup() {
        assert_eq!(
            prose("'a|b' *x* <i> @root #1 https://x www.y [l](m) \\"),
            r"'a\|b' \*x\* &lt;i&gt; @<!-- -->root #<!-- -->1 https&#58;//x &#119;&#119;w.y \[l\](m) \\"
        );
    }

    proptest! {
        #[test]
        fn a_cell_stays_a_cell(name in "[a|`\\\\ <]{0,30}") {
            for text in [cell(&name), prose(&name)] {
                // Every bar is escaped, whichever way backslashes are paired.
                let bytes = text.as_bytes();
                for (index, byte) in bytes.iter().enumerate() {
                    prop_assert!(*byte != b'|' || bytes[index - 1] == b'\\');
                }
            }
        }

        #[test]
        fn the_fence_is_longer_than_any_run(name in "[a`]{1,30}") {
            let text = code(&name);
            let fence = text.len() - text.trim_start_matches('`').len();
            let inner = &text[fence..text.len() - fence];
            prop_assert!(!inner.contains(&"`".repeat(fence)));
            prop_assert_eq!(inner.strip_prefix(' ').and_then(|it| it.strip_suffix(' ')).unwrap_or(inner), name);
        }
    }
}
