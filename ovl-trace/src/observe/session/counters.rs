//! What the clock brings: losses, running copy-ups, the totals of overlays that
//! are gone.

use anyhow::Result;
use jiff::Timestamp;
use ovl_trace_common::{in_flight::InFlight, loss};

use super::Session;
use crate::{
    kernel::{KernelRoots, Preemption, WallClock},
    load::KernelTotals,
    model::{Event, Loss, LossSource, OverlayKey},
    observe::{unannounced, unchanged},
    recording::PREEMPTION_SWITCHED,
};

impl Session<'_, '_> {
    /// Reads the counters that may have changed.
    pub(super) fn tick(&mut self) -> Result<()> {
        self.follow_clock()?;
        self.look_for_disarmed_probes()?;
        // In this order: see `Skipped::look`.
        let moves = self.moves()?;
        let moves = self.look_at_probes(moves)? || moves;
        if moves {
            self.look_for_losses()?;
            self.look_at_running()?;
        }
        if self.enricher.wants_docker_api() {
            self.docker.ask();
        }
        if !self.gone.is_empty() || (moves && self.core.sink.screen().is_some()) {
            let totals = self.tracer.totals()?;
            let gone = std::mem::take(&mut self.gone);
            self.take_totals(&totals, |overlay| gone.contains(&overlay))?;
            if !gone.is_empty() {
                self.tracer.forget(&totals.of(&gone))?;
                self.forget_verdicts(&gone);
            }
            self.learn_owners()?;
        }
        if moves {
            self.core.show_counts(self.began.elapsed());
        } else {
            self.core.show_idle(self.began.elapsed())?;
        }
        // After the totals, whose addresses are those of the module as it was.
        if self.triggers.refresh() {
            self.forget_calls()?;
            if let Some(recorder) = &mut self.recorder {
                recorder.symbols(self.triggers.symbols()?)?;
            }
        }
        self.record_tick()?;
        self.core.sink.flush()?;
        self.core.sink.tick(None)?;
        Ok(())
    }

    /// Whether the kernel side's tables may differ from what was read last. A
    /// program is counted when it begins: what it did after the look at its table
    /// is found one look later. And while copy-ups run, time passes for them.
    fn moves(&mut self) -> Result<bool> {
        let ran = self.losses.refresh_runs(&self.tracer)?;
        let moves = ran || self.moved || self.in_flight.is_any();
        self.moved = ran;
        Ok(moves)
    }

    fn record_tick(&mut self) -> Result<()> {
        if let Some(recorder) = &mut self.recorder
            && recorder.tick()?
        {
            let totals = self.tracer.totals()?;
            self.take_totals(&totals, |_| false)?;
        }
        Ok(())
    }

    /// Notices that the wall clock was set, or that the machine was suspended.
    fn follow_clock(&mut self) -> Result<()> {
        if let Some(step) = self.core.clock.refresh()
            && let Some(recorder) = &mut self.recorder
        {
            recorder.clock_step(step)?;
        }
        Ok(())
    }

    fn look_at_running(&mut self) -> Result<()> {
        let now_ns = WallClock::monotonic_ns();
        let look = self.in_flight.look(&mut self.tracer, now_ns)?;
        for event in &look.running {
            self.event(event, None)?;
        }
        if self.core.sink.screen().is_some() {
            self.show_unannounced(&look.unannounced, now_ns)?;
        }
        if look.forgotten > 0 {
            self.lost(Loss {
                time_ns: now_ns,
                source: LossSource::Probe,
                reason: loss::NAMES[loss::UNFINISHED as usize],
                count: look.forgotten,
            })?;
        }
        Ok(())
    }

    /// Only for a view: without a path there is nothing to write in a line.
    fn show_unannounced(&mut self, running: &[(u32, InFlight)], now_ns: u64) -> Result<()> {
        for (tid, state) in running {
            if let Some(place) = self.enricher.at(state.superblock)
                && let Some(event) = unannounced::event(*tid, state, place, now_ns)
            {
                self.event(&event, None)?;
            }
        }
        Ok(())
    }

    /// All that was lost, at the end.
    pub(super) fn look_for_all_losses(&mut self) -> Result<()> {
        self.losses.refresh_runs(&self.tracer)?;
        self.look_at_probes(true)?;
        self.look_for_losses()
    }

