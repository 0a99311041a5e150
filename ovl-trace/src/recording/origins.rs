//! The last origin of each overlay, as the writer and the reader of a recording
//! both remember it.

use std::{collections::VecDeque, sync::Arc};

use hashbrown::HashMap;

use crate::model::{Origin, OverlayKey};

/// Overlays remembered. Beyond it the oldest is forgotten: by the writer, which
/// then writes its origin again before its next event, and by the reader, which
/// does not need it until then. A machine has some hundreds.
const OVERLAYS_MAX: usize = 4096;

/// What the recording said last.
#[derive(Debug, Default)]
pub struct Origins {
    known: HashMap<OverlayKey, Arc<Origin>>,
    /// By the time of the first origin.
    oldest: VecDeque<OverlayKey>,
}

impl Origins {
    /// The origin, if it is remembered.
    pub fn get(&self, overlay: OverlayKey) -> Option<&Arc<Origin>> {
        self.known.get(&overlay)
    }

    /// Takes an origin; whether it is news.
    pub fn learn(&mut self, overlay: OverlayKey, origin: &Arc<Origin>) -> bool {
        if let Some(known) = self.known.get_mut(&overlay) {
            if Arc::ptr_eq(known, origin) || known == origin {
                return false;
            }
            *known = Arc::clone(origin);
            return true;
        }
        if self.oldest.len() >= OVERLAYS_MAX
            && let Some(oldest) = self.oldest.pop_front()
        {
            self.known.remove(&oldest);
        }
        self.oldest.push_back(overlay);
        self.known.insert(overlay, Arc::clone(origin));
        true
    }
}
