//! The last minute, second by second.

use std::{collections::VecDeque, time::Duration};

/// How many seconds are kept.
pub(crate) const SECONDS: usize = 60;

/// Amounts per second, the newest last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct History {
    seconds: VecDeque<u64>,
}

impl History {
    /// Adds what came in a time that ends now. A look that came late is spread
    /// over the seconds that it covers; one that came early belongs to the
    /// second before.
    pub(crate) fn add(&mut self, amount: u64, time: Duration) {
        let seconds = (time.as_millis() + 500) / 1000;
        let seconds = usize::try_from(seconds).unwrap_or(SECONDS).min(SECONDS);
        if seconds == 0 {
            match self.seconds.back_mut() {
                Some(last) => *last = last.saturating_add(amount),
                None => self.push(amount),
            }
            return;
        }
        let share = amount / seconds as u64;
        for _ in 1..seconds {
            self.push(share);
        }
        self.push(amount - share * (seconds as u64 - 1));
    }

    /// Adds a time that ends now in which nothing came; whether that shows.
    pub(crate) fn pass(&mut self, time: Duration) -> bool {
        if self.seconds.is_empty() {
            return false;
        }
        self.add(0, time);
        if self.seconds.iter().all(|amount| *amount == 0) {
            // The same as before the start.
            self.seconds.clear();
        }
        true
    }

    fn push(&mut self, amount: u64) {
        if self.seconds.len() == SECONDS {
            self.seconds.pop_front();
        }
        self.seconds.push_back(amount);
    }

    /// The last minute in so many parts, the newest last; time before the
    /// start is 0.
    pub(crate) fn parts(&self, count: usize) -> Vec<u64> {
        let count = count.clamp(1, SECONDS);
        let each = SECONDS / count;
        let mut parts = vec![0_u64; count];
        for (age, amount) in self.seconds.iter().rev().enumerate() {
            if let Some(part) = count.checked_sub(1 + age / each) {
                parts[part] = parts[part].saturating_add(*amount);
            }
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(amounts: &[(u64, u64)]) -> History {
        let mut history = History::default();
        for (amount, milliseconds) in amounts {
            history.add(*amount, Duration::from_millis(*milliseconds));
        }
        history
    }

    #[test]
    fn a_second_each() {
        assert_eq!(of(&[(5, 1000), (7, 1020)]).parts(60)[57..], [0, 5, 7]);
    }

    #[test]
    fn late_looks_are_spread_and_early_ones_joined() {
        assert_eq!(of(&[(10, 3000)]).parts(60)[56..], [0, 3, 3, 4]);
        assert_eq!(of(&[(10, 1000), (1, 100)]).parts(60)[58..], [0, 11]);
    }

    #[test]
    fn a_minute_is_kept() {
        let history = of(&[(1, 1000); 100]);
        assert_eq!(history.parts(6), [10; 6]);
        assert_eq!(history.parts(1), [60]);
    }

    #[test]
    fn what_is_over_for_a_minute_shows_no_more() {
        let mut history = of(&[(5, 1000)]);
        for second in 1..=60 {
            assert!(history.pass(Duration::from_secs(1)), "{second}");
            let parts = history.parts(60);
            assert_eq!(parts.iter().sum::<u64>(), if second < 60 { 5 } else { 0 });
        }
        assert!(!history.pass(Duration::from_secs(1)));
        assert_eq!(of(&[(0, 1000), (7, 1000)]).parts(60)[58..], [0, 7]);
    }

    #[test]
    fn times_without_bounds() {
        assert_eq!(of(&[(600, u64::MAX)]).parts(60), [10; 60]);
        assert_eq!(of(&[(6, 0)]).parts(60)[59], 6);
    }
}
