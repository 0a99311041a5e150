//! From the kernel's clock to the time of day.

use jiff::Timestamp;

/// How often both clocks are read for one distance between them.
const READINGS: usize = 5;

/// Least change of the distance that is followed. Readings differ by far less, and a clock
/// that is slewed (`adjtimex`) takes the other one with it.
const STEP_NS: u64 = 1_000_000;

/// Most steps that are remembered.
const STEPS_MAX: usize = 64;

/// Converts `CLOCK_MONOTONIC` (`bpf_ktime_get_ns`) to wall-clock time, by the
/// distance between the two clocks. The distance changes when somebody sets the wall clock, and
/// when the machine was suspended, while `CLOCK_MONOTONIC` stands still.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WallClock {
    offset_ns: i64,
    /// Later distances, the oldest first.
    steps: Vec<ClockStep>,
}

/// A new distance between the two clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockStep {
    /// `CLOCK_MONOTONIC` nanoseconds at which the new distance was noticed.
    pub since_ns: u64,
    /// `CLOCK_REALTIME` minus `CLOCK_MONOTONIC`, in nanoseconds.
    pub offset_ns: i64,
}

impl WallClock {
    /// Reads both clocks now.
    pub fn now() -> Self {
        Self::from_offset_ns(Self::read_offset_ns())
    }

    /// Reads both clocks again. Returns the step that the distance has made, and converts
    /// later times by the new distance.
    pub fn refresh(&mut self) -> Option<ClockStep> {
        let offset_ns = Self::read_offset_ns();
        let known = self.steps.last().map_or(self.offset_ns, |it| it.offset_ns);
        (offset_ns.abs_diff(known) > STEP_NS).then(|| {
            let step = ClockStep {
                since_ns: Self::monotonic_ns(),
                offset_ns,
            };
            self.follow(step);
            step
        })
    }

    /// Converts times from `step.since_ns` on by the new distance.
    pub fn follow(&mut self, step: ClockStep) {
        if self.steps.len() == STEPS_MAX {
            self.offset_ns = self.steps.remove(0).offset_ns;
        }
        self.steps.push(step);
    }

    fn read_offset_ns() -> i64 {
        // The wall clock is read between two readings of the other one. Of several times
        // the shortest: in another one the task may have been interrupted.
        let shortest = (0..READINGS).map(|_| Self::reading()).min();
        let (_, offset_ns) = shortest.unwrap_or_else(Self::reading);
        offset_ns
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
        Self {
            offset_ns,
            steps: Vec::new(),
        }
    }

    /// `CLOCK_REALTIME` minus `CLOCK_MONOTONIC` before any step, in nanoseconds.
    pub const fn offset_ns(&self) -> i64 {
        self.offset_ns
    }

    /// What `CLOCK_MONOTONIC` shows now.
    pub fn monotonic_ns() -> u64 {
        u64::try_from(read(libc::CLOCK_MONOTONIC)).unwrap_or(0)
    }

    /// The time of day at `monotonic_ns`; the last representable one (in the
    /// year 9999) for a value beyond it.
    pub fn at(&self, monotonic_ns: u64) -> Timestamp {
        const SECOND_NS: u64 = 1_000_000_000;
        let mut steps = self.steps.iter().rev();
        let step = steps.find(|step| step.since_ns <= monotonic_ns);
        let offset_ns = step.map_or(self.offset_ns, |step| step.offset_ns);
        // Any time since 1970, and short: it is asked for each event.
        if let Some(ns) = monotonic_ns.checked_add_signed(offset_ns) {
            let (seconds, ns) = (ns / SECOND_NS, ns % SECOND_NS);
            let time = Timestamp::new(seconds.cast_signed(), ns as i32);
            return time.unwrap_or(Timestamp::MAX);
        }
        let since_epoch = i128::from(monotonic_ns) + i128::from(offset_ns);
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
    fn a_step_holds_from_when_it_was_noticed() {
        let mut clock = WallClock::now();
        assert_eq!(clock.refresh(), None);
        let hour_ns = 3_600_000_000_000;
        clock.offset_ns -= hour_ns;
        let step = clock.refresh().unwrap();
        assert!(step.offset_ns.abs_diff(clock.offset_ns + hour_ns) < STEP_NS);
        assert_eq!(clock.refresh(), None, "it is known by now");
        let before = clock.at(step.since_ns - 1);
        let after = clock.at(step.since_ns);
        // The readings differ a little.
        let seconds = after.duration_since(before).as_secs();
        assert!((3599..=3600).contains(&seconds), "{seconds}");
    }

    #[test]
    fn the_oldest_of_too_many_steps_are_forgotten() {
        let mut clock = WallClock::from_offset_ns(0);
        let steps = 1..=10 * STEPS_MAX as u64;
        for second in steps.clone() {
            clock.follow(ClockStep {
                since_ns: second,
                offset_ns: second.cast_signed() * 1_000_000_000,
            });
        }
        assert_eq!(clock.steps.len(), STEPS_MAX);
        assert_eq!(clock.at(*steps.end()).as_second(), 640);
        assert_eq!(
            clock.at(0).as_second(),
            640 - STEPS_MAX.cast_signed() as i64
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
