//! Parsers of option values. Each error says what is expected.

use std::{num::NonZeroU64, str::FromStr, time::Duration};

use bytesize::ByteSize;
use clap::{ValueEnum, builder::PossibleValue};

use super::config::{Input, Output};
use crate::{aggregate::SortKey, model::PathPatterns};

/// `64KiB`, `1MB`, `4096`.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    match ByteSize::from_str(text) {
        Ok(size) => Ok(size.as_u64()),
        Err(_) => Err("expected a size such as 64KiB, 1MB or 4096".to_owned()),
    }
}

/// `10ms`, `2s`, `1m 30s`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|error| format!("{error}; expected a duration such as 10ms, 2s or 1m30s"))
}

/// A duration in nanoseconds.
pub(crate) fn duration_ns(text: &str) -> Result<u64, String> {
    u64::try_from(duration(text)?.as_nanos())
        .map_err(|error| format!("{error}: at most 584 years can be measured"))
}

/// A duration that is not 0.
pub(crate) fn duration_of_run(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("nothing can be observed in no time".to_owned()),
        duration => Ok(duration),
    }
}

/// A recording to read: a file, or `-`.
pub(crate) fn input(text: &str) -> Result<Input, String> {
    match text {
        "" => Err("expected a file, or '-' for standard input".to_owned()),
        "-" => Ok(Input::Stdin),
        path => Ok(Input::File(path.into())),
    }
}

/// Where to write a recording: a file, or `-`.
pub(crate) fn output(text: &str) -> Result<Output, String> {
    match text {
        "" => Err("expected a file, or '-' for standard output".to_owned()),
        "-" => Ok(Output::Stdout),
        path => Ok(Output::File(path.into())),
    }
}

/// Least size of a recording: there must be room for its first and last bytes.
const RECORDING_BYTES_MIN: u64 = 256 << 10;

/// The largest size of a recording.
pub(crate) fn recording_size(text: &str) -> Result<u64, String> {
    match size(text)? {
        bytes if bytes >= RECORDING_BYTES_MIN => Ok(bytes),
        _ => Err("expected 256KiB or more, such as 100MiB".to_owned()),
    }
}

/// A number of events.
pub(crate) fn count(text: &str) -> Result<NonZeroU64, String> {
    text.parse()
        .map_err(|error| format!("{error}; expected 1 or more"))
}

/// A process id.
pub(crate) fn pid(text: &str) -> Result<u32, String> {
    match text.parse() {
        // PID_MAX_LIMIT, include/linux/threads.h.
        Ok(pid @ 1..=0x40_0000) => Ok(pid),
        _ => Err("expected a process id, 1 to 4194304".to_owned()),
    }
}

/// A name of a container, pod, namespace or image.
pub(crate) fn name(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("an empty name matches nothing; leave the option out to match all".to_owned());
    }
    Ok(text.to_owned())
}

/// Least and largest ring. Where a page is larger than the least (arm64 has
/// pages of up to 64 KiB), the loader takes one page.
const RING_BYTES: std::ops::RangeInclusive<u64> = 4 << 10..=1 << 30;

/// A size that `BPF_MAP_TYPE_RINGBUF` accepts: a power of two, whole pages.
pub(crate) fn ring_size(text: &str) -> Result<u64, String> {
    let bytes = size(text)?;
    if !bytes.is_power_of_two() || !RING_BYTES.contains(&bytes) {
        return Err("expected a power of two from 4KiB to 1GiB, such as 4MiB".to_owned());
    }
    Ok(bytes)
}

/// Most rows of a table: about 1.4 GiB of memory in the kernel.
const TABLE_ROWS_MAX: u32 = 1 << 20;

/// How many rows the kernel's tables have.
pub(crate) fn table_size(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(rows) if (1..=TABLE_ROWS_MAX).contains(&rows) => Ok(rows),
        _ => Err(format!(
            "expected a number from 1 to {TABLE_ROWS_MAX}, such as 65536"
        )),
    }
}

/// A pattern for paths inside a container.
pub(crate) fn glob(text: &str) -> Result<globset::Glob, String> {
    let anchored = ["/", "**", "{", "["]
        .iter()
        .any(|start| text.starts_with(start));
    if !anchored {
        return Err(format!(
            "it would match nothing, since paths start with '/'; did you mean '/{text}' or '**/{text}'?"
        ));
    }
    PathPatterns::glob(text).map_err(|error| error.kind().to_string())
}

impl ValueEnum for SortKey {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self::CopiedBytes,
            Self::SizeBytes,
            Self::CopyUps,
            Self::Latency,
            Self::Whiteouts,
            Self::Name,
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            Self::CopiedBytes => ("copied_bytes", "Most bytes written"),
            Self::SizeBytes => ("size_bytes", "Largest lower files"),
            Self::CopyUps => ("copy_ups", "Most copy-ups"),
            Self::Latency => ("latency", "Most time spent in copy-ups"),
            Self::Whiteouts => ("whiteouts", "Most whiteouts"),
            Self::Name => ("name", "By name, files by path"),
        };
        Some(PossibleValue::new(name).help(help))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_in_both_systems() {
        assert_eq!(size("64KiB"), Ok(65536));
        assert_eq!(size("1MB"), Ok(1_000_000));
        assert_eq!(size("4096"), Ok(4096));
        assert_eq!(size("1.5 MiB"), Ok(1_572_864));
        for wrong in ["", "-1", "1XB", "MiB"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn durations() {
        assert_eq!(duration_ns("10ms"), Ok(10_000_000));
        assert_eq!(duration_ns("0s"), Ok(0));
        assert!(duration_ns("10").is_err());
        assert!(duration_ns("1000years").is_err());
        assert!(duration_of_run("0s").is_err());
    }

    #[test]
    fn rings_are_powers_of_two() {
        assert_eq!(ring_size("4MiB"), Ok(4 << 20));
        for wrong in ["4MB", "2KiB", "2GiB", "0"] {
            assert!(ring_size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn tables_have_rows() {
        assert_eq!(table_size("65536"), Ok(65536));
        for wrong in ["0", "-1", "many", "4KiB", "1048577"] {
            assert!(table_size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn globs_know_directories() {
        let matches =
            |pattern: &str, path: &str| glob(pattern).unwrap().compile_matcher().is_match(path);
        assert!(matches("/etc/*", "/etc/motd"));
        assert!(!matches("/etc/*", "/etc/ssl/cert.pem"));
        assert!(matches("/etc/**", "/etc/ssl/cert.pem"));
        assert!(matches("**/*.pem", "/etc/ssl/cert.pem"));
        assert!(matches("{/etc,/usr}/*", "/usr/x"));
    }

    #[test]
    fn globs_that_match_nothing_are_refused() {
        assert!(glob("*.pem").unwrap_err().contains("'**/*.pem'"));
        assert!(glob("etc/motd").unwrap_err().contains("'/etc/motd'"));
        assert!(glob("/etc/[").is_err());
    }
}
