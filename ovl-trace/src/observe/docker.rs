//! Asking the Engine API beside the events, never in their way.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::task::JoinHandle;

use crate::enrich::docker::api::{ApiContainer, EngineApi};

/// A daemon that could not name every overlay is left alone for this long.
const PAUSE: Duration = Duration::from_secs(10);

/// At most one question at a time. Files name nearly all containers, so most
/// observations never ask.
pub(super) struct DockerApi {
    api: Arc<EngineApi>,
    question: Option<JoinHandle<Vec<ApiContainer>>>,
    next: Instant,
}

impl DockerApi {
    pub(super) fn new(api: EngineApi) -> Self {
        Self {
            api: Arc::new(api),
            question: None,
            next: Instant::now(),
        }
    }

    /// Asks for all containers, unless it did so just now.
    pub(super) fn ask(&mut self) {
        let now = Instant::now();
        if self.question.is_some() || now < self.next {
            return;
        }
        self.next = now + PAUSE;
        let api = Arc::clone(&self.api);
        self.question = Some(tokio::spawn(async move { api.containers().await }));
    }

    /// The answer left nothing open: the next container may be asked about at
    /// once. It can be gone before the pause is.
    pub(super) fn helped(&mut self) {
        self.next = Instant::now();
    }

    /// Waits for the answer to the last question; for ever if there is none.
    pub(super) async fn answer(&mut self) -> Vec<ApiContainer> {
        let Some(question) = &mut self.question else {
            return std::future::pending().await;
        };
        let answer = question.await;
        self.question = None;
        answer.unwrap_or_default()
    }
}

impl Drop for DockerApi {
    fn drop(&mut self) {
        if let Some(question) = &self.question {
            question.abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_daemon_that_helped_is_asked_again_at_once() {
        let mut docker = DockerApi::new(EngineApi::new(Vec::new()));
        docker.ask();
        assert!(docker.question.is_some());
        assert_eq!(docker.answer().await, []);
        docker.ask();
        assert!(docker.question.is_none(), "it is left alone");
        docker.helped();
        docker.ask();
        assert!(docker.question.is_some());
    }
}
