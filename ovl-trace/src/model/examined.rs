//! What a look at a copied file found, some time after its copy-up.

use super::OverlayKey;

/// A finding about one file in an upper directory. It comes from the files
/// themselves, not from the kernel side, and may be kept in a recording like an
/// event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    /// The overlay.
    pub overlay: OverlayKey,
    /// Path inside the overlay, as in the event of the copy-up.
    pub path: Vec<u8>,
    /// What was looked at.
    pub part: Part,
    /// It certainly is as it was before the copy-up. `false`: it was changed, or
    /// may have been.
    pub unchanged: bool,
}

/// What of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// Its data.
    Content,
    /// Owner, group and mode.
    Attributes,
}
