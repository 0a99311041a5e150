//! Parts of sentences.

use crate::{
    aggregate::share::Share,
    render::units::{bytes, duration},
};

/// Longest name that is quoted whole: an instruction can be a script.
const NAME_MAX: usize = 100;

/// `1 file`, `20 files`.
pub(super) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// A name in quotes, shortened if it is very long.
pub(super) fn quoted(name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name);
    if text.chars().count() <= NAME_MAX {
        return format!("'{text}'");
    }
    let start: String = text.chars().take(NAME_MAX).collect();
    format!("'{start}…'")
}

/// ` below '/srv'`; nothing if all files have only the root in common.
pub(super) fn below(share: &Share) -> String {
    match share.below() {
        Some(b"/") | None => String::new(),
        Some(path) => format!(" below {}", quoted(path)),
    }
}

/// `256.0 MiB copied in 183 ms`, with what of it was waiting for the disk if
/// that is much.
pub(super) fn cost(share: &Share) -> String {
    let much = share.latency_ns > 0 && share.sync_ns >= share.latency_ns / 2;
    let syncing = if much {
        format!(", {} of it syncing", duration(share.sync_ns))
    } else {
        String::new()
    };
    format!(
        "{} copied in {}{syncing}",
        bytes(share.copied_bytes),
        duration(share.latency_ns)
    )
}

/// How many per cent, rounded down: 100 only if it is all.
pub(super) fn percent(part: u64, all: u64) -> u64 {
    if all == 0 {
        return 0;
    }
    u64::try_from(u128::from(part) * 100 / u128::from(all)).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_and_bounded() {
        assert_eq!(quoted(b"/a b"), "'/a b'");
        assert_eq!(quoted(&[b'x'; 101]), format!("'{}…'", "x".repeat(100)));
        assert_eq!(counted(1, "file", "files"), "1 file");
        assert_eq!(percent(999, 1000), 99);
        assert_eq!(percent(u64::MAX, u64::MAX), 100);
        assert_eq!(percent(1, 0), 0);
    }
}
