//! The few colours: a fault is red, a heading bold, what matters less dim.

use std::fmt;

/// Whether colours are written at all; one value per output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Escape sequences are wanted.
    pub colour: bool,
}

impl Style {
    /// For headings.
    pub fn bold<T: fmt::Display>(self, text: T) -> Painted<T> {
        self.paint("1", text)
    }

    /// For what matters less.
    pub fn dim<T: fmt::Display>(self, text: T) -> Painted<T> {
        self.paint("2", text)
    }

    /// For failures and losses.
    pub fn red<T: fmt::Display>(self, text: T) -> Painted<T> {
        self.paint("31", text)
    }

    /// For deletions.
    pub fn yellow<T: fmt::Display>(self, text: T) -> Painted<T> {
        self.paint("33", text)
    }

    fn paint<T>(self, code: &'static str, text: T) -> Painted<T> {
        Painted {
            code: self.colour.then_some(code),
            text,
        }
    }
}

/// Text between a colour and the reset. Width and alignment of a format
/// string apply to the text alone.
#[derive(Clone, Copy, Debug)]
pub struct Painted<T> {
    code: Option<&'static str>,
    text: T,
}

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(code) = self.code else {
            return self.text.fmt(f);
        };
        write!(f, "\x1b[{code}m")?;
        self.text.fmt(f)?;
        f.write_str("\x1b[0m")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_only_when_wanted() {
        assert_eq!(Style { colour: false }.red("x").to_string(), "x");
        assert_eq!(
            Style { colour: true }.red("x").to_string(),
            "\x1b[31mx\x1b[0m"
        );
    }

    #[test]
    fn width_is_of_the_text() {
        let style = Style { colour: true };
        assert_eq!(format!("{:<3}|", style.bold("x")), "\x1b[1mx  \x1b[0m|");
    }
}
