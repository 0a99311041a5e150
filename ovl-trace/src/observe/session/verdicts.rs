//! Telling the kernel side what nobody wants, and taking it back.

use std::{collections::HashSet, time::Instant};

use anyhow::Result;
use ovl_trace_common::verdict::Call;

use super::Session;
use crate::{
    kernel::WallClock,
    load::KernelTotals,
    model::{Event, Loss, LossSource, Origin, OverlayKey},
    observe::verdicts::Order,
    recording::RENAMED,
};

impl Session<'_, '_> {
    /// After an event.
    pub(super) fn judge(&mut self, event: &Event, origin: &Origin) -> Result<()> {
        if !self.verdicts.of_overlays() {
            return Ok(());
        }
        match event {
            Event::OverlayGone { overlay, .. } => self.rule_out_no_more(*overlay),
            _ => match event.place() {
                Some((overlay, _)) => self.judge_overlay(overlay, origin),
                None => Ok(()),
            },
        }
    }

    fn judge_overlay(&mut self, overlay: OverlayKey, origin: &Origin) -> Result<()> {
        let admitted = self.core.admits_origin(origin);
        let certain_for = self.enricher.certain_for(overlay, Instant::now());
        let now_ns = WallClock::monotonic_ns();
        match self.verdicts.judge(overlay, admitted, certain_for, now_ns) {
            Some(Order::RuleOut { until_ns }) => {
                let withheld = self.tracer.rule_out(overlay, until_ns)?;
                self.verdicts.ruled_out(overlay, until_ns, withheld);
            }
            Some(Order::Readmit) => self.readmit(overlay)?,
            None => {}
        }
        Ok(())
    }

    /// A container that was not asked for is now. What lines show begins here, as it would
    /// without verdicts; a report of all its files lacks those from before.
    fn readmit(&mut self, overlay: OverlayKey) -> Result<()> {
        let withheld = self.tracer.readmit(overlay)?;
        let withheld = self.verdicts.readmitted(overlay, withheld);
        if withheld == 0 {
            return Ok(());
        }
        self.lost(Loss {
            time_ns: WallClock::monotonic_ns(),
            source: LossSource::Queue,
            reason: RENAMED,
            count: withheld,
        })
    }

    /// The overlay is gone. It stays known until its last totals were taken, by which it
    /// may still be found to be renamed.
    fn rule_out_no_more(&mut self, overlay: OverlayKey) -> Result<()> {
        if self.verdicts.overlays().any(|known| known == overlay) {
            let withheld = self.tracer.readmit(overlay)?;
            self.verdicts.ruled_out(overlay, u64::MAX, withheld);
        }
        Ok(())
    }

    /// After totals were taken in, for which names were read again.
    pub(super) fn judge_again(&mut self, totals: &KernelTotals) -> Result<()> {
        if !self.verdicts.of_overlays() {
            return Ok(());
        }
        let counted = totals.overlays();
        let ruled_out = self.verdicts.overlays();
        let ruled_out: Vec<_> = ruled_out.filter(|key| counted.contains(key)).collect();
        for overlay in ruled_out {
            let origin = self.enricher.origin_of(overlay);
            if self.core.admits_origin(&origin) {
                self.readmit(overlay)?;
            }
        }
        Ok(())
    }

    /// Their last totals were taken.
    pub(super) fn forget_verdicts(&mut self, gone: &HashSet<OverlayKey>) {
        for overlay in gone {
            self.verdicts.readmitted(*overlay, 0);
        }
    }

    /// After a copy-up that came about by `call`.
    pub(super) fn judge_call(&mut self, event: &Event, call: Call) -> Result<()> {
        if let Event::CopyUp(copy_up) = event
            && self.triggers.is_certain()
            && !self.core.admits_trigger(copy_up.trigger.operation)
            && self.verdicts.is_news(&call)
            && self.tracer.rule_out_call(&call)?
        {
            self.verdicts.ruled_out_call(call);
        }
        Ok(())
    }

    /// The kernel's functions are elsewhere: a call means something else.
    pub(super) fn forget_calls(&mut self) -> Result<()> {
        for call in self.verdicts.take_calls() {
            let withheld = self.tracer.readmit_call(&call)?;
            self.verdicts.readmitted_call(withheld);
        }
        Ok(())
    }

    /// At the end, after the last look at names.
    pub(super) fn end_verdicts(&mut self) -> Result<()> {
        if !self.verdicts.of_overlays() && !self.verdicts.of_calls() {
            return Ok(());
        }
        self.forget_calls()?;
        let ruled_out: Vec<_> = self.verdicts.overlays().collect();
        for overlay in ruled_out {
            let withheld = self.tracer.readmit(overlay)?;
            self.verdicts.readmitted(overlay, withheld);
        }
        let withheld = self.verdicts.withheld();
        tracing::info!("{withheld} events that the filter does not admit were not sent");
        Ok(())
    }
}
