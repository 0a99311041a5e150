//! The overlays, in the order of their keys, and found fast: each event asks for one.

use std::collections::BTreeMap;

use super::overlay::Overlay;
use crate::model::OverlayKey;

/// Overlays that are found without a search, if no other one has the same place: as
/// many as a busy machine has at a time.
const RECENT: usize = 1024;

/// What is kept of all overlays.
#[derive(Debug)]
pub(crate) struct Overlays {
    /// Where each is in `slots`.
    order: BTreeMap<OverlayKey, u32>,
    slots: Vec<Option<(OverlayKey, Box<Overlay>)>>,
    free: Vec<u32>,
    /// Slots by a number made of the key. It may be that of another overlay, or empty:
    /// then `order` knows.
    recent: Box<[u32; RECENT]>,
}

impl Default for Overlays {
    fn default() -> Self {
        Self {
            order: BTreeMap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            recent: Box::new([0; RECENT]),
        }
    }
}

/// Addresses and times differ in any of their bits. Whoever finds keys of the same
/// place gains nothing but a search.
const fn place(key: &OverlayKey) -> usize {
    let mixed = (key.superblock ^ key.born_ns.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> (64 - RECENT.trailing_zeros())) as usize
}

impl Overlays {
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&OverlayKey, &Overlay)> {
        let slots = self.order.values();
        slots.filter_map(|slot| self.in_slot(*slot))
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &Overlay> {
        self.iter().map(|(_, overlay)| overlay)
    }

    /// In no order.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&OverlayKey, &mut Overlay)> {
        let all = self.slots.iter_mut().flatten();
        all.map(|(key, overlay)| (&*key, &mut **overlay))
    }

    /// In the order of their keys.
    pub(crate) fn for_each_mut(&mut self, mut change: impl FnMut(&mut Overlay)) {
        for slot in self.order.values() {
            if let Some(Some((_, overlay))) = self.slots.get_mut(*slot as usize) {
                change(overlay);
            }
        }
    }

    pub(crate) fn get(&self, key: &OverlayKey) -> Option<&Overlay> {
        self.get_key_value(key).map(|(_, overlay)| overlay)
    }

    pub(crate) fn get_key_value(&self, key: &OverlayKey) -> Option<(&OverlayKey, &Overlay)> {
        self.in_slot(*self.order.get(key)?)
    }

    pub(crate) fn get_mut(&mut self, key: &OverlayKey) -> Option<&mut Overlay> {
        let recent = &mut self.recent[place(key)];
        let known = self.slots.get(*recent as usize);
        if !matches!(known, Some(Some((known, _))) if known == key) {
            *recent = *self.order.get(key)?;
        }
        let slot = self.slots.get_mut(*recent as usize)?;
        slot.as_mut().map(|(_, overlay)| &mut **overlay)
    }

    /// Adds one that is not there yet.
    pub(crate) fn insert(&mut self, key: OverlayKey, overlay: Overlay) -> &mut Overlay {
        let slot = self.free.pop().unwrap_or(self.slots.len() as u32);
        if slot as usize == self.slots.len() {
            self.slots.push(None);
        }
        self.order.insert(key, slot);
        let (_, overlay) = self.slots[slot as usize].insert((key, Box::new(overlay)));
        overlay
    }

    pub(crate) fn remove(&mut self, key: &OverlayKey) -> Option<Overlay> {
        let slot = self.order.remove(key)?;
        self.free.push(slot);
        let (_, overlay) = self.slots.get_mut(slot as usize)?.take()?;
        Some(*overlay)
    }

    fn in_slot(&self, slot: u32) -> Option<(&OverlayKey, &Overlay)> {
        let (key, overlay) = self.slots.get(slot as usize)?.as_ref()?;
        Some((key, overlay))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::model::test_support::unowned;

    proptest! {
        #[test]
        fn it_is_a_map(steps in prop::collection::vec((0..30_u64, 0..4_u8), 0..200)) {
            let mut overlays = Overlays::default();
            let mut map: BTreeMap<OverlayKey, u64> = BTreeMap::new();
            for (number, (born_ns, step)) in (1..).zip(steps) {
                let key = OverlayKey { superblock: born_ns % 7, born_ns };
                if step == 0 {
                    let removed = overlays.remove(&key).map(|it| it.mark());
                    prop_assert_eq!(removed, map.remove(&key));
                } else if let Some(overlay) = overlays.get_mut(&key) {
                    prop_assert_eq!(Some(&overlay.mark()), map.get(&key));
                } else {
                    prop_assert_eq!(map.insert(key, number), None);
                    let overlay = overlays.insert(key, Overlay::new(Arc::new(unowned())));
                    *overlay.events.whiteouts.row(crate::model::Cause::Unlink) = number;
                }
                prop_assert_eq!(overlays.get(&key).map(Overlay::mark), map.get(&key).copied());
            }
            let all: Vec<_> = overlays.iter().map(|(key, it)| (*key, it.mark())).collect();
            prop_assert_eq!(&all, &map.into_iter().collect::<Vec<_>>());
            let mut in_order = Vec::new();
            overlays.for_each_mut(|overlay| in_order.push(overlay.mark()));
            let marks: Vec<_> = all.iter().map(|(_, mark)| *mark).collect();
            prop_assert_eq!(in_order, marks);
            prop_assert_eq!(overlays.iter_mut().count(), overlays.len());
        }
    }

    impl Overlay {
        fn mark(&self) -> u64 {
            let count = self.events.whiteouts.first();
            count.map_or(0, |(_, count)| *count)
        }
    }
}
