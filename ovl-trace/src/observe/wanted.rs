//! What of a filter the kernel side decides: events that it rules out are not even
//! sent. It compares raw facts, so it lets through some that the filter does not
//! admit; never the reverse. Whose an overlay is and what a call means it learns from
//! the agent (`super::verdicts`). Paths it does not compare: they are put together from
//! the file's name upwards, and most of the cost is to put them together.

use ovl_trace_common::offsets::{PIDS_MAX, Wanted};

use crate::model::{Filter, Kind};

/// `i_mode >> 12` of each file type (`include/uapi/linux/stat.h`).
const FIFO: u32 = 0o1;
const CHARACTER_DEVICE: u32 = 0o2;
const DIRECTORY: u32 = 0o4;
const BLOCK_DEVICE: u32 = 0o6;
const REGULAR: u32 = 0o10;
const SYMLINK: u32 = 0o12;
const SOCKET: u32 = 0o14;

/// What the kernel side sends for this filter.
pub(super) fn by(filter: &Filter) -> Wanted {
    let mut wanted = Wanted {
        size_bytes: filter.min_bytes,
        latency_ns: filter.min_latency_ns,
        whiteouts: u32::from(filter.admits_whiteouts()),
        by_overlay: u32::from(filter.asks_for_origins()),
        by_call: u32::from(filter.asks_for_triggers()),
        ..Wanted::ALL
    };
    if !filter.kinds.is_empty() {
        wanted.types = filter.kinds.iter().fold(0, |all, kind| all | types(*kind));
    }
    // More are left to the agent.
    if filter.pids.len() <= PIDS_MAX {
        wanted.pids[..filter.pids.len()].copy_from_slice(&filter.pids);
        wanted.pid_count = filter.pids.len() as u32;
    }
    wanted
}

/// The file types that a kind of copy-up can have.
fn types(kind: Kind) -> u32 {
    match kind {
        Kind::Data | Kind::Metadata => 1 << REGULAR,
        Kind::Directory => 1 << DIRECTORY,
        Kind::Symlink => 1 << SYMLINK,
        Kind::Special => 1 << FIFO | 1 << CHARACTER_DEVICE | 1 << BLOCK_DEVICE | 1 << SOCKET,
        Kind::Unknown(_) => u32::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_ruled_out_without_a_filter() {
        assert_eq!(by(&Filter::default()), Wanted::ALL);
    }

    #[test]
    fn kinds_are_types_of_files() {
        let of = |kinds: &[Kind]| {
            by(&Filter {
                kinds: kinds.to_vec(),
                ..Filter::default()
            })
        };
        let data = of(&[Kind::Data, Kind::Symlink]);
        assert_eq!((data.types, data.whiteouts), (1 << 8 | 1 << 10, 0));
        assert_eq!(of(&[Kind::Directory]).types, 1 << 4);
        assert_eq!(
            of(&[Kind::Special]).types,
            1 << 1 | 1 << 2 | 1 << 6 | 1 << 12
        );
    }

    #[test]
    fn sizes_rule_out_whiteouts() {
        let wanted = by(&Filter {
            min_bytes: 4096,
            ..Filter::default()
        });
        assert_eq!((wanted.size_bytes, wanted.whiteouts), (4096, 0));
        assert_eq!(wanted.types, u32::MAX);
    }

    #[test]
    fn too_many_processes_are_left_to_the_agent() {
        let of = |count: u32| {
            by(&Filter {
                pids: (1..=count).collect(),
                ..Filter::default()
            })
        };
        assert_eq!((of(2).pid_count, &of(2).pids[..3]), (2, &[1, 2, 0][..]));
        assert_eq!(of(8).pid_count, 8);
        assert_eq!(of(9), Wanted::ALL);
    }
}
