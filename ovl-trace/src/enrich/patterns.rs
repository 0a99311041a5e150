//! What the path of a mount point alone tells.

use std::{os::unix::ffi::OsStrExt, path::Path};

/// How telling a mount point is; the least is the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Rank {
    /// Where a runtime mounts a container's root: it has the id in it.
    Container,
    /// Where `BuildKit` mounts the root of a build step.
    BuildStep,
    /// Anything else.
    Other,
    /// A short-lived second mount of a builder or of a layer comparison.
    Auxiliary,
    /// `/`: a process inside sees only this.
    Root,
}

/// The last `N` components of an absolute path, first to last.
pub(crate) fn tail<const N: usize>(path: &Path) -> Option<[&[u8]; N]> {
    let mut parts = path.as_os_str().as_bytes().rsplit(|&byte| byte == b'/');
    let mut found = [b"".as_slice(); N];
    for slot in found.iter_mut().rev() {
        *slot = parts.next()?;
    }
    // Something must be before them, if only the empty text before the `/`.
    parts.next().map(|_| found)
}

/// 64 lower-case hexadecimal digits: a container, or a layer.
pub(crate) fn is_hex64(text: &[u8]) -> bool {
    text.len() == 64 && text.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// `BuildKit`'s ids: 25 digits in base 36.
pub(crate) fn is_base36(text: &[u8]) -> bool {
    text.len() == 25 && text.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'z'))
}

/// Ranks a mount point.
pub(crate) fn rank(path: &Path) -> Rank {
    let numbered = |name: &[u8], prefix: &[u8]| {
        name.strip_prefix(prefix)
            .is_some_and(|rest| !rest.is_empty() && rest.iter().all(u8::is_ascii_digit))
    };
    if path == Path::new("/") {
        return Rank::Root;
    }
    if let Some([runtime, _namespace, _id, b"rootfs"]) = tail(path)
        && runtime.starts_with(b"io.containerd.runtime.v")
    {
        return Rank::Container;
    }
    if let Some([parent, id, b"merged"]) = tail(path) {
        let bare = id.strip_suffix(b"-init").unwrap_or(id);
        match parent {
            b"overlay2" if is_hex64(bare) || is_base36(bare) => return Rank::Container,
            b"overlay" if is_hex64(id) => return Rank::Container,
            _ => {}
        }
    }
    if let Some([b"rootfs", _snapshotter, id]) = tail(path)
        && is_hex64(id)
    {
        return Rank::Container;
    }
    if let Some([b"buildkit", b"executor", id, b"rootfs"]) = tail(path)
        && is_base36(id)
    {
        return Rank::BuildStep;
    }
    match tail(path) {
        Some([b"cachemounts", name]) if numbered(name, b"buildkit") => return Rank::Auxiliary,
        Some([b"tmp", name]) if numbered(name, b"containerd-mount") => return Rank::Auxiliary,
        _ => {}
    }
    match tail(path) {
        Some([name, b"mnt", b"rootfs"]) if numbered(name, b"buildah") => Rank::Auxiliary,
        _ => Rank::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks() {
        let hex = "ab".repeat(32);
        let step = "f0e7i097gkh2gni6u7v0vk14g";
        for (path, expected) in [
            ("/".to_owned(), Rank::Root),
            (format!("/d/overlay2/{hex}/merged"), Rank::Container),
            (format!("/d/overlay2/{hex}-init/merged"), Rank::Container),
            (format!("/d/overlay2/{step}/merged"), Rank::Container),
            (format!("/d/overlay/{hex}/merged"), Rank::Container),
            (format!("/d/rootfs/overlayfs/{hex}"), Rank::Container),
            (
                format!("/run/io.containerd.runtime.v2.task/k8s.io/{hex}/rootfs"),
                Rank::Container,
            ),
            (
                format!("/d/buildkit/executor/{step}/rootfs"),
                Rank::BuildStep,
            ),
            (
                "/d/buildkit/x/cachemounts/buildkit123".to_owned(),
                Rank::Auxiliary,
            ),
            ("/tmp/containerd-mount969915498".to_owned(), Rank::Auxiliary),
            ("/var/tmp/buildah12/mnt/rootfs".to_owned(), Rank::Auxiliary),
            ("/tmp/containerd-mount".to_owned(), Rank::Other),
            ("/overlay2/short/merged".to_owned(), Rank::Other),
            ("/mnt".to_owned(), Rank::Other),
        ] {
            assert_eq!(rank(Path::new(&path)), expected, "{path}");
        }
    }
}
