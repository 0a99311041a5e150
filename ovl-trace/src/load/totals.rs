//! Reading the totals that the kernel side keeps.

use anyhow::{Context as _, Result};
use aya::{Ebpf, maps::HashMap};
use ovl_trace_common::{
    aggregate::{CopyUpKey, CopyUpTotals, WhiteoutKey},
    in_flight::InFlight,
};

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

pub(super) fn read(ebpf: &Ebpf) -> Result<KernelTotals> {
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

pub(super) fn remove(ebpf: &mut Ebpf, rows: &KernelTotals) -> Result<()> {
    let copy_ups = ebpf.map_mut("COPY_UPS").context("no map COPY_UPS")?;
    let mut copy_ups: HashMap<_, CopyUpKey, CopyUpTotals> =
        HashMap::try_from(copy_ups).context("the map COPY_UPS")?;
    for (key, _) in &rows.copy_ups {
        copy_ups.remove(key).context("the map COPY_UPS")?;
    }
    let whiteouts = ebpf.map_mut("WHITEOUTS").context("no map WHITEOUTS")?;
    let mut whiteouts: HashMap<_, WhiteoutKey, u64> =
        HashMap::try_from(whiteouts).context("the map WHITEOUTS")?;
    for (key, _) in &rows.whiteouts {
        whiteouts.remove(key).context("the map WHITEOUTS")?;
    }
    Ok(())
}

pub(super) fn in_flight(ebpf: &Ebpf) -> Result<Vec<(u32, InFlight)>> {
    let map = ebpf.map("IN_FLIGHT").context("no map IN_FLIGHT")?;
    let map: HashMap<_, u32, InFlight> = HashMap::try_from(map).context("the map IN_FLIGHT")?;
    map.iter()
        .collect::<Result<_, _>>()
        .context("reading the map IN_FLIGHT")
}

pub(super) fn abandon(ebpf: &mut Ebpf, tid: u32) -> Result<()> {
    let map = ebpf.map_mut("IN_FLIGHT").context("no map IN_FLIGHT")?;
    let mut map: HashMap<_, u32, InFlight> = HashMap::try_from(map).context("the map IN_FLIGHT")?;
    map.remove(&tid).context("the map IN_FLIGHT")
}
