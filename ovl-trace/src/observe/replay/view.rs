//! A recording in the full-screen view: read as fast as it goes, then it stays.

use anyhow::Result;

use super::state::Replay;
use crate::{observe::signals::Signals, recording::Header, screen::state::About};

/// What a view of it is of.
pub(super) fn about(header: &Header) -> About {
    About {
        hostname: header.hostname.clone(),
        kernel: header.kernel.clone(),
        recording: true,
    }
}

impl Replay<'_, '_> {
    /// Shows the counts as of now in a view, if there is one. The totals of the
    /// recording are further apart than looks are.
    pub(super) fn look(&mut self) {
        if self.core.sink.screen().is_some() {
            self.core.aggregator.prefer_newer_events();
            self.learn_owners();
            let elapsed = self.reached.duration_since(self.started);
            self.core.show_counts(elapsed.unsigned_abs());
        }
    }

    /// Looks after a view, if there is one; whether the user has left it.
    pub(super) async fn is_left(&mut self) -> Result<bool> {
        self.core.sink.wake().await?;
        Ok(self.core.follow_screen())
    }

    /// A view stays until the user has had enough.
    pub(super) async fn stay(&mut self, signals: &mut Signals) -> Result<()> {
        let elapsed = self.reached.duration_since(self.started);
        self.core.show_counts(elapsed.unsigned_abs());
        let Some(screen) = self.core.sink.screen() else {
            return Ok(());
        };
        screen.ended();
        while !self.core.follow_screen() {
            tokio::select! {
                () = signals.received() => break,
                woken = self.core.sink.woken() => woken?,
            }
        }
        Ok(())
    }
}
