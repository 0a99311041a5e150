//! Numbers for people: three significant digits and a unit, so that they
//! stay short and line up.

use jiff::{Timestamp, tz::TimeZone};

const SIZE_UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/// Bytes in IEC units: `812 B`, `1.5 KiB`, `256.0 MiB`.
pub fn bytes(count: u64) -> String {
    if count < 1024 {
        return format!("{count} B");
    }
    let mut value = count as f64 / 1024.0;
    let mut unit = 0;
    // 1023.95 would be printed as 1024.0.
    while value >= 1023.95 && unit + 1 < SIZE_UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", SIZE_UNITS[unit])
}

/// A duration in nanoseconds: `900 ns`, `812 µs`, `183 ms`, `1.37 s`,
/// `2m05s`, `3h07m`.
pub fn duration(ns: u64) -> String {
    if ns < 1000 {
        return format!("{ns} ns");
    }
    for (unit, divisor) in [("µs", 1e3), ("ms", 1e6)] {
        let value = ns as f64 / divisor;
        // 999.5 would be printed as 1000.
        if value < 999.5 {
            return three_digits(value, unit);
        }
    }
    let value = ns as f64 / 1e9;
    if value < 59.95 {
        return three_digits(value, "s");
    }
    // Rounded to seconds, without overflowing.
    let seconds = ns / 1_000_000_000 + (ns % 1_000_000_000) / 500_000_000;
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours == 0 {
        format!("{minutes}m{rest:02}s")
    } else {
        format!("{hours}h{minutes:02}m")
    }
}

fn three_digits(value: f64, unit: &str) -> String {
    // The limits are where rounding would add a fourth digit.
    let decimals = match value {
        ..9.995 => 2,
        ..99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$} {unit}")
}

/// Time of day in UTC, to the millisecond: `07:10:41.001`.
pub fn time_of_day(time: Timestamp) -> String {
    let time = time.to_zoned(TimeZone::UTC);
    format!(
        "{:02}:{:02}:{:02}.{:03}",
        time.hour(),
        time.minute(),
        time.second(),
        time.millisecond()
    )
}

/// Date and time in UTC, to the second: `2026-11-21 07:10:41`.
pub fn date_time(time: Timestamp) -> String {
    let time = time.to_zoned(TimeZone::UTC);
    format!(
        "{} {:02}:{:02}:{:02}",
        time.date(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes() {
        for (count, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            (1024 * 1024 - 1, "1.0 MiB"),
            (256 << 20, "256.0 MiB"),
            (52_428_801, "50.0 MiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(bytes(count), text);
        }
    }

    #[test]
    fn durations() {
        for (ns, text) in [
            (0, "0 ns"),
            (900, "900 ns"),
            (999, "999 ns"),
            (1000, "1.00 µs"),
            (812_000, "812 µs"),
            (999_499, "999 µs"),
            (999_999, "1.00 ms"),
            (9_999_000, "10.0 ms"),
            (183_000_000, "183 ms"),
            (1_368_000_000, "1.37 s"),
            (59_940_000_000, "59.9 s"),
            (59_999_999_999, "1m00s"),
            (125_000_000_000, "2m05s"),
            (3_599_600_000_000, "1h00m"),
            (11_220_000_000_000, "3h07m"),
        ] {
            assert_eq!(duration(ns), text);
        }
    }

    #[test]
    fn times() {
        let time: Timestamp = "2026-11-21T07:10:41.001421770Z".parse().unwrap();
        assert_eq!(time_of_day(time), "07:10:41.001");
        assert_eq!(date_time(time), "2026-11-21 07:10:41");
    }

    proptest! {
        #[test]
        fn sizes_are_short(count in any::<u64>()) {
            prop_assert!(bytes(count).chars().count() <= 10);
        }

        #[test]
        fn durations_below_an_hour_are_short(ns in 0..3_600_000_000_000_u64) {
            prop_assert!(duration(ns).chars().count() <= 7);
        }

        #[test]
        fn every_duration_has_a_text(ns in any::<u64>()) {
            prop_assert!(!duration(ns).is_empty());
        }
    }
}
