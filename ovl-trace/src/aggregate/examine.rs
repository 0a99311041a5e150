//! Which copied files are worth a look afterwards, and what the look found.

use std::cmp::Reverse;

use super::{Aggregator, advice::limits, detail::Tally, file::Copied, overlay::Overlay};
use crate::model::{Examined, OverlayKey, Part};

/// A file to look at in its upper directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToExamine {
    /// The overlay.
    pub overlay: OverlayKey,
    /// Path inside the overlay, starting with `/`.
    pub path: Vec<u8>,
    /// What of it.
    pub part: Part,
    /// The lower file's size.
    pub size_bytes: u64,
    /// The lower file's `i_mode`.
    pub mode: u32,
    /// Its layer (1 is the topmost), if known.
    pub layer: Option<u32>,
    /// When the copy-up began and ended (`CLOCK_MONOTONIC` nanoseconds).
    pub copied_ns: (u64, u64),
}

impl Aggregator {
    /// The files that advice would be about if they turned out to be unchanged,
    /// the most costly first, `limit` at most: of one overlay, or of all. None
    /// of an overlay in which they cost too little to be worth a word.
    pub fn to_examine(&self, only: Option<OverlayKey>, limit: usize) -> Vec<ToExamine> {
        let overlays: Vec<_> = match only {
            Some(key) => self.overlays.get_key_value(&key).into_iter().collect(),
            None => self.overlays.iter().collect(),
        };
        let mut all: Vec<Candidate<'_>> = Vec::new();
        for (key, overlay) in overlays {
            if !self.filter.admits_origin(&overlay.origin) {
                continue;
            }
            for part in [Part::Content, Part::Attributes] {
                all.extend(candidates(*key, overlay, part));
            }
        }
        all.sort_by_key(|(key, tally, path, ..)| {
            (
                Reverse(tally.copied_bytes),
                Reverse(tally.latency_ns),
                *path,
                *key,
            )
        });
        all.truncate(limit);
        let to_examine = |(overlay, _, path, copied, part): Candidate<'_>| ToExamine {
            overlay,
            path: path.to_vec(),
            part,
            size_bytes: copied.size_bytes,
            mode: copied.mode,
            layer: copied.layer,
            copied_ns: (
                copied.time_ns.saturating_sub(copied.latency_ns),
                copied.time_ns,
            ),
        };
        all.into_iter().map(to_examine).collect()
    }

    /// Takes in what a look found. A file that is not, or no longer, known
    /// changes nothing.
    pub fn examined(&mut self, found: &Examined) {
        let row = self
            .overlays
            .get_mut(&found.overlay)
            .and_then(|overlay| overlay.detail.files.get_mut(&found.path[..]));
        if let Some(copied) = row.and_then(|row| row.extra.copied.as_mut())
            && copied.part() == Some(found.part)
        {
            copied.examined = Some((found.part, found.unchanged));
        }
    }
}

type Candidate<'a> = (OverlayKey, &'a Tally, &'a [u8], &'a Copied, Part);

fn candidates(key: OverlayKey, overlay: &Overlay, part: Part) -> Vec<Candidate<'_>> {
    let mut sum = Tally::default();
    let mut found = Vec::new();
    for (path, row) in overlay.detail.files.iter() {
        let Some(copied) = &row.extra.copied else {
            continue;
        };
        // A path whose top is missing leads nowhere.
        if copied.part() == Some(part) && copied.examined.is_none() && path.starts_with(b"/") {
            sum.add(&row.tally);
            found.push((key, &row.tally, &**path, copied, part));
        }
    }
    if !limits::is_worth_a_word(sum.copy_ups, sum.copied_bytes, sum.latency_ns) {
        found.clear();
    }
    found
}
