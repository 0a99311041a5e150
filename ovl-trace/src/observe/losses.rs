//! What was lost since the last look.

use anyhow::Result;
use ovl_trace_common::{loss, program};

use super::skipped::Skipped;
use crate::{
    kernel::tracefs::ProbeProfile,
    load::Tracer,
    model::{Loss, LossSource},
};

/// The counters as they were at the last look.
#[derive(Default)]
pub(super) struct Losses {
    reasons: [u64; loss::REASONS],
    misses: [u64; program::COUNT],
    skipped: [Skipped; program::COUNT],
    runs: [u64; program::COUNT],
}

impl Losses {
    /// Takes the first look, which has to follow the start of the tracer at once: the hits
    /// that no program ran for are taken for hits from before the programs were bound.
    pub(super) fn start(tracer: &Tracer) -> Result<Self> {
        let mut losses = Self::default();
        losses.refresh_runs(tracer)?;
        for probe in tracer.profile()? {
            losses.look_at_hits(&probe);
        }
        Ok(losses)
    }

    /// Returns the number of the probe's program, and how many of its runs are newly known to
    /// have been skipped.
    fn look_at_hits(&mut self, probe: &ProbeProfile) -> Option<(usize, u64)> {
        // Another program of this process would have another name.
        let number = program::NAMES
            .iter()
            .position(|name| *name == probe.event)?;
        let skipped = self.skipped[number].look(self.runs[number], probe.hits);
        Some((number, skipped))
    }

    /// Reads how often each program ran; whether one has since the last look. Where
    /// none has, no other table of the kernel side has changed.
    pub(super) fn refresh_runs(&mut self, tracer: &Tracer) -> Result<bool> {
        let runs = tracer.runs()?;
        Ok(std::mem::replace(&mut self.runs, runs) != runs)
    }

    /// Reads the kernel side's counters of what it could not do; returns what was
    /// added.
    pub(super) fn look(&mut self, tracer: &Tracer, time_ns: u64) -> Result<Vec<Loss>> {
        let mut found = Vec::new();
        let now = tracer.losses()?;
        for (index, (new, old)) in now.into_iter().zip(&mut self.reasons).enumerate() {
            let count = added(new, old);
            if count > 0 {
                found.push(Loss {
                    time_ns,
                    source: source(index as u32),
                    reason: loss::NAMES[index],
                    count,
                });
            }
        }
        Ok(found)
    }

    /// Reads how often probes were hit and missed, after
    /// [`Self::refresh_runs`]; returns what was added to what no program could
    /// count. `ran`: some program may have run since the last look.
    pub(super) fn look_at_probes(
        &mut self,
        tracer: &Tracer,
        ran: bool,
        time_ns: u64,
    ) -> Result<Vec<Loss>> {
        let mut missed = [0; program::COUNT];
        for probe in tracer.profile()? {
            if let Some((number, skipped)) = self.look_at_hits(&probe) {
                missed[number] = added(probe.misses, &mut self.misses[number]) + skipped;
            }
        }
        // A trampoline misses only what comes while its program runs.
        for trampoline in if ran { tracer.misses()? } else { Vec::new() } {
            let number = trampoline.program;
            missed[number] = added(trampoline.count, &mut self.misses[number]);
        }
        let found = missed.into_iter().zip(program::NAMES);
        let found = found.filter(|(count, _)| *count > 0);
        Ok(found
            .map(|(count, reason)| Loss {
                time_ns,
                source: LossSource::Probe,
                reason,
                count,
            })
            .collect())
    }
}

/// What a counter grew by. One that starts anew (the module was loaded again)
/// counts from 0.
fn added(new: u64, old: &mut u64) -> u64 {
    let before = std::mem::replace(old, new);
    new.checked_sub(before).unwrap_or(new)
}

/// Full rings lose detail, deep paths their top; everything else may make
/// totals short.
fn source(reason: u32) -> LossSource {
    match reason {
        loss::RING_COPY_UP | loss::RING_WHITEOUT | loss::RING_OVERLAY | loss::RING_STARTED => {
            LossSource::Ring
        }
        loss::PATH_TRUNCATED | loss::PATH_UNREADABLE => LossSource::Path,
        _ => LossSource::Probe,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_grow_or_start_anew() {
        let mut old = 0;
        let counts: Vec<_> = [5, 5, 7, 2].map(|new| added(new, &mut old)).into();
        assert_eq!(counts, [5, 0, 2, 2]);
    }

    #[test]
    fn only_what_did_not_fit_into_the_ring_leaves_totals_exact() {
        let of_ring = (0..loss::REASONS as u32)
            .filter(|&reason| source(reason) == LossSource::Ring)
            .map(|reason| loss::NAMES[reason as usize]);
        assert!(of_ring.clone().all(|name| name.starts_with("ring_")));
        assert_eq!(of_ring.count(), 4);
    }
}
