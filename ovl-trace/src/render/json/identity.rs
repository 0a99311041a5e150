//! Who and where: the parts that events and reports share.

use std::{
    borrow::Cow,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{hex, name};
use crate::model::{Container, Mount};

/// A container. Unknown fields are `null`.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the fields are those of `model::Container`")]
pub struct ContainerJson<'a> {
    pub id: &'a str,
    pub name: Option<&'a str>,
    pub image: Option<&'a str>,
    pub runtime: &'a str,
    pub pod: Option<&'a str>,
    pub namespace: Option<&'a str>,
}

impl<'a> From<&'a Container> for ContainerJson<'a> {
    fn from(container: &'a Container) -> Self {
        Self {
            id: &container.id,
            name: container.name.as_deref(),
            image: container.image.as_deref(),
            runtime: container.runtime.name(),
            pod: container.pod.as_deref(),
            namespace: container.namespace.as_deref(),
        }
    }
}

/// A mount. The `…_bytes` are hexadecimal and present only if the path is not
/// UTF-8.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the fields are those of `model::Mount`")]
pub struct MountJson<'a> {
    pub device: String,
    pub merged: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merged_bytes: Option<String>,
    pub upperdir: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upperdir_bytes: Option<String>,
    pub upper_filesystem: Option<&'a str>,
}

impl<'a> From<&'a Mount> for MountJson<'a> {
    fn from(mount: &'a Mount) -> Self {
        let (merged, merged_bytes) = path(mount.merged.as_deref());
        let (upperdir, upperdir_bytes) = path(mount.upperdir.as_deref());
        Self {
            device: mount.device.to_string(),
            merged,
            merged_bytes,
            upperdir,
            upperdir_bytes,
            upper_filesystem: mount.upper_filesystem.as_deref(),
        }
    }
}

/// A path that may be unknown, and its bytes if they are not UTF-8.
pub(crate) fn path(path: Option<&Path>) -> (Option<Cow<'_, str>>, Option<String>) {
    match path {
        Some(path) => {
            let (text, bytes) = name(path.as_os_str().as_bytes());
            (Some(text), bytes)
        }
        None => (None, None),
    }
}

/// Paths, and the bytes of all of them if one is not UTF-8.
pub(crate) fn paths(paths: &[PathBuf]) -> (Vec<Cow<'_, str>>, Option<Vec<String>>) {
    let texts = paths.iter().map(|path| path.to_string_lossy()).collect();
    let whole = paths.iter().all(|path| path.to_str().is_some());
    let bytes = || paths.iter().map(|path| hex(path.as_os_str().as_bytes()));
    (texts, (!whole).then(|| bytes().collect()))
}
