//! The process that started a container, seen from inside.

use std::{
    fs::{self, File},
    io::Read,
    os::unix::fs::MetadataExt,
    path::Path,
};

use super::namespaces::{NamespaceId, Namespaces};
use crate::model::DeviceNumber;

/// A process is rarely further away from the one that started its container.
const MAX_ANCESTORS: usize = 64;

/// Monitors have short command lines.
const COMMAND_LINE_LIMIT: u64 = 64 << 10;

/// A process outside of a container.
#[derive(Debug)]
pub(crate) struct Outside {
    /// Its mount namespace.
    pub(crate) namespace: NamespaceId,
    /// Its arguments, each ended by a zero byte.
    pub(crate) command_line: Vec<u8>,
    /// Its root directory is the host's: then no container is around it,
    /// although rootless runtimes have a namespace of their own.
    pub(crate) on_host: bool,
}

/// The nearest ancestor of a process that is in another mount namespace.
pub(crate) fn parent(namespaces: &Namespaces, namespace: NamespaceId, pid: u32) -> Option<Outside> {
    let mut inside = pid;
    for _ in 0..MAX_ANCESTORS {
        if namespaces.of(inside)? != namespace {
            return None;
        }
        let parent = parent_of(namespaces, inside)?;
        let outside = namespaces.of(parent)?;
        if outside != namespace {
            return Some(Outside {
                namespace: outside,
                command_line: command_line(namespaces, parent)?,
                on_host: has_host_root(namespaces, parent)?,
            });
        }
        inside = parent;
    }
    None
}

fn parent_of(namespaces: &Namespaces, pid: u32) -> Option<u32> {
    let status = fs::read(namespaces.process(pid).join("status")).ok()?;
    let status = String::from_utf8_lossy(&status);
    let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
    parent.trim().parse().ok()
}

fn command_line(namespaces: &Namespaces, pid: u32) -> Option<Vec<u8>> {
    let file = File::open(namespaces.process(pid).join("cmdline")).ok()?;
    let mut text = Vec::new();
    file.take(COMMAND_LINE_LIMIT).read_to_end(&mut text).ok()?;
    Some(text)
}

fn has_host_root(namespaces: &Namespaces, pid: u32) -> Option<bool> {
    let root = fs::metadata(namespaces.process(pid).join("root")).ok()?;
    let identity = (DeviceNumber::from_stat(root.dev()), root.ino());
    namespaces
        .home_root()
        .is_directory(Path::new("/"), identity)
}
