//! Axes: where they end, and what stands at them.

use crate::render::units;

/// What an axis counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::render::html) enum Unit {
    /// Bytes: axes end at powers of two.
    Bytes,
    /// Anything else: axes end at 1, 2 or 5 times a power of ten.
    Count,
}

impl Unit {
    /// A value of the axis, as it stands in the tables.
    pub(in crate::render::html) fn text(self, value: u64) -> String {
        match self {
            Self::Bytes => units::bytes(value),
            Self::Count => value.to_string(),
        }
    }

    /// The end of an axis that has to show this value.
    pub(super) fn limit(self, value: u64) -> u64 {
        match self {
            Self::Bytes => value.max(1).checked_next_power_of_two().unwrap_or(u64::MAX),
            Self::Count => {
                let mut power = 1_u64;
                loop {
                    for step in [1, 2, 5] {
                        match power.checked_mul(step) {
                            Some(limit) if limit < value => {}
                            Some(limit) => return limit,
                            None => return u64::MAX,
                        }
                    }
                    power = power.saturating_mul(10);
                }
            }
        }
    }
}

/// A part of a whole, in per cent, as far as a drawing needs it.
pub(super) fn percent(value: u64, whole: u64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    (value as f64 / whole as f64 * 10_000.0)
        .round()
        .min(10_000.0)
        / 100.0
}

/// A logarithmic axis of durations.
#[derive(Clone, Copy, Debug)]
pub(super) struct Durations {
    /// Binary logarithms of its ends, in nanoseconds.
    first: f64,
    last: f64,
}

impl Durations {
    /// From one duration to another.
    pub(super) fn new(first_ns: u64, last_ns: u64) -> Self {
        let first = log2(first_ns);
        Self {
            first,
            last: log2(last_ns).max(first + 1.0),
        }
    }

    /// Where a duration is, in per cent of the axis.
    pub(super) fn position(&self, ns: u64) -> f64 {
        let part = (log2(ns) - self.first) / (self.last - self.first);
        (part.clamp(0.0, 1.0) * 10_000.0).round() / 100.0
    }

    /// Powers of ten on the axis, not more than four.
    pub(super) fn ticks(&self) -> Vec<(f64, String)> {
        let powers = (0..19).map(|exponent| 10_u64.pow(exponent));
        let mut ticks: Vec<u64> = powers
            .filter(|ns| (self.first..=self.last).contains(&log2(*ns)))
            .collect();
        while ticks.len() > 4 {
            ticks = ticks.into_iter().step_by(2).collect();
        }
        ticks
            .into_iter()
            .map(|ns| (self.position(ns), short(ns)))
            .collect()
    }
}

fn log2(ns: u64) -> f64 {
    (ns.max(1) as f64).log2()
}

/// `10 ms`: a power of ten without decimals.
fn short(ns: u64) -> String {
    let (divisor, unit) = match ns {
        0..1_000 => (1, "ns"),
        1_000..1_000_000 => (1_000, "µs"),
        1_000_000..1_000_000_000 => (1_000_000, "ms"),
        _ => (1_000_000_000, "s"),
    };
    format!("{} {unit}", ns / divisor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_numbers() {
        for (value, limit) in [
            (0, 1),
            (1, 1),
            (3, 5),
            (6, 10),
            (724, 1000),
            (u64::MAX, u64::MAX),
        ] {
            assert_eq!(Unit::Count.limit(value), limit);
        }
        assert_eq!(Unit::Bytes.limit(50 << 20), 64 << 20);
        assert_eq!(Unit::Bytes.limit(0), 1);
        assert_eq!(Unit::Bytes.limit(u64::MAX), u64::MAX);
    }

    #[test]
    fn durations_have_powers_of_ten() {
        let axis = Durations::new(1 << 10, (1 << 20) - 1);
        let ticks: Vec<_> = axis.ticks().into_iter().map(|(_, text)| text).collect();
        assert_eq!(ticks, ["10 µs", "100 µs", "1 ms"]);
        let ends = [axis.position(0), axis.position(u64::MAX)];
        assert_eq!(ends.map(|it| it.to_string()), ["0", "100"]);
        assert!(Durations::new(0, u64::MAX).ticks().len() <= 4);
    }

    #[test]
    fn parts_of_nothing_are_nothing() {
        let parts = [percent(1, 0), percent(1, 3), percent(7, 3)];
        assert_eq!(parts.map(|it| it.to_string()), ["0", "33.33", "100"]);
    }
}
