//! Reading the totals that the kernel side keeps.

use std::collections::HashSet;

use anyhow::{Context as _, Result};
use aya::maps::HashMap;
use ovl_trace_common::{
    aggregate::{CopyUpKey, CopyUpTotals, WhiteoutKey},
    overlay::OverlayKey,
};

use super::{object::Object, rows::removed};

/// One row of `COPY_UPS`.
pub type CopyUpRow = (CopyUpKey, CopyUpTotals);

/// One row of `WHITEOUTS`.
pub type WhiteoutRow = (WhiteoutKey, u64);

/// All rows, in no order.
#[derive(Clone, Debug, Default)]
pub struct KernelTotals {
    /// Copy-ups.
    pub copy_ups: Vec<CopyUpRow>,
    /// Whiteouts.
    pub whiteouts: Vec<WhiteoutRow>,
}

impl KernelTotals {
    /// The overlays that have rows.
    pub fn overlays(&self) -> HashSet<OverlayKey> {
        let copy_ups = self.copy_ups.iter().map(|(key, _)| key.overlay);
        let whiteouts = self.whiteouts.iter().map(|(key, _)| key.overlay);
        copy_ups.chain(whiteouts).collect()
    }

    /// The rows of these overlays.
    #[must_use]
    pub fn of(&self, overlays: &HashSet<OverlayKey>) -> Self {
        let (mut copy_ups, mut whiteouts) = (self.copy_ups.clone(), self.whiteouts.clone());
        copy_ups.retain(|(key, _)| overlays.contains(&key.overlay));
        whiteouts.retain(|(key, _)| overlays.contains(&key.overlay));
        Self {
            copy_ups,
            whiteouts,
        }
    }
}

pub(super) fn read(ebpf: &Object) -> Result<KernelTotals> {
    let copy_ups = ebpf.map("COPY_UPS").context("no map COPY_UPS")?;
    let copy_ups: HashMap<_, CopyUpKey, CopyUpTotals> =
        HashMap::try_from(copy_ups).context("the map COPY_UPS")?;
    let whiteouts = ebpf.map("WHITEOUTS").context("no map WHITEOUTS")?;
    let whiteouts: HashMap<_, WhiteoutKey, u64> =
        HashMap::try_from(whiteouts).context("the map WHITEOUTS")?;
    Ok(KernelTotals {
        copy_ups: copy_ups
            .iter()
            .collect::<Result<_, _>>()
            .context("reading the map COPY_UPS")?,
        whiteouts: whiteouts
            .iter()
            .collect::<Result<_, _>>()
            .context("reading the map WHITEOUTS")?,
    })
}

pub(super) fn remove(ebpf: &mut Object, rows: &KernelTotals) -> Result<()> {
    let copy_ups = ebpf.map_mut("COPY_UPS").context("no map COPY_UPS")?;
    let mut copy_ups: HashMap<_, CopyUpKey, CopyUpTotals> =
        HashMap::try_from(copy_ups).context("the map COPY_UPS")?;
    for (key, _) in &rows.copy_ups {
        removed(copy_ups.remove(key)).context("the map COPY_UPS")?;
    }
    let whiteouts = ebpf.map_mut("WHITEOUTS").context("no map WHITEOUTS")?;
    let mut whiteouts: HashMap<_, WhiteoutKey, u64> =
        HashMap::try_from(whiteouts).context("the map WHITEOUTS")?;
    for (key, _) in &rows.whiteouts {
        removed(whiteouts.remove(key)).context("the map WHITEOUTS")?;
    }
    Ok(())
}
