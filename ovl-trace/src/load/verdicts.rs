//! Telling the kernel side which events nobody wants. It never writes these tables
//! itself, so there is no race for a row: a row whose overlay is gone is found by
//! nothing.

use anyhow::{Context as _, Result};
use aya::maps::{HashMap, MapData};
use ovl_trace_common::{
    offsets::Wanted,
    overlay::OverlayKey,
    verdict::{Call, Unwanted},
};

use super::{
    Tracer,
    object::Object,
    rows::{found, inserted, removed},
    unpreempted::Unpreempted,
};

const OVERLAYS: &str = "UNWANTED";
const CALLS: &str = "UNWANTED_CALLS";

/// The tables that these filters have no use for.
pub(super) fn unused(wanted: &Wanted) -> impl Iterator<Item = &'static str> {
    let tables = [(OVERLAYS, wanted.by_overlay), (CALLS, wanted.by_call)];
    tables
        .into_iter()
        .filter(|table| table.1 == 0)
        .map(|it| it.0)
}

impl Tracer {
    /// Sends no events of this overlay before `until_ns` (`CLOCK_MONOTONIC`), unless there is
    /// no room to remember it. Returns how many were withheld since the last call for it.
    ///
    /// To be called again when the time is over: until then the kernel side counts on.
    pub fn rule_out(&mut self, overlay: OverlayKey, until_ns: u64) -> Result<u64> {
        let _unpreempted = Unpreempted::enter();
        let mut table = overlays(&mut self.object)?;
        let withheld = withheld(&table, overlay)?;
        let verdict = Unwanted {
            until_ns,
            withheld: 0,
        };
        inserted(table.insert(overlay, verdict, 0)).context(OVERLAYS)?;
        Ok(withheld)
    }

    /// Sends events of this overlay again. Returns how many were withheld since the last
    /// [`Self::rule_out`], but for those of the microseconds that this takes.
    pub fn readmit(&mut self, overlay: OverlayKey) -> Result<u64> {
        let _unpreempted = Unpreempted::enter();
        let mut table = overlays(&mut self.object)?;
        let withheld = withheld(&table, overlay)?;
        removed(table.remove(&overlay)).context(OVERLAYS)?;
        Ok(withheld)
    }

    /// Sends no events of copy-ups that come about like this; `false` if there is no room.
    pub fn rule_out_call(&mut self, call: &Call) -> Result<bool> {
        let _unpreempted = Unpreempted::enter();
        inserted(calls(&mut self.object)?.insert(call, 0, 0)).context(CALLS)
    }

    /// Takes back [`Self::rule_out_call`]. Returns how many events were withheld.
    pub fn readmit_call(&mut self, call: &Call) -> Result<u64> {
        let _unpreempted = Unpreempted::enter();
        let mut table = calls(&mut self.object)?;
        let withheld = found(table.get(call, 0)).context(CALLS)?;
        removed(table.remove(call)).context(CALLS)?;
        Ok(withheld.unwrap_or(0))
    }
}

fn overlays(ebpf: &mut Object) -> Result<HashMap<&mut MapData, OverlayKey, Unwanted>> {
    let map = ebpf.map_mut(OVERLAYS).context("no map UNWANTED")?;
    HashMap::try_from(map).context(OVERLAYS)
}

fn calls(ebpf: &mut Object) -> Result<HashMap<&mut MapData, Call, u64>> {
    let map = ebpf.map_mut(CALLS).context("no map UNWANTED_CALLS")?;
    HashMap::try_from(map).context(CALLS)
}

fn withheld(
    table: &HashMap<&mut MapData, OverlayKey, Unwanted>,
    overlay: OverlayKey,
) -> Result<u64> {
    let verdict = found(table.get(&overlay, 0)).context(OVERLAYS)?;
    Ok(verdict.map_or(0, |verdict| verdict.withheld))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_without_a_use() {
        let of = |by_overlay, by_call| {
            let wanted = Wanted {
                by_overlay,
                by_call,
                ..Wanted::ALL
            };
            unused(&wanted).collect::<Vec<_>>()
        };
        assert_eq!(of(0, 0), [OVERLAYS, CALLS]);
        assert_eq!(of(1, 0), [CALLS]);
        assert_eq!(of(1, 1), [""; 0]);
    }
}
