//! What the paths of a store say. Pure text; nothing is opened.
//!
//! The layout is that of `go.podman.io/storage` (`drivers/overlay`,
//! `containers.go`) and of the overlay volumes of Buildah's `pkg/overlay`. The
//! graph root is whatever stands before the known part.

use std::{
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use crate::enrich::patterns::{is_hex64, tail};

/// A recognised path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoragePath {
    /// `ROOT/overlay/LAYER/{diff,merged}`: the layer of a container.
    Layer {
        /// `None` if the path is relative: the driver mounts so when the
        /// options would be longer than a page.
        graph_root: Option<PathBuf>,
        /// The layer's id, which is not the container's.
        layer: String,
    },
    /// `ROOT/overlay-containers/ID/userdata/overlay/N/{upper,lower,merge}`: a
    /// volume `:O`, an image as a volume, or a root file system `:O`.
    Volume {
        /// `ROOT`
        graph_root: PathBuf,
        /// The container's id.
        container: String,
    },
}

impl StoragePath {
    /// Whether it is this layer's.
    pub(crate) fn has_layer(&self, id: &str) -> bool {
        matches!(self, Self::Layer { layer, .. } if layer == id)
    }
}

/// Recognises an upperdir, a lowerdir or a mount point.
pub(crate) fn classify(path: &Path) -> Option<StoragePath> {
    if let Some([b"overlay", id, b"diff" | b"merged"]) = tail(path)
        && is_hex64(id)
    {
        return Some(StoragePath::Layer {
            graph_root: path.ancestors().nth(3).map(Path::to_owned),
            layer: ascii(id),
        });
    }
    if let Some(
        [
            b"overlay-containers",
            id,
            b"userdata",
            b"overlay",
            number,
            b"upper" | b"lower" | b"merge",
        ],
    ) = tail(path)
        && is_hex64(id)
        && is_number(number)
    {
        return Some(StoragePath::Volume {
            graph_root: path.ancestors().nth(6)?.to_owned(),
            container: ascii(id),
        });
    }
    let id = path.as_os_str().as_bytes().strip_suffix(b"/diff")?;
    is_hex64(id).then(|| StoragePath::Layer {
        graph_root: None,
        layer: ascii(id),
    })
}

/// The store that a lower layer is in: `ROOT/overlay/` and then `l/LINK`,
/// `LAYER/diff` or, with shifted ids, `LAYER/mapped/N`. Additional image stores
/// have graph roots of their own.
pub(crate) fn graph_root_of_lower(path: &Path) -> Option<&Path> {
    let levels = match (tail(path), tail(path)) {
        (Some([b"overlay", b"l", _link]), _) => 3,
        (Some([b"overlay", id, b"diff"]), _) if is_hex64(id) => 3,
        (_, Some([b"overlay", id, b"mapped", number])) if is_hex64(id) && is_number(number) => 4,
        _ => return None,
    };
    path.ancestors().nth(levels)
}

fn is_number(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
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

    const ROOT: &str = "/home/u1/.local/share/containers/storage";

    fn of(text: &str) -> Option<StoragePath> {
        classify(Path::new(text))
    }

    #[test]
    fn layers() {
        let id = "ab".repeat(32);
        let layer = |graph_root: Option<&str>| {
            Some(StoragePath::Layer {
                graph_root: graph_root.map(PathBuf::from),
                layer: id.clone(),
            })
        };
        assert_eq!(of(&format!("{ROOT}/overlay/{id}/diff")), layer(Some(ROOT)));
        assert_eq!(
            of(&format!("{ROOT}/overlay/{id}/merged")),
            layer(Some(ROOT))
        );
        assert_eq!(of(&format!("/overlay/{id}/diff")), layer(Some("/")));
        assert_eq!(of(&format!("{id}/diff")), layer(None));
        for other in [
            format!("{ROOT}/overlay2/{id}/diff"),
            format!("{ROOT}/overlay/{id}/work"),
            format!("{ROOT}/overlay/{id}/diff/x"),
            format!("{ROOT}/overlay/{}/diff", id.to_uppercase()),
            format!("{id}/merged"),
            String::new(),
        ] {
            assert_eq!(of(&other), None, "{other}");
        }
    }

    #[test]
    fn volumes() {
        let id = "cd".repeat(32);
        let container = id.clone();
        let userdata = format!("{ROOT}/overlay-containers/{id}/userdata");
        let expected = StoragePath::Volume {
            graph_root: PathBuf::from(ROOT),
            container,
        };
        for end in ["upper", "lower", "merge"] {
            let text = format!("{userdata}/overlay/2402937679/{end}");
            assert_eq!(of(&text), Some(expected.clone()));
        }
        assert_eq!(of(&format!("{userdata}/overlay/x/upper")), None);
        assert_eq!(of(&format!("{userdata}/overlay/1/work")), None);
    }

    #[test]
    fn stores_of_lower_layers() {
        let id = "ab".repeat(32);
        let root = |text: &str| graph_root_of_lower(Path::new(text)).map(Path::to_owned);
        for end in [
            "l/QXZFXANVSGSQMCS52PVXVCRHBP".to_owned(),
            format!("{id}/diff"),
            format!("{id}/mapped/0"),
        ] {
            let text = format!("/usr/lib/containers/storage/overlay/{end}");
            assert_eq!(
                root(&text),
                Some(PathBuf::from("/usr/lib/containers/storage"))
            );
        }
        for other in ["3", "l/QXZFXANVSGSQMCS52PVXVCRHBP", "/tmp/x", ""] {
            assert_eq!(root(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let path = mountinfo::path(bytes);
            let _class = classify(&path);
            let _root = graph_root_of_lower(&path);
        }
    }
}