    /// Whether something was lost. `ran`: some program may have run.
    fn look_at_probes(&mut self, ran: bool) -> Result<bool> {
        let losses = self.losses.look_at_probes(&self.tracer, ran, 0)?;
        let any = !losses.is_empty();
        for loss in losses {
            self.lost(loss)?;
        }
        Ok(any)
    }

    /// Says so if what trampolines rely on is no longer so.
    pub(super) fn look_for_preemption(&mut self) -> Result<()> {
        let (trampolines, _) = self.tracer.probe_counts();
        let preemption = Preemption::read(&KernelRoots::host());
        // Not told: debugfs is gone, which says nothing.
        let is_told = preemption != Preemption::Unknown;
        if trampolines == 0 || !is_told || !preemption.interrupts_programs() {
            return Ok(());
        }
        tracing::warn!(
            "the kernel's preemption was switched to '{preemption}': start ovl-trace again to be sure of its counts"
        );
        self.lost(Loss {
            time_ns: WallClock::monotonic_ns(),
            source: LossSource::Probe,
            reason: PREEMPTION_SWITCHED,
            count: 1,
        })
    }

    /// Says so if somebody has switched the kernel's probes off.
    pub(super) fn look_for_disarmed_probes(&mut self) -> Result<()> {
        for switch in self.disarmed.look() {
            tracing::warn!(
                "'{}' was set to 0: the kernel runs no probe, so nothing is seen; switch it on again with '{}'",
                switch.name(),
                switch.remedy(),
            );
            self.lost(Loss {
                time_ns: WallClock::monotonic_ns(),
                source: LossSource::Disarmed,
                reason: switch.loss_reason(),
                count: 1,
            })?;
        }
        Ok(())
    }

    fn look_for_losses(&mut self) -> Result<()> {
        let losses = self.losses.look(&self.tracer, 0)?;
        let overlay = loss::NAMES[loss::RING_OVERLAY as usize];
        if losses.iter().any(|loss| loss.reason == overlay) {
            self.look_for_ends()?;
        }
        for loss in losses {
            self.lost(loss)?;
        }
        Ok(())
    }

    /// The record of an overlay's end can be lost, too: its totals would stay
    /// in the kernel for ever.
    fn look_for_ends(&mut self) -> Result<()> {
        for overlay in self.tracer.totals()?.overlays() {
            // One without a birth was never remembered.
            if overlay.born_ns != 0 && self.tracer.overlay(overlay)?.is_none() {
                let device = self.enricher.origin_of(overlay).mount.device;
                self.event(&Event::OverlayGone { overlay, device }, None)?;
            }
        }
        Ok(())
    }

    pub(super) fn lost(&mut self, loss: Loss) -> Result<()> {
        let now = Timestamp::now();
        self.core.lost(loss, now)?;
        if let Some(recorder) = &mut self.recorder {
            recorder.loss(&loss, now)?;
        }
        Ok(())
    }

    /// Looks at what became of the files of an overlay that is gone, or of all
    /// at the end.
    pub(super) fn examine(&mut self, gone: Option<OverlayKey>) -> Result<()> {
        let aggregator = &mut self.core.aggregator;
        for found in unchanged::look(aggregator, &mut self.enricher, &self.core.clock, gone) {
            aggregator.examined(&found);
            if let Some(recorder) = &mut self.recorder {
                recorder.examined(&found)?;
            }
        }
        Ok(())
    }

    /// Names overlays that were gone before their owner was known.
    pub(super) fn learn_owners(&mut self) -> Result<()> {
        let (enricher, recorder) = (&mut self.enricher, &mut self.recorder);
        let mut written = Ok(());
        self.core.aggregator.learn(|overlay| {
            let origin = enricher.origin_of(overlay);
            if let (Some(recorder), Ok(())) = (recorder.as_mut(), &written) {
                written = recorder.origin(overlay, &origin);
            }
            origin
        });
        Ok(written?)
    }

    /// `is_last` says of which overlays these are the last ones.
    pub(super) fn take_totals(
        &mut self,
        totals: &KernelTotals,
        is_last: impl Fn(OverlayKey) -> bool,
    ) -> Result<()> {
        for overlay in totals.overlays() {
            self.identify(overlay, None)?;
        }
        let enricher = &mut self.enricher;
        self.core.totals(totals, &self.triggers, |overlay| {
            enricher.origin_of(overlay)
        });
        if let Some(recorder) = &mut self.recorder {
            recorder.totals(totals, is_last, |overlay| enricher.origin_of(overlay))?;
        }
        self.judge_again(totals)
    }
}
