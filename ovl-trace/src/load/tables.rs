//! The kernel side's tables of what exists now: running copy-ups, overlays.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use aya::maps::{Array, HashMap};
use ovl_trace_common::{
    in_flight::{InFlight, SLOTS, Slot},
    overlay::{OverlayKey, OverlayState},
};

use super::{
    object::Object,
    rows::{found, removed},
};

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
    let state = found(map.get(&key.superblock, 0)).context("the map OVERLAYS")?;
    // The address may be another overlay's by now.
    Ok(state.filter(|state| state.born_ns == key.born_ns))
}
