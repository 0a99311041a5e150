//! From where on something is worth a word.

/// A tenth of a second of a common cloud disk, and more than a container's own
/// files (logs, configuration) make up.
pub(crate) const WORTH_BYTES: u64 = 16 << 20;

/// More files than a program touches on its way.
pub(crate) const WORTH_FILES: u64 = 100;

/// A delay that a person notices, and a probe of a starting container, too.
pub(crate) const WORTH_NS: u64 = 500_000_000;

/// A page of advice is not read.
pub(super) const ADVICE_MAX: usize = 5;

/// A file that counts by itself: the bytes of smaller ones matter only in large
/// numbers.
pub(crate) const LARGE_FILE: u64 = 1 << 20;

/// Copies of one file: two can be chance, a third is a habit.
pub(crate) const REPEATED: u64 = 3;

/// Layers from which on a name that is in the lowest has a long way. Images that
/// are made with care have 5 to 20; Docker refuses more than 125.
pub(super) const MANY_LAYERS: usize = 64;

/// Whether something cost enough: copy-ups, bytes copied, nanoseconds.
pub(crate) const fn is_worth_a_word(copy_ups: u64, bytes: u64, latency_ns: u64) -> bool {
    copy_ups >= WORTH_FILES || bytes >= WORTH_BYTES || latency_ns >= WORTH_NS
}

/// Whether `part` is at least so many per cent of `all`.
pub(super) fn is_percent(part: u64, all: u64, percent: u32) -> bool {
    u128::from(part) * 100 >= u128::from(all) * u128::from(percent)
}
