//! The trace events of one run: made, bound to programs, and removed.

use std::os::fd::{BorrowedFd, OwnedFd};

use anyhow::{Context as _, Result};

use super::{perf, probe_table::Probe};
use crate::kernel::tracefs::Tracefs;

/// Largest pool of a return probe (`KRETPROBE_MAXACTIVE_MAX`,
/// include/linux/kprobes.h). An instance is taken while the function sleeps,
/// so the pool bounds the concurrent copy-ups whose returns are seen; the
/// default of a few per CPU loses most of them.
const RETURN_POOL: u32 = 4096;

/// The trace events of this process, removed when dropped.
pub(super) struct Group {
    tracefs: Tracefs,
    name: String,
    bound: Vec<OwnedFd>,
}

impl Group {
    /// Also removes what killed runs left behind.
    pub(super) fn new(tracefs: Tracefs) -> Result<Self> {
        tracefs
            .remove_stale()
            .context("removing the trace events of a run that was killed")?;
        let name = format!("{}{}", Tracefs::GROUP_PREFIX, std::process::id());
        Ok(Self {
            tracefs,
            name,
            bound: Vec::new(),
        })
    }

    /// Puts `probe` on `symbol` (`overlay:` in front if overlayfs is a module)
    /// and runs `program` there.
    pub(super) fn attach(
        &mut self,
        probe: &Probe,
        symbol: &str,
        program: BorrowedFd<'_>,
    ) -> Result<()> {
        let event = probe.program;
        let kind = if probe.returns {
            format!("r{RETURN_POOL}")
        } else {
            "p".to_owned()
        };
        let definition = format!("{kind}:{}/{event} {symbol}", self.name);
        self.tracefs
            .define(&definition)
            .with_context(|| format!("defining the trace event '{definition}'"))?;
        let id = self.tracefs.event_id(&self.name, event)?;
        self.bound.push(perf::bind(id, program)?);
        Ok(())
    }

    /// How often each of this run's return probes found its pool empty.
    pub(super) fn misses(&self) -> Result<Vec<(String, u64)>> {
        self.tracefs.misses(&self.name)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // An event that is in use cannot be removed: unbind first.
        self.bound.clear();
        if let Err(error) = self.tracefs.remove_group(&self.name) {
            tracing::warn!("the trace events of group {} stay behind: {error:#}", self.name);
        }
    }
}
