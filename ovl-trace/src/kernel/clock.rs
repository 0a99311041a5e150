//! From the kernel's clock to the time of day.

use jiff::Timestamp;

/// How often both clocks are read for one distance between them.
const READINGS: usize = 5;

/// Converts `CLOCK_MONOTONIC` (`bpf_ktime_get_ns`) to wall-clock time, by the
/// distance between the two clocks at one moment. A later step of the wall
/// clock (by hand, or NTP) is not followed; take a new one then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WallClock {
    offset_ns: i64,
}

impl WallClock {
    /// Reads both clocks now.
    pub fn now() -> Self {
        // The wall clock is read between two readings of the other one. Of several times
        // the shortest: in another one the task may have been interrupted.
        let shortest = (0..READINGS).map(|_| Self::reading()).min();
        let (_, offset_ns) = shortest.unwrap_or_else(Self::reading);
        Self::from_offset_ns(offset_ns)
    }

    /// How long it took, and the offset that it found.
    fn reading() -> (i64, i64) {
        let before = read(libc::CLOCK_MONOTONIC);
        let real = read(libc::CLOCK_REALTIME);
        let after = read(libc::CLOCK_MONOTONIC);
        (after - before, real - (before + (after - before) / 2))
    }

    /// From a recorded [`Self::offset_ns`].
    pub const fn from_offset_ns(offset_ns: i64) -> Self {
        Self { offset_ns }
    }

    /// `CLOCK_REALTIME` minus `CLOCK_MONOTONIC`, in nanoseconds.
    pub const fn offset_ns(self) -> i64 {
        self.offset_ns
    }

    /// What `CLOCK_MONOTONIC` shows now.
    pub fn monotonic_ns(self) -> u64 {
        u64::try_from(read(libc::CLOCK_MONOTONIC)).unwrap_or(0)
    }

    /// The time of day at `monotonic_ns`; the last representable one (in the
    /// year 9999) for a value beyond it.
    pub fn at(self, monotonic_ns: u64) -> Timestamp {
        // Any time since 1970, and short: it is asked for each event.
        const SECOND_NS: u64 = 1_000_000_000;
        if let Some(ns) = monotonic_ns.checked_add_signed(self.offset_ns) {
            let (seconds, ns) = (ns / SECOND_NS, ns % SECOND_NS);
            let time = Timestamp::new(seconds.cast_signed(), ns as i32);
            return time.unwrap_or(Timestamp::MAX);
        }
        let since_epoch = i128::from(monotonic_ns) + i128::from(self.offset_ns);
        Timestamp::from_nanosecond(since_epoch).unwrap_or(Timestamp::MAX)
    }
}

/// A clock's value in nanoseconds; 0 if it cannot be read, which Linux does
/// not do for these two.
fn read(clock: libc::clockid_t) -> i64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a valid place for the result.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    time.tv_sec
        .saturating_mul(1_000_000_000)
        .saturating_add(time.tv_nsec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_the_distance_of_the_clocks() {
        let clock = WallClock::from_offset_ns(1_795_244_000_000_000_000);
        assert_eq!(
            clock.at(1_421_770).to_string(),
            "2026-11-21T06:53:20.00142177Z"
        );
    }

    #[test]
    fn impossible_times_are_clamped() {
        let clock = WallClock::from_offset_ns(i64::MAX);
        assert!(clock.at(u64::MAX) <= Timestamp::MAX);
        assert!(WallClock::from_offset_ns(i64::MIN).at(0) < Timestamp::UNIX_EPOCH);
    }

    #[test]
    fn now_is_the_time_of_day() {
        let monotonic = u64::try_from(read(libc::CLOCK_MONOTONIC)).unwrap();
        let now = WallClock::now().at(monotonic);
        let minutes = Timestamp::now().duration_since(now).as_mins();
        assert!(minutes.abs() < 10, "{now}");
    }
}
