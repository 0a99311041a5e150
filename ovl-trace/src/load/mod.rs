//! Loads the eBPF program and attaches it.

mod attach;
mod bpf;
mod coverage;
mod descriptors;
mod function_types;
mod group;
mod memlock;
mod names;
mod object;
mod perf;
mod plan;
mod probe_table;
mod ring;
mod rows;
mod syscall;
mod tables;
mod totals;
mod trampoline;
mod unpreempted;
mod verdicts;

use std::{
    array,
    collections::{BTreeMap, HashMap},
};

use anyhow::{Context as _, Result, bail, ensure};
use aya::maps::{Array, Map, PerCpuArray};
use aya_log::EbpfLogger;
use ovl_trace_common::{
    in_flight::InFlight,
    loss,
    overlay::{OverlayKey, OverlayState},
    program,
};

pub use self::coverage::Coverage;
pub use self::names::{Lookup, Names};
pub use self::plan::Plan;
pub use self::probe_table::{PROBES, Probe};
pub use self::ring::{Record, Ring, default_bytes, lingers};
pub use totals::{CopyUpRow, KernelTotals, WhiteoutRow};
pub use trampoline::Misses;

use self::{
    attach::{Attached, Probes},
    object::{Making, Object},
    probe_table::Refused,
    unpreempted::Unpreempted,
};
use crate::kernel::tracefs::ProbeProfile;

/// The program, compiled for the kernel; empty in a build without it.
static PROGRAM: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/ovl-trace.bpf"));

/// The section in which programs count their runs.
const RUNS: &str = ".bss.runs";

/// The kernel side's tables that can be full.
const TABLES: [&str; 4] = ["COPY_UPS", "WHITEOUTS", "OVERLAYS", "IN_FLIGHT"];

/// A running observation. Dropping it removes everything from the kernel.
pub struct Tracer {
    attached: Attached,
    object: Object,
    ring_bytes: u32,
    coverage: Vec<Coverage>,
    /// When the copy-ups began that are still in slots although they will never end, by
    /// thread id. The agent writes no slot: only the thread's next copy-up ends them.
    abandoned: HashMap<u32, u64>,
}

impl Tracer {
    /// Loads and attaches. Fails if a required probe cannot be attached.
    pub fn start(plan: &Plan<'_>) -> Result<Self> {
        Self::start_with(plan).map_err(descriptors::advise)
    }

    fn start_with(plan: &Plan<'_>) -> Result<Self> {
        if PROGRAM.is_empty() {
            bail!(
                "this ovl-trace was built without its eBPF program; build it with 'cargo xtask build'"
            );
        }
        memlock::lift();
        let _spare = descriptors::hold_spare()?;
        // The programs are made for the functions that are probed: one that the kernel
        // refuses is one that it does not have.
        let mut refused = Refused::new();
        loop {
            match Self::without(&refused, plan)? {
                Ok(tracer) => return Ok(tracer),
                Err(more) => {
                    for (function, why) in &more {
                        tracing::info!("no probe can be on '{function}': {why}");
                    }
                    // Who only supposes which functions there are looks again first.
                    ensure!(plan.symbols.are_listed(), "some probes were refused");
                    refused.extend(more);
                }
            }
        }
    }

    /// Tries it without some functions.
    fn without(refused: &Refused, plan: &Plan<'_>) -> Result<Result<Self, Refused>> {
        let choices: Vec<_> = PROBES
            .iter()
            .map(|probe| (probe, probe.symbol(plan.symbols, refused)))
            .collect();
        let mut entries = HashMap::from([("EVENTS", plan.ring_bytes)]);
        if let Some(rows) = plan.table_rows {
            entries.extend(TABLES.map(|table| (table, rows)));
        }
        entries.extend(verdicts::unused(&plan.wanted).map(|table| (table, 1)));
        let making = Making {
            offsets: &plan.offsets,
            settings: plan.settings(|program| {
                choices
                    .iter()
                    .any(|(probe, symbol)| probe.program == program && symbol.is_ok())
            }),
            entries,
        };
        let (object, programs) = Object::make(PROGRAM, &making)?;
        let mut probes = Probes::new(&plan.tracefs, &programs, plan.functions)?;
        for (probe, symbol) in choices {
            probes.attach(probe, symbol)?;
        }
        let (attached, mut coverage) = match probes.finish() {
            Ok(attached) => attached,
            Err(refused) => return Ok(Err(refused)),
        };
        if !plan.events {
            coverage.push(Coverage::no_events());
        }
        Ok(Ok(Self {
            attached,
            object,
            ring_bytes: plan.ring_bytes,
            coverage,
            abandoned: HashMap::new(),
        }))
    }

