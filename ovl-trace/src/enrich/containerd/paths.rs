//! What containerd's paths say. Pure text; nothing is opened.
//!
//! The roots are whatever stands before the known parts, so that those of k3s,
//! RKE2, microk8s and k0s, and any configured one, need no list.

use std::{
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use crate::enrich::patterns::tail;

/// Directory of a built-in snapshotter, before its name.
const SNAPSHOTTER: &[u8] = b"io.containerd.snapshotter.v1.";

/// `STATE/io.containerd.runtime.v2.task/NAMESPACE/ID/rootfs`: where the shim
/// mounts a container's root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Task {
    /// The directory above `rootfs`: the container's bundle.
    pub(crate) bundle: PathBuf,
    pub(crate) namespace: String,
    pub(crate) id: String,
}

/// `…/snapshots/NUMBER/fs`: the directory of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SnapshotPath {
    /// The snapshotter's directory.
    pub(crate) snapshotter: PathBuf,
    pub(crate) number: u64,
}

/// Recognises a mount point.
pub(crate) fn task(mount_point: &Path) -> Option<Task> {
    let [runtime, namespace, id, b"rootfs"] = tail(mount_point)? else {
        return None;
    };
    let known = [
        b"io.containerd.runtime.v2.task".as_slice(),
        b"io.containerd.runtime.v1.linux",
    ];
    if !known.contains(&runtime) {
        return None;
    }
    Some(Task {
        bundle: mount_point.parent()?.to_owned(),
        namespace: name(namespace)?,
        id: name(id)?,
    })
}

/// Recognises an upperdir.
pub(crate) fn snapshot(upperdir: &Path) -> Option<SnapshotPath> {
    let [b"snapshots", number, b"fs"] = tail(upperdir)? else {
        return None;
    };
    let digits = number.iter().all(u8::is_ascii_digit) && !number.starts_with(b"0");
    Some(SnapshotPath {
        snapshotter: upperdir.ancestors().nth(3)?.to_owned(),
        number: digits.then(|| std::str::from_utf8(number).ok()?.parse().ok())??,
    })
}

/// containerd's root, where a snapshotter is one of its own. Another program's
/// (stargz, nydus, SOCI) is elsewhere.
pub(crate) fn containerd_root(snapshotter: &Path) -> Option<&Path> {
    let name = snapshotter.file_name()?.as_bytes();
    name.starts_with(SNAPSHOTTER)
        .then(|| snapshotter.parent())?
}

fn name(bytes: &[u8]) -> Option<String> {
    let name = String::from_utf8(bytes.to_vec()).ok()?;
    (!matches!(name.as_str(), "" | "." | "..")).then_some(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::enrich::mountinfo;

    #[test]
    fn tasks() {
        let of = |path: &str| task(Path::new(path)).map(|task| (task.namespace, task.id));
        let found = |namespace: &str, id: &str| Some((namespace.to_owned(), id.to_owned()));
        for (path, expected) in [
            (
                "/run/containerd/io.containerd.runtime.v2.task/k8s.io/ab/rootfs",
                found("k8s.io", "ab"),
            ),
            (
                "/run/k3s/containerd/io.containerd.runtime.v2.task/default/my web/rootfs",
                found("default", "my web"),
            ),
            (
                "/x/io.containerd.runtime.v1.linux/default/a/rootfs",
                found("default", "a"),
            ),
            ("/x/io.containerd.runtime.v2.task/default/a/work", None),
            ("/x/io.containerd.runtime.v2.task/a/rootfs", None),
            ("/x/io.containerd.runtime.v2.task/../a/rootfs", None),
            ("/x/io.containerd.runtime.v9.task/default/a/rootfs", None),
            ("/", None),
        ] {
            assert_eq!(of(path), expected, "{path}");
        }
        let task = task(Path::new("/r/io.containerd.runtime.v2.task/n/i/rootfs")).unwrap();
        assert_eq!(
            task.bundle,
            Path::new("/r/io.containerd.runtime.v2.task/n/i")
        );
    }

    #[test]
    fn snapshots() {
        let of = |path: &str| snapshot(Path::new(path));
        let found = of("/r/io.containerd.snapshotter.v1.overlayfs/snapshots/10/fs").unwrap();
        assert_eq!(found.number, 10);
        assert_eq!(containerd_root(&found.snapshotter), Some(Path::new("/r")));
        let found = of("/var/lib/containerd-stargz-grpc/snapshotter/snapshots/7/fs").unwrap();
        assert_eq!(containerd_root(&found.snapshotter), None);
        for path in [
            "/r/snapshots/10/work",
            "/r/snapshots/x/fs",
            "/r/snapshots/-1/fs",
            "/r/snapshots/010/fs",
            "/r/snapshots/99999999999999999999/fs",
            "snapshots/10/fs",
            "10/fs",
        ] {
            assert_eq!(of(path), None, "{path}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let path = mountinfo::path(bytes);
            let _found = (task(&path), snapshot(&path), containerd_root(&path));
        }
    }
}
