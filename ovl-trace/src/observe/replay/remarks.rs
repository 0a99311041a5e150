//! What a reader must know of the recording itself.

use jiff::Timestamp;

use crate::{aggregate::RecordingState, recording::Tail};

/// Why reading ended.
#[derive(Debug)]
pub(super) enum Stop {
    /// There is no more.
    Tail(Tail),
    /// As many events as were asked for.
    Count,
    /// The user.
    Signal,
}

/// In sentences.
pub(super) fn of(stop: &Stop, reached: Timestamp, unknown: u64) -> RecordingState {
    let mut remarks = Vec::new();
    match stop {
        Stop::Tail(Tail::Complete(end)) if end.full => {
            remarks.push("the recording had reached its '--max-size' and was ended".to_owned());
        }
        Stop::Tail(Tail::Complete(_)) => {}
        Stop::Tail(Tail::Cut) => remarks.push(format!(
            "the recording is incomplete: it was cut off, and reads until {reached}; what came later is missing"
        )),
        Stop::Tail(Tail::Damaged(offset)) => remarks.push(format!(
            "the recording is damaged {offset} bytes after its start: it reads until {reached}; what came later is missing"
        )),
        Stop::Count => remarks.push(format!(
            "the recording was read until {reached} only: '--count' was reached"
        )),
        Stop::Signal => remarks.push(format!(
            "the recording was read until {reached} only: reading was interrupted"
        )),
    }
    if unknown > 0 {
        remarks.push(format!(
            "{unknown} entries of the recording are of a newer version of ovl-trace and were left out"
        ));
    }
    RecordingState {
        remarks,
        incomplete: matches!(
            stop,
            Stop::Signal | Stop::Tail(Tail::Cut | Tail::Damaged(_))
        ),
    }
}
