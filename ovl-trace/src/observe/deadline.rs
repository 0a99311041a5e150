//! A time that may never come.

use std::time::Instant;

/// Sleeps until then; for ever without a time.
pub(crate) async fn at(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time.into()).await,
        None => std::future::pending().await,
    }
}
