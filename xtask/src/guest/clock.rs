//! When a run of a guest is over, whatever the guest does.

use std::time::{Duration, Instant};

/// How long a guest may take to power off after its result, or to write its
/// last words after a fatal one, before it is ended.
pub(super) const GRACE: Duration = Duration::from_secs(15);

/// How long a run may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// From start to end.
    pub(super) time: Duration,
    /// Without a byte from the guest.
    pub(super) silence: Duration,
}

impl Limits {
    /// A guest's init writes to the console every five seconds, so two minutes
    /// of silence are a guest that hangs, even on a machine that is very busy.
    pub(super) fn new(time: Duration) -> Self {
        Self {
            time,
            silence: Duration::from_secs(120),
        }
    }
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The emulator exited by itself, or was ended after the guest's result.
    Exit,
    /// It was ended because its time was over.
    TimeLimit,
    /// It was ended because nothing came from it for too long.
    Silence,
}

/// The three limits of a run.
pub(super) struct Clock {
    limits: Limits,
    started: Instant,
    heard: Instant,
    last_words: Option<Instant>,
}

impl Clock {
    /// Starts now.
    pub(super) fn new(limits: Limits) -> Self {
        let now = Instant::now();
        Self {
            limits,
            started: now,
            heard: now,
            last_words: None,
        }
    }

    /// Something came from the guest.
    pub(super) fn heard(&mut self) {
        self.heard = Instant::now();
    }

    /// The guest is about to end: it has [`GRACE`].
    pub(super) fn last_words(&mut self) {
        self.last_words.get_or_insert_with(Instant::now);
    }

    /// Why the run is over, if it is.
    pub(super) fn over(&self) -> Option<End> {
        if self.last_words.is_some_and(|since| since.elapsed() > GRACE) {
            Some(End::Exit)
        } else if self.started.elapsed() > self.limits.time {
            Some(End::TimeLimit)
        } else if self.heard.elapsed() > self.limits.silence {
            Some(End::Silence)
        } else {
            None
        }
    }
}
