//! Ctrl-C and SIGTERM, which end an observation as its time or count does.

use anyhow::{Context as _, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Both signals, from its making on: before anything is put into the kernel,
/// so that none of them leaves it there.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    pub(super) fn new() -> Result<Self> {
        let on = |kind| signal(kind).context("waiting for signals");
        Ok(Self {
            interrupt: on(SignalKind::interrupt())?,
            terminate: on(SignalKind::terminate())?,
        })
    }

    /// Whether one of them was received since the last look.
    pub(super) async fn were_received(&mut self) -> bool {
        tokio::select! {
            biased;
            () = self.received() => true,
            // The runtime looks at signals while this task has its turn over.
            () = tokio::task::yield_now() => false,
        }
    }

    /// Waits for one of them.
    pub(super) async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_before_anybody_waits_is_not_lost() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut signals = Signals::new().unwrap();
            // SAFETY: the process handles this signal since the line above.
            assert_eq!(unsafe { libc::raise(libc::SIGTERM) }, 0);
            signals.received().await;
        });
    }
}
