//! What Docker's paths say. Pure text; nothing is opened.
//!
//! The layout is that of moby's overlay2 graph driver
//! (`daemon/graphdriver/overlay2`), of its containerd image store
//! (`daemon/containerd/mount.go`) and of `BuildKit`'s runc executor. The root
//! is whatever stands before the known part, so that any `--data-root`, and the
//! `UID.GID` directory of userns-remap, work without asking for it.

use std::{
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use crate::enrich::patterns::{is_base36, is_hex64, tail};

/// A recognised path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DockerPath {
    /// `ROOT/overlay2/ID[-init]/{diff,merged}`: a container's own layer, or
    /// that of a build step.
    Layer(Layer),
    /// `ROOT/rootfs/SNAPSHOTTER/ID`: a container of the containerd store.
    Rootfs {
        /// `ROOT`
        data_root: PathBuf,
        /// The container's id.
        container: String,
    },
    /// `ROOT/buildkit/executor/ID/rootfs`: a running build step.
    BuildStep {
        /// `ROOT`
        data_root: PathBuf,
        /// The step's id.
        step: String,
    },
}

/// A layer directory of the overlay2 graph driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layer {
    /// `None` if the path is relative: Docker does that when the options
    /// would be longer than a page.
    pub(crate) data_root: Option<PathBuf>,
    /// The mount id, without `-init`.
    pub(crate) mount_id: String,
    /// It had `-init`: what the daemon itself puts into a new container.
    pub(crate) init: bool,
}

impl Layer {
    /// Where the driver mounts it.
    pub(crate) fn merged(&self, data_root: &Path) -> PathBuf {
        data_root
            .join("overlay2")
            .join(&self.mount_id)
            .join("merged")
    }
}

/// Recognises a mount point or an upperdir.
pub(crate) fn classify(path: &Path) -> Option<DockerPath> {
    if let Some([b"overlay2", id, b"diff" | b"merged"]) = tail(path)
        && let Some((mount_id, init)) = mount_id(id)
    {
        let data_root = path.ancestors().nth(3).map(Path::to_owned);
        return Some(DockerPath::Layer(Layer {
            data_root,
            mount_id,
            init,
        }));
    }
    if let Some([b"rootfs", snapshotter, id]) = tail(path)
        && is_hex64(id)
        && !snapshotter.is_empty()
    {
        return Some(DockerPath::Rootfs {
            data_root: path.ancestors().nth(3)?.to_owned(),
            container: ascii(id),
        });
    }
    if let Some([b"buildkit", b"executor", id, b"rootfs"]) = tail(path)
        && is_base36(id)
    {
        return Some(DockerPath::BuildStep {
            data_root: path.ancestors().nth(4)?.to_owned(),
            step: ascii(id),
        });
    }
    relative_layer(path)
}

/// `ID/diff`, relative to `ROOT/overlay2`.
fn relative_layer(path: &Path) -> Option<DockerPath> {
    let text = path.as_os_str().as_bytes();
    let (mount_id, init) = mount_id(text.strip_suffix(b"/diff")?)?;
    Some(DockerPath::Layer(Layer {
        data_root: None,
        mount_id,
        init,
    }))
}

fn mount_id(name: &[u8]) -> Option<(String, bool)> {
    let id = name.strip_suffix(b"-init").unwrap_or(name);
    let known = is_hex64(id) || is_base36(id);
    known.then(|| (ascii(id), id.len() < name.len()))
}

/// Of bytes that were checked to be letters and digits.
fn ascii(id: &[u8]) -> String {
    String::from_utf8_lossy(id).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::enrich::mountinfo;

    fn layer(root: Option<&str>, id: &str, init: bool) -> DockerPath {
        DockerPath::Layer(Layer {
            data_root: root.map(PathBuf::from),
            mount_id: id.to_owned(),
            init,
        })
    }

    #[test]
    fn layers() {
        let id = "915733e52213cc8c51d58a4be5723a06a6ff3ef6b91cd9f7c4bd5393cad1b01b";
        let step = "ho284nbuey126vpnsmvunvcqr";
        let root = "/srv/d29u/root/100000.100000";
        let of = |text: String| classify(Path::new(&text));
        assert_eq!(
            of(format!("{root}/overlay2/{id}/diff")),
            Some(layer(Some(root), id, false))
        );
        assert_eq!(
            of(format!("{root}/overlay2/{id}-init/merged")),
            Some(layer(Some(root), id, true))
        );
        assert_eq!(
            of(format!("/overlay2/{step}/diff")),
            Some(layer(Some("/"), step, false))
        );
        assert_eq!(of(format!("{id}/diff")), Some(layer(None, id, false)));
        for other in [
            format!("{root}/overlay2/{id}/work"),
            format!("{root}/overlay/{id}/diff"),
            format!("{root}/overlay2/{}/diff", id.to_uppercase()),
            format!("{root}/overlay2/{id}/diff/x"),
            "diff".to_owned(),
            "/".to_owned(),
            String::new(),
        ] {
            assert_eq!(of(other.clone()), None, "{other}");
        }
    }

    #[test]
    fn other_layouts() {
        let id = "04266ed67cf48eba9d20403467384991fb3f4dfcf08afe130bd01983f7032281";
        let text = format!("/srv/d28/root/rootfs/overlayfs/{id}");
        let data_root = PathBuf::from("/srv/d28/root");
        let container = id.to_owned();
        let expected = DockerPath::Rootfs {
            data_root: data_root.clone(),
            container,
        };
        assert_eq!(classify(Path::new(&text)), Some(expected));
        let step = "f0e7i097gkh2gni6u7v0vk14g".to_owned();
        let text = format!("/srv/d28/root/buildkit/executor/{step}/rootfs");
        let expected = DockerPath::BuildStep { data_root, step };
        assert_eq!(classify(Path::new(&text)), Some(expected));
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _path = classify(&mountinfo::path(bytes));
        }
    }
}
