//! When it happened: sums over stretches of time, from events.
//!
//! The number of buckets is bounded, their width is not: when an observation
//! outgrows them, two neighbours become one. Buckets begin at multiples of their
//! width since the epoch, so that timelines of any widths can be joined without
//! splitting a bucket.

use std::time::Duration;

use jiff::Timestamp;

use crate::model::{Cause, CopyUp, Outcome, SortedRows, Whiteout};

/// Most buckets between the first and the last event.
pub const BUCKETS_MAX: i64 = 120;

/// The width of a bucket at first, in milliseconds. Widths are this times a power
/// of two.
const WIDTH_MS: i64 = 250;

/// What happened in one stretch of time. Copy-ups are successful ones, at the
/// time when they ended; opaque marks are no whiteouts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeBucket {
    /// Copy-ups.
    pub copy_ups: u64,
    /// Bytes that they wrote, as far as measured.
    pub copied_bytes: u64,
    /// Copy-ups whose bytes could not be measured.
    pub copied_unknown: u64,
    /// Whiteouts.
    pub whiteouts: u64,
}

impl TimeBucket {
    fn add(&mut self, other: &Self) {
        let add = |ours: &mut u64, theirs: u64| *ours = ours.saturating_add(theirs);
        add(&mut self.copy_ups, other.copy_ups);
        add(&mut self.copied_bytes, other.copied_bytes);
        add(&mut self.copied_unknown, other.copied_unknown);
        add(&mut self.whiteouts, other.whiteouts);
    }
}

/// Copy-ups, bytes and whiteouts over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    width_ms: i64,
    /// By number: the time since the epoch, divided by the width. Those in
    /// which nothing happened are missing.
    buckets: SortedRows<i64, TimeBucket>,
}

impl Default for Timeline {
    fn default() -> Self {
        Self {
            width_ms: WIDTH_MS,
            buckets: SortedRows::default(),
        }
    }
}

impl Timeline {
    /// The width of each bucket. In a report it is the same for all containers.
    pub fn width(&self) -> Duration {
        Duration::from_millis(self.width_ms.unsigned_abs())
    }

    /// The buckets in which something happened, with their beginning, in order.
    pub fn buckets(&self) -> impl Iterator<Item = (Timestamp, &TimeBucket)> {
        self.buckets
            .iter()
            .map(|(number, bucket)| (self.begin(*number), bucket))
    }

    /// The sum of all buckets.
    pub fn sum(&self) -> TimeBucket {
        let mut sum = TimeBucket::default();
        for (_, bucket) in self.buckets.iter() {
            sum.add(bucket);
        }
        sum
    }

    /// Every bucket from the one of `first` to the one of `last`, those without
    /// events included: at most [`BUCKETS_MAX`].
    pub fn dense(&self, first: Timestamp, last: Timestamp) -> Vec<(Timestamp, TimeBucket)> {
        let mut wide = self.clone();
        wide.fit(first, last);
        (wide.number(first)..=wide.number(last))
            .map(|number| {
                let bucket = wide.buckets.get(&number).copied().unwrap_or_default();
                (wide.begin(number), bucket)
            })
            .collect()
    }

    pub(crate) fn copy_up(&mut self, event: &CopyUp, wall: Timestamp) {
        if event.outcome == Outcome::Ok {
            self.add(
                wall,
                &TimeBucket {
                    copy_ups: 1,
                    copied_bytes: event.copied_bytes.unwrap_or(0),
                    copied_unknown: u64::from(event.copied_bytes.is_none()),
                    whiteouts: 0,
                },
            );
        }
    }

    pub(crate) fn whiteout(&mut self, event: &Whiteout, wall: Timestamp) {
        if event.cause != Cause::Opaque {
            self.add(
                wall,
                &TimeBucket {
                    whiteouts: 1,
                    ..TimeBucket::default()
                },
            );
        }
    }

    fn add(&mut self, wall: Timestamp, bucket: &TimeBucket) {
        // Most events belong to the newest bucket.
        let number = self.number(wall);
        if let Some(newest) = self.buckets.last_mut(&number) {
            return newest.add(bucket);
        }
        self.fit(wall, wall);
        self.buckets.row(self.number(wall)).add(bucket);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        if let Some((first, last)) = other.range() {
            self.fit(first, last);
        }
        let mut other = other.clone();
        while other.width_ms < self.width_ms {
            other.double();
        }
        while self.width_ms < other.width_ms {
            self.double();
        }
        for (number, bucket) in other.buckets.iter() {
            self.buckets.row(*number).add(bucket);
        }
    }

    /// Makes the buckets wide enough for what there is and for these times.
    pub(crate) fn fit(&mut self, first: Timestamp, last: Timestamp) {
        let (first, last) = match self.range() {
            Some((begin, end)) => (first.min(begin), last.max(end)),
            None => (first, last),
        };
        while self.number(last) - self.number(first) >= BUCKETS_MAX {
            self.double();
        }
    }

