//! Sums over some of a container's events, with what describes them: paths,
//! layers, and when.

use super::{
    advice::Evidence,
    directory::{common_length, depth, directory, is_below},
};
use crate::model::{Cause, CopyUp, Kind, SortedRows, Whiteout, make_room};

/// Paths that a share remembers.
const TOP_PATHS: usize = 5;

/// Layers that a share tells apart. The bytes of others are in the sum only, so
/// that none of these is taken for the source of all.
const LAYERS_MAX: usize = 16;

/// Some events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) copy_ups: u64,
    /// Copy-ups of regular files with their data.
    pub(crate) data: u64,
    pub(crate) whiteouts: u64,
    pub(crate) copied_bytes: u64,
    pub(crate) latency_ns: u64,
    /// The part of the latency that was syncing, as far as measured.
    pub(crate) sync_ns: u64,
    /// First and last of them (`CLOCK_MONOTONIC`).
    pub(crate) times: Option<(u64, u64)>,
    /// The first came soon after its overlay was mounted.
    pub(crate) at_start: bool,
    /// The deepest directory that all of them are below; `None` if there is no
    /// path, or one whose top is missing.
    below: Below,
    layers: SortedRows<u32, u64>,
    /// The most costly first.
    top: Vec<(u64, Box<[u8]>)>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Below {
    #[default]
    Nothing,
    Directory(Vec<u8>),
    /// A path without its top was among them.
    Unknown,
}

impl Share {
    pub(crate) fn copy_up(&mut self, event: &CopyUp, at_start: bool) {
        let bytes = event.copied_bytes.unwrap_or(0);
        self.started(event.time_ns, at_start);
        self.copy_ups += 1;
        self.data += u64::from(event.kind == Kind::Data && bytes > 0);
        add(&mut self.copied_bytes, bytes);
        add(&mut self.latency_ns, event.latency_ns);
        add(&mut self.sync_ns, event.phases.sync_ns.unwrap_or(0));
        if let Some(layer) = event.layer {
            self.add_layer(layer, bytes);
        }
        self.add_directory(directory(&event.path, event.kind == Kind::Directory));
        self.add_path(bytes, &event.path);
    }

    pub(crate) fn whiteout(&mut self, event: &Whiteout, at_start: bool) {
        self.started(event.time_ns, at_start);
        self.whiteouts += 1;
        let of_directory = event.cause == Cause::Rmdir;
        self.add_directory(directory(&event.path, of_directory));
        // The top of a tree that went says more than what was in it.
        let rank = u64::from(of_directory) << 32;
        self.add_path(rank.saturating_sub(depth(&event.path)), &event.path);
    }

    /// Events of this share and of the other one.
    pub(crate) fn add(&mut self, other: &Self) {
        if other.is_empty() {
            return;
        }
        self.at_start |= other.at_start;
        self.times = match (self.times, other.times) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (ours, theirs) => ours.or(theirs),
        };
        self.copy_ups += other.copy_ups;
        self.data += other.data;
        self.whiteouts += other.whiteouts;
        add(&mut self.copied_bytes, other.copied_bytes);
        add(&mut self.latency_ns, other.latency_ns);
        add(&mut self.sync_ns, other.sync_ns);
        for (layer, bytes) in other.layers.iter() {
            self.add_layer(*layer, *bytes);
        }
        match &other.below {
            Below::Nothing => {}
            Below::Directory(path) => self.add_directory(Some(path)),
            Below::Unknown => self.add_directory(None),
        }
        for (rank, path) in &other.top {
            self.add_path(*rank, path);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.copy_ups == 0 && self.whiteouts == 0
    }

    /// Copy-ups and whiteouts.
    pub(crate) fn events(&self) -> u64 {
        self.copy_ups + self.whiteouts
    }

    /// The deepest directory that all are below: `/` if they have nothing in
    /// common.
    pub(crate) fn below(&self) -> Option<&[u8]> {
        match &self.below {
            Below::Directory(path) => Some(path),
            Below::Nothing | Below::Unknown => None,
        }
    }

    /// The layer that nearly all bytes came from (nine of ten).
    pub(crate) fn main_layer(&self) -> Option<u32> {
        let (layer, bytes) = self.layers.iter().max_by_key(|(_, bytes)| *bytes)?;
        let most = u128::from(*bytes) * 10 >= u128::from(self.copied_bytes) * 9;
        (most && *bytes > 0).then_some(*layer)
    }

