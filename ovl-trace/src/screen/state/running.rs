//! A copy-up in flight, and how fast it goes.

use std::{collections::VecDeque, sync::Arc};

use crate::model::{CopyUp, Origin, OverlayKey};

/// Looks at one copy-up that its rate is taken from.
const LOOKS: usize = 5;

/// Looks at which a copy-up may be missing.
const MISSED: u8 = 1;

/// One copy-up in flight.
#[derive(Clone, Debug)]
pub(crate) struct Running {
    pub(crate) origin: Arc<Origin>,
    /// The copy-up as it was seen last; an empty path is not known.
    pub(crate) copy_up: CopyUp,
    /// Time and bytes at the last looks.
    looks: VecDeque<(u64, u64)>,
    /// Ticks since it was seen.
    unseen: u8,
}

/// What tells copy-ups apart: a thread does one at a time.
pub(crate) type RunningKey = (OverlayKey, u32);

/// The key of a copy-up.
pub(super) fn key(copy_up: &CopyUp) -> RunningKey {
    (copy_up.overlay, copy_up.process.tid)
}

impl Running {
    pub(super) fn new(copy_up: &CopyUp, origin: &Arc<Origin>) -> Self {
        let mut running = Self {
            origin: Arc::clone(origin),
            copy_up: copy_up.clone(),
            looks: VecDeque::new(),
            unseen: 0,
        };
        running.look();
        running
    }

    /// Takes a later look at the same copy-up; another one begins anew.
    pub(super) fn update(&mut self, copy_up: &CopyUp, origin: &Arc<Origin>) {
        if started_ns(copy_up) == started_ns(&self.copy_up) {
            self.copy_up = copy_up.clone();
            self.origin = Arc::clone(origin);
            self.unseen = 0;
            self.look();
        } else {
            *self = Self::new(copy_up, origin);
        }
    }

    /// Another second is over; whether it may still be there. There is a look
    /// each second, so one that was missed twice has ended, and its end was lost.
    pub(super) fn tick(&mut self) -> bool {
        self.unseen += 1;
        self.unseen <= MISSED + 1
    }

    fn look(&mut self) {
        if let Some(bytes) = self.copy_up.copied_bytes {
            if self.looks.len() == LOOKS {
                self.looks.pop_front();
            }
            self.looks.push_back((self.copy_up.time_ns, bytes));
        }
    }

    /// Per cent done; `None` if the bytes are not known. A sparse file ends
    /// before 100.
    pub(crate) fn percent(&self) -> Option<u16> {
        let copied = self.copy_up.copied_bytes?;
        let size = self.copy_up.size_bytes;
        if size == 0 {
            return None;
        }
        let percent = u128::from(copied) * 100 / u128::from(size);
        Some(u16::try_from(percent.min(100)).unwrap_or(100))
    }

    /// Bytes per second over the last looks; `None` before the second one.
    pub(crate) fn rate(&self) -> Option<u64> {
        let ((first_ns, first), (last_ns, last)) = (self.looks.front()?, self.looks.back()?);
        per_second(
            last.saturating_sub(*first),
            last_ns.saturating_sub(*first_ns),
        )
    }

    /// Nanoseconds until the end at this rate.
    pub(crate) fn remaining_ns(&self) -> Option<u64> {
        let rate = self.rate().filter(|rate| *rate > 0)?;
        let bytes = self
            .copy_up
            .size_bytes
            .checked_sub(self.copy_up.copied_bytes?)?;
        u64::try_from(u128::from(bytes) * 1_000_000_000 / u128::from(rate)).ok()
    }
}

fn started_ns(copy_up: &CopyUp) -> u64 {
    copy_up.time_ns.saturating_sub(copy_up.latency_ns)
}

/// `None` for no time.
pub(super) fn per_second(amount: u64, time_ns: u64) -> Option<u64> {
    let rate = (u128::from(amount) * 1_000_000_000).checked_div(u128::from(time_ns))?;
    Some(u64::try_from(rate).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::test_support::{copy_up, origin};

    /// A file of 1000 bytes, so many seconds after its start.
    fn at(seconds: u64, copied: Option<u64>) -> CopyUp {
        CopyUp {
            time_ns: (100 + seconds) * 1_000_000_000,
            latency_ns: seconds * 1_000_000_000,
            size_bytes: 1000,
            copied_bytes: copied,
            ..copy_up("/big")
        }
    }

    fn running(looks: &[(u64, Option<u64>)]) -> Running {
        let origin = Arc::new(origin("web"));
        let mut running = Running::new(&at(looks[0].0, looks[0].1), &origin);
        for (seconds, copied) in &looks[1..] {
            running.update(&at(*seconds, *copied), &origin);
        }
        running
    }

    #[test]
    fn rate_and_rest_come_from_the_last_looks() {
        let one = running(&[(1, Some(0))]);
        assert_eq!((one.rate(), one.remaining_ns()), (None, None));
        let two = running(&[(1, Some(0)), (2, Some(100)), (3, Some(200))]);
        assert_eq!((two.rate(), two.percent()), (Some(100), Some(20)));
        assert_eq!(two.remaining_ns(), Some(8_000_000_000));
        let looks: Vec<_> = (0..20)
            .map(|s| (s, Some(if s < 10 { 0 } else { (s - 10) * 50 })))
            .collect();
        assert_eq!(
            running(&looks).rate(),
            Some(50),
            "a slow start is forgotten"
        );
    }

    #[test]
    fn unknown_bytes_stay_unknown() {
        let none = running(&[(1, None), (2, None)]);
        assert_eq!(
            (none.rate(), none.percent(), none.remaining_ns()),
            (None, None, None)
        );
        let still = running(&[(1, Some(7)), (2, Some(7))]);
        assert_eq!((still.rate(), still.remaining_ns()), (Some(0), None));
    }

    #[test]
    fn more_than_the_size_is_all_of_it() {
        let grown = running(&[(1, Some(0)), (2, Some(2000))]);
        assert_eq!((grown.percent(), grown.remaining_ns()), (Some(100), None));
    }

    #[test]
    fn the_threads_next_copy_up_begins_anew() {
        let mut running = running(&[(1, Some(0)), (2, Some(900))]);
        let next = CopyUp {
            latency_ns: 5,
            copied_bytes: Some(1),
            ..at(3, None)
        };
        running.update(&next, &Arc::new(origin("web")));
        assert_eq!(
            (running.rate(), running.copy_up.copied_bytes),
            (None, Some(1))
        );
    }
}
