//! Read-only globals that the agent fills before loading.

use ovl_trace_common::offsets::{Offsets, Settings, Wanted};

#[unsafe(no_mangle)]
static OFFSETS: Offsets = Offsets::ABSENT;

#[unsafe(no_mangle)]
static SETTINGS: Settings = Settings {
    announce_bytes: u64::MAX,
    events: 1,
    splice_probed: 1,
    data_probed: 1,
    one_probed: 1,
    sync_probed: 1,
    typed_task: 0,
    slots: 1,
    trampoline: 0,
    lingers_ns: 0,
    wanted: Wanted::ALL,
};

/// Where this kernel keeps its fields. The verifier sees constants (the map is
/// frozen), so code behind an absent field is pruned.
#[inline(always)]
pub(crate) fn read_offset(field: fn(&Offsets) -> *const u32) -> u32 {
    // SAFETY: points into a static; volatile, because the loader replaces the
    // value that the compiler sees.
    unsafe { core::ptr::read_volatile(field(&OFFSETS)) }
}

/// See [`Settings::events`].
#[inline(always)]
pub(crate) fn events_wanted() -> bool {
    // SAFETY: as in `read_offset`.
    unsafe { core::ptr::read_volatile(&raw const SETTINGS.events) != 0 }
}

/// See [`Settings::announce_bytes`].
#[inline(always)]
pub(crate) fn announce_bytes() -> u64 {
    // SAFETY: as in `read_offset`.
    unsafe { core::ptr::read_volatile(&raw const SETTINGS.announce_bytes) }
}

/// See [`Settings::splice_probed`].
#[inline(always)]
pub(crate) fn splice_probed() -> bool {
    // SAFETY: as in `read_offset`.
    unsafe { core::ptr::read_volatile(&raw const SETTINGS.splice_probed) != 0 }
}

/// See [`Settings::one_probed`].
#[inline(always)]
pub(crate) fn one_probed() -> bool {
    // SAFETY: as in `read_offset`.
    unsafe { core::ptr::read_volatile(&raw const SETTINGS.one_probed) != 0 }
}

/// See [`Settings::sync_probed`].
#[inline(always)]
pub(crate) fn sync_probed() -> bool {
    // SAFETY: as in `read_offset`.
    unsafe { core::ptr::read_volatile(&raw const SETTINGS.sync_probed) != 0 }
}

/// See [`Settings::slots`].
#[inline(always)]
pub(crate) fn slots_used() -> bool {
    // SAFETY: as in `read_offset`.
    unsafe { core::ptr::read_volatile(&raw const SETTINGS.slots) != 0 }
}

/// See [`Settings::typed_task`].
#[inline(always)]
pub(crate) fn task_is_typed() -> bool {
    // SAFETY: as in `read_offset`.
    unsafe { core::ptr::read_volatile(&raw const SETTINGS.typed_task) != 0 }
}

/// See [`Settings::trampoline`].
#[inline(always)]
pub(crate) fn in_trampoline() -> bool {
    // SAFETY: as in `read_offset`.
    unsafe { core::ptr::read_volatile(&raw const SETTINGS.trampoline) != 0 }
}

/// A field of [`Settings::wanted`].
#[inline(always)]
pub(crate) fn wanted<T: Copy>(field: fn(&Wanted) -> *const T) -> T {
    // SAFETY: as in `read_offset`.
    unsafe { core::ptr::read_volatile(field(&SETTINGS.wanted)) }
}

/// One of [`Wanted::pids`]; `index` is below their number.
#[inline(always)]
pub(crate) fn wanted_pid(index: usize) -> u32 {
    let pids = (&raw const SETTINGS.wanted.pids).cast::<u32>();
    // SAFETY: as in `read_offset`, within the array.
    unsafe { core::ptr::read_volatile(pids.add(index)) }
}

/// See [`Settings::lingers_ns`].
#[inline(always)]
pub(crate) fn lingers_ns() -> u64 {
    // SAFETY: as in `read_offset`.
    unsafe { core::ptr::read_volatile(&raw const SETTINGS.lingers_ns) }
}

/// See [`Settings::data_probed`].
#[inline(always)]
pub(crate) fn data_probed() -> bool {
    // SAFETY: as in `read_offset`.
    unsafe { core::ptr::read_volatile(&raw const SETTINGS.data_probed) != 0 }
}

/// `offset!(dentry_parent)`: the offset of a field of [`Offsets`].
macro_rules! offset {
    ($field:ident) => {
        $crate::globals::read_offset(|offsets| &raw const offsets.$field)
    };
}
pub(crate) use offset;