    /// Stops observing. Totals and the ring can still be read.
    pub fn stop(&mut self) {
        self.attached.unbind();
    }

    /// The state of every probe.
    pub fn coverage(&self) -> &[Coverage] {
        &self.coverage
    }

    /// Every probe is on a function.
    pub fn is_complete(&self) -> bool {
        self.coverage
            .iter()
            .all(|probe| probe.missing.is_none() || probe.is_unwanted())
    }

    /// The ring. Can be taken once.
    pub fn take_ring(&mut self) -> Result<Ring> {
        let map = self
            .object
            .take_map("EVENTS")
            .context("the ring buffer was taken before")?;
        let Map::RingBuf(map) = map else {
            bail!("the map EVENTS is no ring buffer");
        };
        Ring::new(map, self.ring_bytes).context("the map EVENTS")
    }

    /// The eBPF program's own log, in a build that has it (`cargo xtask build
    /// --log`). Can be taken once.
    pub fn take_log(&self) -> Option<EbpfLogger<&'static dyn log::Log>> {
        self.object.map("AYA_LOGS")?;
        EbpfLogger::init_from_id(self.attached.any_program_id()?)
            .inspect_err(|error| tracing::debug!("the eBPF program does not log: {error}"))
            .ok()
    }

    /// Totals as they are now.
    pub fn totals(&self) -> Result<KernelTotals> {
        let _unpreempted = Unpreempted::enter();
        totals::read(&self.object)
    }

    /// Forgets the totals of overlays that are gone, to make room.
    pub fn forget(&mut self, rows: &KernelTotals) -> Result<()> {
        let _unpreempted = Unpreempted::enter();
        totals::remove(&mut self.object, rows)
    }

    /// What the kernel side could not do, by reason
    /// (`ovl_trace_common::loss::NAMES`), since the start.
    pub fn losses(&self) -> Result<[u64; loss::REASONS]> {
        let _unpreempted = Unpreempted::enter();
        let map = self.object.map("LOSSES").context("no map LOSSES")?;
        let array: PerCpuArray<_, [u64; loss::REASONS]> =
            PerCpuArray::try_from(map).context("the map LOSSES")?;
        let per_cpu = array.get(&0, 0).context("the map LOSSES")?;
        Ok(array::from_fn(|reason| {
            per_cpu.iter().map(|counters| counters[reason]).sum()
        }))
    }

    /// How many probes are trampolines, and how many kprobes.
    pub fn probe_counts(&self) -> (usize, usize) {
        self.attached.counts()
    }

    /// Hits and misses of each kprobe since the start; `event` is the name of its
    /// program.
    pub fn profile(&self) -> Result<Vec<ProbeProfile>> {
        self.attached.profile()
    }

    /// Misses of each trampoline since the start. There are none while no program
    /// runs.
    pub fn misses(&self) -> Result<Vec<Misses>> {
        self.attached.misses()
    }

    /// How often each program ran since the start, by its number in
    /// `ovl_trace_common::program`.
    pub fn runs(&self) -> Result<[u64; program::COUNT]> {
        let _unpreempted = Unpreempted::enter();
        let map = self.object.map(RUNS).context("no map of runs")?;
        let array: Array<_, [u64; program::COUNT]> =
            Array::try_from(map).context("the map of runs")?;
        array.get(&0, 0).context("reading the map of runs")
    }

    /// Copy-ups that are running now, by thread id.
    pub fn in_flight(&self) -> Result<BTreeMap<u32, InFlight>> {
        let _unpreempted = Unpreempted::enter();
        let mut running = tables::in_flight(&self.object)?;
        running.extend(self.in_slots()?);
        Ok(running)
    }

    /// Forgets a copy-up that will never end; whether it still ran.
    pub fn abandon(&mut self, tid: u32) -> Result<bool> {
        let _unpreempted = Unpreempted::enter();
        if let Some(copy_up) = self.in_slots()?.get(&tid) {
            self.abandoned.insert(tid, copy_up.started_ns);
            return Ok(true);
        }
        tables::abandon(&mut self.object, tid)
    }

    /// Those in slots that were not abandoned.
    fn in_slots(&self) -> Result<BTreeMap<u32, InFlight>> {
        let mut running = tables::in_slots(&self.object)?;
        running.retain(|tid, copy_up| self.abandoned.get(tid) != Some(&copy_up.started_ns));
        Ok(running)
    }

    /// What the kernel side remembers of an overlay; `None` once its
    /// superblock is gone.
    pub fn overlay(&self, key: OverlayKey) -> Result<Option<OverlayState>> {
        let _unpreempted = Unpreempted::enter();
        tables::overlay(&self.object, key)
    }
}
