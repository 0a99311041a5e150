//! The colours of the window, and of the terminal in it. Dark on any
//! page, with a border that sets it off from a dark one.

use vt100::Color;

pub(super) const FOREGROUND: &str = "#d5dae3";
pub(super) const BACKGROUND: &str = "#161b24";
pub(super) const BAR: &str = "#212836";
pub(super) const BORDER: &str = "#57606f";
pub(super) const FAINT: &str = "#8b94a5";

/// The sixteen colours of a terminal.
pub(super) const COLOURS: [&str; 16] = [
    "#3b4252", "#ef6b73", "#8fce72", "#e9c46a", "#6ea8fe", "#c792ea", "#56c8d8", "#d5dae3",
    "#6b7486", "#ff8f96", "#aee595", "#ffdb8b", "#94c0ff", "#dfb3f7", "#84e1ed", "#ffffff",
];

/// `None`: the terminal's own.
pub(super) fn colour(colour: Color) -> Option<String> {
    match colour {
        Color::Default => None,
        Color::Idx(index) => COLOURS.get(usize::from(index)).map(|it| (*it).to_owned()),
        Color::Rgb(red, green, blue) => Some(format!("#{red:02x}{green:02x}{blue:02x}")),
    }
}