    pub(crate) fn evidence(&self) -> Evidence {
        Evidence {
            copy_ups: self.copy_ups,
            whiteouts: self.whiteouts,
            copied_bytes: self.copied_bytes,
            latency_ns: self.latency_ns,
            paths: self.top.iter().map(|(_, path)| path.to_vec()).collect(),
        }
    }

    fn started(&mut self, time_ns: u64, at_start: bool) {
        match &mut self.times {
            None => {
                self.times = Some((time_ns, time_ns));
                self.at_start = at_start;
            }
            Some((first, last)) => {
                *first = (*first).min(time_ns);
                *last = (*last).max(time_ns);
            }
        }
    }

    fn add_layer(&mut self, layer: u32, bytes: u64) {
        if self.layers.len() < LAYERS_MAX || self.layers.get(&layer).is_some() {
            add(self.layers.row(layer), bytes);
        }
    }

    fn add_directory(&mut self, directory: Option<&[u8]>) {
        let Some(directory) = directory else {
            self.below = Below::Unknown;
            return;
        };
        match &mut self.below {
            Below::Nothing => self.below = Below::Directory(directory.to_vec()),
            Below::Directory(common) => {
                if !is_below(directory, common) {
                    common.truncate(common_length(common, directory));
                }
            }
            Below::Unknown => {}
        }
    }

    fn add_path(&mut self, rank: u64, path: &[u8]) {
        // Most are none of the top.
        if self.top.len() >= TOP_PATHS && self.top.last().is_some_and(|last| last.0 > rank) {
            return;
        }
        let worse = |known: &(u64, Box<[u8]>)| (known.0, path) < (rank, &*known.1);
        let at = self.top.iter().position(worse).unwrap_or(self.top.len());
        if at < TOP_PATHS && !self.top.iter().any(|(_, known)| **known == *path) {
            self.top.truncate(TOP_PATHS - 1);
            make_room(&mut self.top);
            self.top.insert(at, (rank, path.into()));
        }
    }
}

/// Numbers come from outside: they must not overflow into a panic.
fn add(sum: &mut u64, value: u64) {
    *sum = sum.saturating_add(value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::test_support::{copy_up, whiteout};

    fn below(paths: &[&str]) -> Option<String> {
        let mut share = Share::default();
        for path in paths {
            share.copy_up(&copy_up(path), false);
        }
        share
            .below()
            .map(|path| String::from_utf8_lossy(path).into_owned())
    }

    #[test]
    fn common_directories() {
        for (paths, expected) in [
            (&["/srv/a/x", "/srv/a/y"][..], Some("/srv/a")),
            (&["/srv/a/x", "/srv/ab/y"], Some("/srv")),
            (&["/srv/a/x", "/srv/a/b/c/y", "/srv/a"], Some("/srv")),
            (&["/x", "/y"], Some("/")),
            (&["/srv/x", "/etc/x"], Some("/")),
            (&["/srv/x"], Some("/srv")),
            (&["/srv/x", "…/y"], None),
            (&["…/y", "/srv/x"], None),
            (&[], None),
        ] {
            assert_eq!(below(paths).as_deref(), expected, "{paths:?}");
        }
    }

    #[test]
    fn the_most_costly_paths_and_the_main_layer() {
        let mut share = Share::default();
        for number in 0..20_u64 {
            let mut event = copy_up(&format!("/f{number}"));
            event.copied_bytes = Some(number);
            event.layer = Some(if number == 1 { 2 } else { 1 });
            share.copy_up(&event, false);
        }
        let paths = share.evidence().paths;
        assert_eq!(paths, [b"/f19", b"/f18", b"/f17", b"/f16", b"/f15"]);
        assert_eq!(share.main_layer(), Some(1));
        let mut event = copy_up("/g");
        event.copied_bytes = Some(1 << 20);
        event.layer = None;
        share.copy_up(&event, false);
        assert_eq!(
            share.main_layer(),
            None,
            "most came from nobody knows where"
        );
    }

    #[test]
    fn the_tops_of_removed_trees_come_first() {
        let mut share = Share::default();
        for path in ["/c/a/1", "/c/a/2", "/c/a/3", "/c/a/4", "/c/a/5", "/c/a/6"] {
            share.whiteout(&whiteout(path), false);
        }
        for path in ["/c/a", "/c"] {
            let mut event = whiteout(path);
            event.cause = Cause::Rmdir;
            share.whiteout(&event, false);
        }
        assert_eq!(
            share.evidence().paths[..2],
            [b"/c".to_vec(), b"/c/a".to_vec()]
        );
        assert_eq!(share.below(), Some(&b"/c"[..]));
    }
}
