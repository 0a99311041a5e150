//! The signals that end an observation as its time or count does.

use anyhow::{Context as _, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals, from its making on: before anything is put into the kernel,
/// so that none of them leaves it there.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// The connection or the terminal is gone. `None` if it is ignored (`nohup`).
    hang_up: Option<Signal>,
    /// Ctrl-\. `None` if it is ignored.
    quit: Option<Signal>,
}

impl Signals {
    pub(super) fn new() -> Result<Self> {
        let on = |kind| signal(kind).context("waiting for signals");
        let unless_ignored = |kind: SignalKind| {
            let is_handled = !is_ignored(kind.as_raw_value());
            is_handled.then(|| on(kind)).transpose()
        };
        Ok(Self {
            interrupt: on(SignalKind::interrupt())?,
            terminate: on(SignalKind::terminate())?,
            hang_up: unless_ignored(SignalKind::hangup())?,
            quit: unless_ignored(SignalKind::quit())?,
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
            () = received(self.hang_up.as_mut()) => {}
            () = received(self.quit.as_mut()) => {}
        }
    }
}

/// Waits for a signal, or for ever if nobody listens to it.
async fn received(signal: Option<&mut Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// Returns true if the process was started with this signal ignored.
fn is_ignored(signal: i32) -> bool {
    // SAFETY: `sigaction` is plain integers and a nullable function; all zero is valid.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: nothing is set, and the old action is written to a valid place.
    let result = unsafe { libc::sigaction(signal, std::ptr::null(), &raw mut action) };
    result == 0 && action.sa_sigaction == libc::SIG_IGN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_signal_that_comes_before_anybody_waits_is_received() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            for number in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGQUIT] {
                // Tests that run in the background are started with some of them ignored.
                if is_ignored(number) {
                    // SAFETY: the default action is no code of this process.
                    unsafe { libc::signal(number, libc::SIG_DFL) };
                }
                let mut signals = Signals::new().unwrap();
                // SAFETY: the process handles this signal since the line above.
                assert_eq!(unsafe { libc::raise(number) }, 0);
                signals.received().await;
            }
        });
    }

    #[test]
    fn a_signal_that_is_ignored_stays_ignored() {
        // A signal that nothing else in this process uses.
        let number = libc::SIGUSR2;
        assert!(!is_ignored(number));
        // SAFETY: ignoring a signal runs no code.
        unsafe { libc::signal(number, libc::SIG_IGN) };
        assert!(is_ignored(number));
        // SAFETY: as above.
        unsafe { libc::signal(number, libc::SIG_DFL) };
    }
}
