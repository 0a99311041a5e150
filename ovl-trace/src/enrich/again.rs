//! When to look again for the owner of an overlay: at planned times, when the
//! Engine API has answered, and when its runtime mounts the next one.

use std::time::{Duration, Instant};

use super::{
    Enricher,
    docker::api::ApiContainer,
    entry::{Entry, RETRIES},
};
use crate::model::OverlayKey;

/// How long after its first sight an overlay is looked at again at every mount.
/// Docker's `-init` mount comes before the container's record, however long
/// that takes, and the record before the container's own mount.
const EARLIER: Duration = Duration::from_secs(60);

/// The most that are looked at again at one mount, the newest first.
const MAX_EARLIER: usize = 8;

impl Enricher {
    /// When [`Self::retry`] should be called next.
    pub fn next_retry(&self) -> Option<Instant> {
        self.planned.first().map(|(at, ..)| *at)
    }

    /// Looks again for the owners of overlays whose record was not there yet.
    pub fn retry(&mut self, now: Instant) {
        // A look may plan another for a time that is past.
        for _ in 0..=RETRIES.len() {
            let later = self.planned.split_off(&(now, u64::MAX, u64::MAX));
            let due = std::mem::replace(&mut self.planned, later);
            if due.is_empty() {
                return;
            }
            for (_, superblock, born_ns) in due {
                let key = OverlayKey {
                    superblock,
                    born_ns,
                };
                self.look(key, now);
            }
        }
    }

    /// Whether some overlay is a runtime's whose files do not give its name:
    /// then asking the Engine API is worth it.
    pub fn wants_docker_api(&self) -> bool {
        self.entries.values().any(Entry::wants_api)
    }

    /// Takes what the Engine API knows (see
    /// [`super::docker::api::EngineApi::containers`]).
    pub fn learn_docker_api(&mut self, containers: Vec<ApiContainer>) {
        self.resolvers.docker.learn(containers);
        let now = Instant::now();
        let open: Vec<OverlayKey> = self
            .entries
            .iter_mut()
            .filter(|(_, entry)| entry.wants_api())
            .map(|(key, entry)| {
                entry.asked += 1;
                *key
            })
            .collect();
        for key in open {
            self.look(key, now);
        }
    }

    /// Looks again for the owners of overlays that were mounted just before
    /// this one.
    pub(super) fn look_at_earlier(&mut self, mounted: OverlayKey, now: Instant) {
        let mut earlier: Vec<(Instant, OverlayKey)> = self
            .entries
            .iter()
            .filter(|(key, entry)| **key != mounted && entry.is_unnamed())
            .map(|(key, entry)| (entry.first_seen, *key))
            .filter(|(seen, _)| now.saturating_duration_since(*seen) <= EARLIER)
            .collect();
        if earlier.len() > MAX_EARLIER {
            // Only which are the newest matters.
            let newest_first = |(seen, _): &(Instant, OverlayKey)| std::cmp::Reverse(*seen);
            earlier.select_nth_unstable_by_key(MAX_EARLIER, newest_first);
            earlier.truncate(MAX_EARLIER);
        }
        for (_, key) in earlier {
            self.look(key, now);
        }
    }
}
