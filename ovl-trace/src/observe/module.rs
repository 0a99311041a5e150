//! Waiting for overlayfs where it is a module that nobody needed yet.

use std::{fs, time::Duration};

use anyhow::Result;
use tokio::time::{Instant, sleep, sleep_until};

use super::signals::Signals;
use crate::{cli::exit::Refused, kernel::KernelRoots};

/// How often the module is looked for.
const PAUSE: Duration = Duration::from_millis(50);

/// Waits until the module is there. Fails with [`Refused`] if the user or the
/// clock ends the observation before.
///
/// The mount that loads the module goes on at once, and attaching takes a
/// moment: its very first copy-ups may be missed.
pub(super) async fn loaded(deadline: Option<Instant>, signals: &mut Signals) -> Result<()> {
    tracing::warn!(
        "overlayfs is not loaded; waiting until an overlay is mounted ('modprobe overlay' loads it now)"
    );
    let state = KernelRoots::host().sys.join("module/overlay/initstate");
    while !fs::read_to_string(&state).is_ok_and(|state| state.trim() == "live") {
        let end = async {
            match deadline {
                Some(deadline) => sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = signals.received() => return Err(refused()),
            () = end => return Err(refused()),
            () = sleep(PAUSE) => {}
        }
    }
    Ok(())
}

fn refused() -> anyhow::Error {
    Refused(
        "overlayfs was not loaded until the end, so there was nothing to observe; 'modprobe overlay' loads it"
            .to_owned(),
    )
    .into()
}
