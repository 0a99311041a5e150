//! Taking records from the ring.

use std::time::Instant;

use anyhow::Result;

use super::Session;
use crate::{
    decode::{call, decode_reusing},
    model::{Loss, LossSource},
};

/// Records handled before signals are looked at again.
const BATCH: usize = 1024;

impl Session<'_, '_> {
    /// Handles a batch. As long as there was something, looks again after a while
    /// instead of waiting to be woken: nobody wakes it so soon after the last time.
    pub(super) fn drain_and_linger(&mut self) -> Result<()> {
        let handled = self.drain(BATCH)?;
        let is_first = self.look_again.is_none();
        self.linger_if(is_first || handled > 0);
        Ok(())
    }

    /// Handles what nobody woke the agent for: an event whose program was held up, on a
    /// processor that stood still, from when it looked at the clock until the agent had
    /// looked twice.
    pub(super) fn drain_late(&mut self) -> Result<()> {
        let had_more = self.more;
        if self.drain(BATCH)? > 0 || had_more {
            self.linger_if(true);
        }
        Ok(())
    }

    fn linger_if(&mut self, there_may_be_more: bool) {
        self.look_again =
            (!self.more && there_may_be_more).then(|| Instant::now() + self.lingers * 2);
    }

    /// Handles what is in the ring, at most `limit` records at a time; returns how
    /// many.
    pub(super) fn drain(&mut self, limit: usize) -> Result<usize> {
        let mut handled = 0;
        self.more = false;
        loop {
            let Some(item) = self.ring.get_mut().record() else {
                break;
            };
            let event = decode_reusing(&item, &self.triggers, &mut self.spare);
            if self.recorder.is_some() {
                self.record.clear();
                self.record.extend_from_slice(&item);
            }
            let call = self.verdicts.of_calls().then(|| call(&item)).flatten();
            drop(item);
            match event {
                Ok(event) => {
                    let record = std::mem::take(&mut self.record);
                    let handled = self.event(&event, Some(&record));
                    self.record = record;
                    handled?;
                    if let Some(call) = call {
                        self.judge_call(&event, call)?;
                    }
                    self.spare = event.into_path().unwrap_or_default();
                }
                Err(error) => {
                    tracing::warn!("{error}");
                    self.lost(Loss {
                        time_ns: 0,
                        source: LossSource::Queue,
                        reason: "undecodable",
                        count: 1,
                    })?;
                }
            }
            handled += 1;
            if handled >= limit {
                self.more = true;
                break;
            }
        }
        self.core.sink.flush()?;
        Ok(handled)
    }
}
