//! The eBPF program's own log, in a build that has it.

use anyhow::{Context as _, Result};
use aya_log::EbpfLogger;
use tokio::io::unix::AsyncFd;

use crate::load::Tracer;

/// The log, or nothing.
pub(super) struct KernelLog(Option<AsyncFd<EbpfLogger<&'static dyn log::Log>>>);

impl KernelLog {
    pub(super) fn new(tracer: &mut Tracer) -> Result<Self> {
        let Some(log) = tracer.take_log() else {
            return Ok(Self(None));
        };
        // SAFETY: the log owns its descriptor, gives out the same one every
        // time, and closes it only when it is dropped.
        let log =
            unsafe { AsyncFd::register(log) }.context("waiting for the eBPF program's log")?;
        Ok(Self(Some(log)))
    }

    /// Waits for lines and hands them to the tool's log; for ever without a
    /// log.
    pub(super) async fn written(&mut self) -> Result<()> {
        let Some(log) = &mut self.0 else {
            return std::future::pending().await;
        };
        let mut ready = log
            .readable_mut()
            .await
            .context("waiting for the eBPF program's log")?;
        ready.get_inner_mut().flush();
        ready.clear_ready();
        Ok(())
    }
}
