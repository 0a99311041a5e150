//! The trace events of one run: made, bound to programs, and removed.

use std::{
    os::fd::{BorrowedFd, OwnedFd},
    process,
};

use anyhow::{Context as _, Result};

use super::{perf, probe_table::Probe};
use crate::kernel::{
    KernelRoots,
    tracefs::{ProbeKind, ProbeProfile, Tracefs},
};

/// The trace events of this process, removed when dropped: not before their programs
/// are unbound.
pub(super) struct Group {
    tracefs: Tracefs,
    name: String,
}

impl Group {
    /// Also removes what killed runs left behind.
    pub(super) fn new(tracefs: Tracefs) -> Result<Self> {
        let removed = tracefs
            .remove_stale(&KernelRoots::host())
            .context("removing the trace events of a run that was killed")?;
        if removed > 0 {
            tracing::info!("removed {removed} trace events of a run that was killed");
        }
        Ok(Self {
            tracefs,
            name: Tracefs::group(process::id()),
        })
    }

    /// Puts `probe` on `symbol` (`overlay:` in front if overlayfs is a module)
    /// and runs `program` there, until the result is closed.
    pub(super) fn attach(
        &self,
        probe: &Probe,
        symbol: &str,
        program: BorrowedFd<'_>,
    ) -> Result<OwnedFd> {
        let event = event_name(probe.program);
        let kind = match probe.return_pool() {
            Some(instances) => ProbeKind::Return { instances },
            None => ProbeKind::Entry,
        };
        self.tracefs
            .create(&self.name, &event, kind, symbol)
            .with_context(|| format!("the kernel refused a probe on '{symbol}'"))?;
        let id = self
            .tracefs
            .event_id(&self.name, &event)
            .with_context(|| format!("reading the id of the trace event '{event}'"))?;
        perf::bind(id, program)
    }

    /// How often each of this run's probes was hit, and how often it missed: a
    /// return probe when its pool was empty, any probe inside of another.
    pub(super) fn profile(&self) -> Result<Vec<ProbeProfile>> {
        let suffix = event_name("");
        let profile = self
            .tracefs
            .profile()
            .context("reading how often probes missed")?;
        Ok(profile
            .into_iter()
            .filter_map(|probe| {
                let program = probe.event.strip_suffix(&suffix)?;
                Some(ProbeProfile {
                    event: program.to_owned(),
                    ..probe
                })
            })
            .collect())
    }
}

/// Event names are unique on the machine, because `kprobe_profile` shows them
/// without their group.
fn event_name(program: &str) -> String {
    format!("{program}_{}", process::id())
}

impl Drop for Group {
    fn drop(&mut self) {
        // One that is still bound cannot be removed.
        if let Err(error) = self.tracefs.remove(&self.name) {
            tracing::warn!(
                "trace events of the group {} stay behind: {error}",
                self.name
            );
        }
    }
}
