//! What the clock brings: losses, running copy-ups, the totals of overlays that
//! are gone.

use anyhow::Result;
use jiff::Timestamp;
use ovl_trace_common::loss;

use super::Session;
use crate::{
    load::KernelTotals,
    model::{Event, Loss, LossSource},
};

impl Session<'_, '_> {
    /// Reads all counters.
    pub(super) fn tick(&mut self) -> Result<()> {
        self.look_for_losses()?;
        self.look_at_running()?;
        if self.enricher.wants_docker_api() {
            self.docker.ask();
        }
        if !self.gone.is_empty() || self.core.sink.screen().is_some() {
            let totals = self.tracer.totals()?;
            self.take_totals(&totals)?;
            let gone = std::mem::take(&mut self.gone);
            if !gone.is_empty() {
                self.tracer.forget(&totals.of(&gone))?;
            }
            self.core.show_counts(self.began.elapsed());
        }
        // After the totals, whose addresses are those of the module as it was.
        self.triggers.refresh();
        self.core.sink.flush()?;
        Ok(())
    }

    fn look_at_running(&mut self) -> Result<()> {
        let now_ns = self.clock.monotonic_ns();
        let look = self.in_flight.look(&mut self.tracer, now_ns)?;
        for event in &look.running {
            self.event(event)?;
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

    pub(super) fn look_for_losses(&mut self) -> Result<()> {
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
                self.event(&Event::OverlayGone { overlay, device })?;
            }
        }
        Ok(())
    }

    pub(super) fn lost(&mut self, loss: Loss) -> Result<()> {
        self.core.lost(loss, Timestamp::now())?;
        Ok(())
    }

    pub(super) fn take_totals(&mut self, totals: &KernelTotals) -> Result<()> {
        for overlay in totals.overlays() {
            self.identify(overlay, None)?;
        }
        let enricher = &mut self.enricher;
        self.core.totals(totals, &self.triggers, |overlay| {
            Ok(enricher.origin_of(overlay))
        })
    }
}
