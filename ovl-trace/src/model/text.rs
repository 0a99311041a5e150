//! Text of strangers, cut to a length.

/// Replaces the cut end of a text.
const ELLIPSIS: &str = "…";

/// Cuts `text` to at most `bytes_max` bytes. What was cut ends with `…`.
pub(crate) fn cut(mut text: String, bytes_max: usize) -> String {
    if text.len() > bytes_max {
        let room = bytes_max.saturating_sub(ELLIPSIS.len());
        let end = (0..=room).rev().find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or(0));
        text.push_str(ELLIPSIS);
        text.shrink_to_fit();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_fits_and_says_so() {
        assert_eq!(cut("abcdef".to_owned(), 6), "abcdef");
        assert_eq!(cut("abcdefg".to_owned(), 6), "abc…");
        // Not within a character.
        assert_eq!(cut("äöüß".to_owned(), 6), "ä…");
    }
}