    /// Beginnings of the first and the last bucket.
    fn range(&self) -> Option<(Timestamp, Timestamp)> {
        let (first, _) = self.buckets.first()?;
        let (last, _) = self.buckets.last()?;
        Some((self.begin(*first), self.begin(*last)))
    }

    /// How many buckets there are.
    pub(crate) const fn len(&self) -> usize {
        self.buckets.len()
    }

    pub(crate) fn double(&mut self) {
        self.width_ms *= 2;
        for (number, bucket) in std::mem::take(&mut self.buckets) {
            self.buckets.row(number.div_euclid(2)).add(&bucket);
        }
    }

    fn number(&self, time: Timestamp) -> i64 {
        time.as_millisecond().div_euclid(self.width_ms)
    }

    fn begin(&self, number: i64) -> Timestamp {
        Timestamp::from_millisecond(number.saturating_mul(self.width_ms)).unwrap_or(Timestamp::MIN)
    }
}

/// Gives all timelines of a report the same buckets, which span the time from
/// `first` to `last` at least.
pub(crate) fn align(timelines: &mut [&mut Timeline], mut first: Timestamp, mut last: Timestamp) {
    let mut widest = WIDTH_MS;
    for timeline in timelines.iter() {
        if let Some((begin, end)) = timeline.range() {
            (first, last) = (first.min(begin), last.max(end));
        }
        widest = widest.max(timeline.width_ms);
    }
    for timeline in timelines {
        while timeline.width_ms < widest {
            timeline.double();
        }
        timeline.fit(first, last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::test_support::{copy_up, whiteout};
    use proptest::prelude::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).unwrap()
    }

    fn of(times: &[i64]) -> Timeline {
        let mut timeline = Timeline::default();
        for ms in times {
            timeline.copy_up(&copy_up("/a"), at(*ms));
        }
        timeline
    }

    #[test]
    fn buckets_are_summed_up_in_pairs_when_time_grows() {
        let mut timeline = of(&[0, 249, 250, 29_999]);
        assert_eq!(timeline.width(), Duration::from_millis(250));
        let counts: Vec<_> = timeline.buckets().map(|(_, it)| it.copy_ups).collect();
        assert_eq!(counts, [2, 1, 1]);
        timeline.whiteout(&whiteout("/a"), at(30_000));
        assert_eq!(timeline.width(), Duration::from_millis(500));
        let first = timeline.buckets().next().unwrap();
        assert_eq!((first.0, first.1.copy_ups), (at(0), 3));
        assert_eq!(timeline.sum().copied_bytes, 4 * 52_428_800);
    }

    #[test]
    fn what_is_not_counted_elsewhere_is_not_here() {
        let mut timeline = Timeline::default();
        let failed = CopyUp {
            outcome: Outcome::Failed(None),
            ..copy_up("/a")
        };
        let opaque = Whiteout {
            cause: Cause::Opaque,
            ..whiteout("/a")
        };
        timeline.copy_up(&failed, at(0));
        timeline.whiteout(&opaque, at(0));
        assert_eq!(timeline.buckets().count(), 0);
        let unmeasured = CopyUp {
            copied_bytes: None,
            ..copy_up("/a")
        };
        timeline.copy_up(&unmeasured, at(0));
        assert_eq!(timeline.sum().copied_unknown, 1);
    }

    #[test]
    fn a_report_has_one_width() {
        let mut timelines = [of(&[0]), of(&[0, 100_000]), Timeline::default()];
        align(&mut timelines.each_mut(), at(0), at(100_001));
        let widths = timelines.each_ref().map(Timeline::width);
        assert_eq!(widths, [Duration::from_secs(1); 3]);
        let dense = timelines[1].dense(at(0), at(100_001));
        assert_eq!(dense.len(), 101);
        assert_eq!((dense[100].0, dense[100].1.copy_ups), (at(100_000), 1));
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_memory_is_bounded(
            times in proptest::collection::vec(-377_000_000_000_000_i64..=253_000_000_000_000, 0..50),
            more in proptest::collection::vec(0_i64..1_000_000, 0..50),
        ) {
            let mut timeline = of(&times);
            prop_assert!(timeline.buckets.len() as u64 <= BUCKETS_MAX.unsigned_abs());
            timeline.merge(&of(&more));
            prop_assert_eq!(timeline.sum().copy_ups, (times.len() + more.len()) as u64);
            let dense = timeline.dense(at(0), at(1000));
            prop_assert!(dense.len() as u64 <= BUCKETS_MAX.unsigned_abs());
            let (first, last) = timeline.range().unwrap_or_default();
            prop_assert!(timeline.number(last) - timeline.number(first) < BUCKETS_MAX);
        }

        #[test]
        fn the_order_does_not_matter(
            mut times in proptest::collection::vec(0_i64..10_000_000, 0..50),
        ) {
            let forwards = of(&times);
            times.reverse();
            prop_assert_eq!(&of(&times), &forwards);
            let (left, right) = times.split_at(times.len() / 2);
            let mut joined = of(left);
            joined.merge(&of(right));
            prop_assert_eq!(joined, forwards);
        }
    }
}
