//! The recording that a report was made from.

/// What is to be said of it; nothing of a complete one, and of an observation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordingState {
    /// In sentences: the first notes of the report.
    pub remarks: Vec<String>,
    /// It had more, which could not be read: all numbers are lower bounds.
    pub incomplete: bool,
}
