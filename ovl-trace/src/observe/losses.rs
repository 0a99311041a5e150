//! What was lost since the last look.

use anyhow::Result;
use ovl_trace_common::loss;

use crate::{
    load::{PROBES, Tracer},
    model::{Loss, LossSource},
};

/// The counters as they were at the last look.
#[derive(Default)]
pub(super) struct Losses {
    reasons: [u64; loss::REASONS],
    misses: Vec<(&'static str, u64)>,
}

impl Losses {
    /// Reads the kernel side's counters; returns what was added.
    pub(super) fn look(&mut self, tracer: &Tracer, time_ns: u64) -> Result<Vec<Loss>> {
        let mut found = Vec::new();
        let now = tracer.losses()?;
        for (index, (new, old)) in now.into_iter().zip(&mut self.reasons).enumerate() {
            let count = added(old, new);
            if count > 0 {
                found.push(Loss {
                    time_ns,
                    source: source(index as u32),
                    reason: loss::NAMES[index],
                    count,
                });
            }
        }
        let misses = tracer.misses()?;
        for probe in PROBES.iter().filter(|probe| probe.returns) {
            let Some((_, new)) = misses.iter().find(|(name, _)| name == probe.program) else {
                continue;
            };
            let count = self.missed(probe.program, *new);
            if count > 0 {
                found.push(Loss {
                    time_ns,
                    source: LossSource::Probe,
                    reason: probe.program,
                    count,
                });
            }
        }
        Ok(found)
    }

    fn missed(&mut self, program: &'static str, new: u64) -> u64 {
        if let Some((_, old)) = self.misses.iter_mut().find(|(name, _)| *name == program) {
            return added(old, new);
        }
        self.misses.push((program, new));
        new
    }
}

/// What a counter grew by. One that starts anew (the module was loaded again)
/// counts from 0.
fn added(old: &mut u64, new: u64) -> u64 {
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
        let counts: Vec<_> = [5, 5, 7, 2].map(|new| added(&mut old, new)).into();
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
