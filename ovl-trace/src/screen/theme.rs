//! The few colours, from the sixteen that every terminal has and its user has
//! chosen. Without colour, bold, dim, reverse and underline say the same.

use ratatui::style::{Color, Modifier, Style};

/// The styles.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Theme {
    /// Colours are wanted.
    pub(crate) colour: bool,
}

#[expect(
    clippy::unused_self,
    reason = "some styles are the same without colour"
)]
impl Theme {
    /// Text that matters less. Not grey: in some palettes that is the colour of
    /// the background.
    pub(crate) fn dim(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// The name of something.
    pub(crate) fn title(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Where the keys go.
    pub(crate) fn focus(self) -> Style {
        self.coloured(Color::Cyan, Modifier::BOLD)
            .add_modifier(Modifier::BOLD)
    }

    /// A key to press.
    pub(crate) fn key(self) -> Style {
        self.coloured(Color::Cyan, Modifier::BOLD)
    }

    /// Faults and losses.
    pub(crate) fn bad(self) -> Style {
        self.coloured(Color::Red, Modifier::REVERSED)
            .add_modifier(Modifier::BOLD)
    }

    /// An event that failed.
    pub(crate) fn failed(self) -> Style {
        self.coloured(Color::Red, Modifier::BOLD)
    }

    /// Nothing is wrong.
    pub(crate) fn good(self) -> Style {
        self.coloured(Color::Green, Modifier::empty())
    }

    /// Deletions.
    pub(crate) fn whiteout(self) -> Style {
        self.coloured(Color::Yellow, Modifier::empty())
    }

    /// A state that is not the usual one: paused, filtered.
    pub(crate) fn state(self) -> Style {
        self.coloured(Color::Yellow, Modifier::BOLD)
            .add_modifier(Modifier::BOLD)
    }

    /// Bars and lines of numbers.
    pub(crate) fn bar(self) -> Style {
        self.coloured(Color::Cyan, Modifier::empty())
    }

    /// The part of a bar that is still to come.
    pub(crate) fn track(self) -> Style {
        self.dim()
    }

    /// The selected row. Colours of its cells would be their background then.
    pub(crate) fn selected(self) -> Style {
        Style::new()
            .fg(Color::Reset)
            .add_modifier(Modifier::REVERSED)
    }

    fn coloured(self, colour: Color, otherwise: Modifier) -> Style {
        if self.colour {
            Style::new().fg(colour)
        } else {
            Style::new().add_modifier(otherwise)
        }
    }
}
