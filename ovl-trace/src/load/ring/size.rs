//! How large the ring buffer is unless the user says.

use std::fs;

use crate::kernel::KernelRoots;

/// No larger: 16,000 events of 250 bytes are more than come while the agent is kept
/// from running, and all of it is resident in the agent.
const MOST: u64 = 4 << 20;

/// No smaller: 1,000 events, which a small machine makes in 50 milliseconds.
const LEAST: u64 = 256 << 10;

/// The part of the machine's memory that it may be.
const PART: u64 = 512;

/// The size for this machine, in bytes. Where its memory is not known: the largest.
#[must_use]
pub fn default_bytes(roots: &KernelRoots) -> u32 {
    fs::read_to_string(roots.proc.join("meminfo"))
        .ok()
        .and_then(|text| memory_bytes(&text))
        .map_or(MOST as u32, fitting)
}

/// `MemTotal` of `/proc/meminfo` (proc(5)), which is in KiB.
fn memory_bytes(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|l| l.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    kibibytes.checked_mul(1 << 10)
}

/// The largest power of two within the bounds that is no more than its part.
fn fitting(memory_bytes: u64) -> u32 {
    let part = (memory_bytes / PART).clamp(LEAST, MOST);
    1 << part.ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_machine_has_a_small_ring() {
        const MIB: u64 = 1 << 20;
        let sizes = [0, 64, 512, 1000, 1990, 2048, 4000, 1 << 20].map(|mib| fitting(mib * MIB));
        let kib = sizes.map(|bytes| bytes >> 10);
        assert_eq!(kib, [256, 256, 1024, 1024, 2048, 4096, 4096, 4096]);
    }

    #[test]
    fn meminfo_says_how_much_there_is() {
        let text = "MemTotal:        3013120 kB\nMemFree:         2000000 kB\n";
        assert_eq!(memory_bytes(text), Some(3_013_120 << 10));
        for wrong in ["", "MemFree: 1 kB", "MemTotal: x kB", "MemTotal: 1"] {
            assert_eq!(memory_bytes(wrong), None, "{wrong}");
        }
        assert_eq!(memory_bytes("MemTotal: 18446744073709551615 kB"), None);
    }

    #[test]
    fn without_meminfo_it_is_the_largest() {
        let mut roots = KernelRoots::host();
        roots.proc = "/nonexistent".into();
        assert_eq!(u64::from(default_bytes(&roots)), MOST);
    }
}
