//! The last origin of each overlay, as the writer and the reader of a recording
//! both remember it.

use std::{
    collections::VecDeque,
    sync::{Arc, Weak},
};

use hashbrown::HashMap;

use crate::model::{Origin, OverlayKey};

/// Overlays remembered. Beyond it the oldest is forgotten: by the writer, which
/// then writes its origin again before its next event, and by the reader, which
/// does not need it until then. A machine has some hundreds.
const OVERLAYS_MAX: usize = 4096;

/// Bytes of origins that a reader keeps whole. Those of a thousand containers with twenty
/// layers each take some 12 MB.
const BYTES_MAX: usize = 16 << 20;

/// Origins that come between two looks at which ones are still in use.
const LOOK_EVERY: usize = 1024;

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

/// Bounds what the origins of a recording take, wherever they are kept: the file may have
/// been made to fill the memory.
#[derive(Debug, Default)]
pub struct OriginBudget {
    kept: Vec<(Weak<Origin>, usize)>,
    bytes: usize,
    /// How long `kept` grows before the next look at which ones are still in use.
    look_at: usize,
    is_exceeded: bool,
}

impl OriginBudget {
    /// Takes an origin. Beyond the budget only the container and the device are kept.
    pub fn take(&mut self, origin: Origin) -> Arc<Origin> {
        if self.kept.len() >= self.look_at {
            self.forget_unused();
            self.look_at = self.kept.len() + LOOK_EVERY;
        }
        let mut bytes = origin.heap_bytes();
        let mut origin = origin;
        if self.bytes + bytes > BYTES_MAX {
            origin = origin.without_mount();
            bytes = 0;
            if !std::mem::replace(&mut self.is_exceeded, true) {
                tracing::warn!(
                    "the recording describes more mounts than are kept at a time: some \
                     containers are shown without their layers and paths"
                );
            }
        }
        let origin = Arc::new(origin);
        self.kept.push((Arc::downgrade(&origin), bytes));
        self.bytes += bytes;
        origin
    }

    fn forget_unused(&mut self) {
        self.kept.retain(|(origin, _)| origin.strong_count() > 0);
        self.bytes = self.kept.iter().map(|(_, bytes)| bytes).sum();
    }
}
