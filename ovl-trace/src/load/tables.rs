//! The kernel side's tables of what exists now: running copy-ups, overlays.

use std::{collections::BTreeMap, io};

use anyhow::{Context as _, Result};
use aya::maps::{Array, HashMap, MapError};
use ovl_trace_common::{
    in_flight::{InFlight, SLOTS, Slot},
    overlay::{OverlayKey, OverlayState},
};

use super::object::Object;

/// The section of the programs' slots for running copy-ups.
const SLOTS_MAP: &str = ".bss.slots";

/// Most steps of a walk through `IN_FLIGHT`, a few times its size: a walk
/// starts anew when the row it stands on is removed, which happens all the
/// time.
const STEPS_MAX: usize = 4 * 8192;

/// Running copy-ups that are in the hash map, by thread id.
pub(super) fn in_flight(ebpf: &Object) -> Result<BTreeMap<u32, InFlight>> {
    let map = ebpf.map("IN_FLIGHT").context("no map IN_FLIGHT")?;
    let map: HashMap<_, u32, InFlight> = HashMap::try_from(map).context("the map IN_FLIGHT")?;
    map.iter()
        .take(STEPS_MAX)
        .collect::<Result<_, _>>()
        .context("reading the map IN_FLIGHT")
}

/// Those that are in slots. Programs may write a slot while it is read, as they may a row of
/// the hash map.
pub(super) fn in_slots(ebpf: &Object) -> Result<BTreeMap<u32, InFlight>> {
    let map = ebpf.map(SLOTS_MAP).context("no map of slots")?;
    let map: Array<_, [Slot; SLOTS]> = Array::try_from(map).context("the map of slots")?;
    let slots = map.get(&0, 0).context("reading the map of slots")?;
    let taken = slots.iter().filter(|slot| slot.tid != 0);
    Ok(taken.map(|slot| (slot.tid, slot.copy_up)).collect())
}

/// Removes a running copy-up from the hash map; whether it was still there.
pub(super) fn abandon(ebpf: &mut Object, tid: u32) -> Result<bool> {
    let map = ebpf.map_mut("IN_FLIGHT").context("no map IN_FLIGHT")?;
    let mut map: HashMap<_, u32, InFlight> = HashMap::try_from(map).context("the map IN_FLIGHT")?;
    removed(map.remove(&tid)).context("the map IN_FLIGHT")
}

/// The overlay, if its superblock still exists and is remembered.
pub(super) fn overlay(ebpf: &Object, key: OverlayKey) -> Result<Option<OverlayState>> {
    let map = ebpf.map("OVERLAYS").context("no map OVERLAYS")?;
    let map: HashMap<_, u64, OverlayState> = HashMap::try_from(map).context("the map OVERLAYS")?;
    match map.get(&key.superblock, 0) {
        // The address may be another overlay's by now.
        Ok(state) => Ok(Some(state).filter(|state| state.born_ns == key.born_ns)),
        Err(MapError::KeyNotFound) => Ok(None),
        Err(error) => Err(error).context("the map OVERLAYS"),
    }
}

/// Whether a row was removed; one that is gone already is no error.
pub(super) fn removed(result: Result<(), MapError>) -> Result<bool, MapError> {
    match result {
        Ok(()) => Ok(true),
        Err(MapError::SyscallError(error)) if error.io_error.kind() == io::ErrorKind::NotFound => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use aya::sys::SyscallError;

    use super::*;

    fn failed(errno: i32) -> Result<(), MapError> {
        Err(MapError::SyscallError(SyscallError {
            call: "bpf_map_delete_elem",
            io_error: io::Error::from_raw_os_error(errno),
        }))
    }

    #[test]
    fn a_row_that_is_gone_is_no_error() {
        assert!(matches!(removed(Ok(())), Ok(true)));
        assert!(matches!(removed(failed(libc::ENOENT)), Ok(false)));
        assert!(removed(failed(libc::EPERM)).is_err());
    }
}
