//! Text that fits its place.

use ratatui::text::Span;

use crate::render::sanitize;
pub(super) use crate::render::sheets::phrases::{copied, duration};

/// Columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    Span::raw(text).width()
}

/// The beginning, if all does not fit.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut short = String::new();
    let mut used = 1;
    for part in graphemes(text) {
        used += width(&part);
        if used > columns {
            break;
        }
        short.push_str(&part);
    }
    if columns > 0 {
        short.push('…');
    }
    short
}

/// The end, if all does not fit: of a path, it says most.
pub(super) fn cut_path(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut kept = Vec::new();
    let mut used = 1;
    for part in graphemes(text).into_iter().rev() {
        used += width(&part);
        if used > columns {
            break;
        }
        kept.push(part);
    }
    if columns > 0 {
        kept.push("…".to_owned());
    }
    kept.into_iter().rev().collect()
}

fn graphemes(text: &str) -> Vec<String> {
    let span = Span::raw(text);
    span.styled_graphemes(ratatui::style::Style::new())
        .map(|part| part.symbol.to_owned())
        .collect()
}

/// Lines of at most so many columns, broken at spaces; a longer word is cut.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let word = cut(word, columns);
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(&word) <= columns => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

/// To the left, cut or filled up.
pub(super) fn left(text: &str, columns: usize) -> String {
    let text = cut(text, columns);
    let fill = columns.saturating_sub(width(&text));
    text + &" ".repeat(fill)
}

/// To the right, cut or filled up.
pub(super) fn right(text: &str, columns: usize) -> String {
    let text = cut(text, columns);
    " ".repeat(columns.saturating_sub(width(&text))) + &text
}

/// A path, harmless; one that is not known is `?`.
pub(super) fn path(path: &[u8]) -> String {
    if path.is_empty() {
        "?".to_owned()
    } else {
        sanitize::bytes(path)
    }
}

/// A count; `-` for none.
pub(super) fn count(count: u64) -> String {
    match count {
        0 => "-".to_owned(),
        count => grouped(count),
    }
}

/// `12 345 678`, grouped by thin means: a plain space.
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) && digits.len() > 4 {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// A count in at most five columns: `99999`, `123k`, `12M`.
pub(super) fn short(count: u64) -> String {
    match count {
        0..100_000 => count.to_string(),
        100_000..10_000_000 => format!("{}k", count / 1000),
        10_000_000..10_000_000_000 => format!("{}M", count / 1_000_000),
        _ => format!("{}G", count / 1_000_000_000),
    }
}

const EIGHTHS: [char; 9] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/// A bar of `value` out of `most`, in eighths of a column. What is not 0 shows.
pub(super) fn bar(value: u64, most: u64, columns: usize) -> String {
    let eighths = scaled(value, most, columns * 8);
    let mut text = "█".repeat(eighths / 8);
    if !eighths.is_multiple_of(8) {
        text.push(EIGHTHS[eighths % 8]);
    }
    text
}

const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A line of bars, each one column wide; 0 is empty.
pub(super) fn sparkline(values: &[u64]) -> String {
    let most = values.iter().copied().max().unwrap_or(0);
    values
        .iter()
        .map(|value| match scaled(*value, most, LEVELS.len()) {
            0 => ' ',
            level => LEVELS[level - 1],
        })
        .collect()
}

fn scaled(value: u64, most: u64, steps: usize) -> usize {
    if value == 0 || most == 0 {
        return 0;
    }
    let share = u128::from(value.min(most)) * steps as u128 / u128::from(most);
    usize::try_from(share).unwrap_or(steps).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_too_long_is_cut_where_it_says_least() {
        assert_eq!(cut("frontend", 8), "frontend");
        assert_eq!(cut("frontend", 5), "fron…");
        assert_eq!(cut_path("/usr/lib/x.so", 6), "…/x.so");
        assert_eq!(
            (cut("ab", 0), cut_path("ab", 0)),
            (String::new(), String::new())
        );
        assert_eq!(cut("日本語", 5), "日本…");
    }

    #[test]
    fn columns_line_up() {
        assert_eq!(
            (left("日", 4), right("日", 4)),
            ("日  ".into(), "  日".into())
        );
    }

    #[test]
    fn numbers() {
        let grouped: Vec<_> = [0, 999, 9999, 12_345, 1_234_567].map(grouped).into();
        assert_eq!(grouped, ["0", "999", "9999", "12 345", "1 234 567"]);
        let short: Vec<_> = [99_999, 123_456, 12_345_678, u64::MAX].map(short).into();
        assert_eq!(short, ["99999", "123k", "12M", "18446744073G"]);
    }

    #[test]
    fn bars_show_what_is_not_zero() {
        assert_eq!(bar(0, 100, 4), "");
        assert_eq!(bar(1, 1_000_000, 4), "▏");
        assert_eq!(bar(50, 100, 3), "█▌");
        assert_eq!(bar(200, 100, 3), "███");
        assert_eq!(sparkline(&[0, 1, 50, 100]), " ▁▄█");
        assert_eq!(sparkline(&[0, 0]), "  ");
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_its_place(text in any::<String>(), columns in 0_usize..30) {
            let text = sanitize::text(&text);
            prop_assert!(width(&cut(&text, columns)) <= columns);
            prop_assert!(width(&cut_path(&text, columns)) <= columns);
        }

        #[test]
        fn bars_fit(value in any::<u64>(), most in any::<u64>(), columns in 0_usize..30) {
            prop_assert!(width(&bar(value, most, columns)) <= columns.max(1));
        }
    }
}
