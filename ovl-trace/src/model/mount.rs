//! Overlay mounts and whom they belong to.

use std::{path::PathBuf, sync::Arc};

use super::{Container, DeviceNumber, Layer};

/// An overlay mount. Paths are as the mounter sees them, from the root of its
/// mount namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// `s_dev` of the overlay superblock. Recycled: never a key.
    pub device: DeviceNumber,
    /// The best known mount point.
    pub merged: Option<PathBuf>,
    /// `upperdir=`; `None` for a read-only overlay, or if unknown.
    pub upperdir: Option<PathBuf>,
    /// `workdir=`.
    pub workdir: Option<PathBuf>,
    /// The type of the upper directory's file system, if the kernel told.
    pub upper_filesystem: Option<String>,
    /// `lowerdir=` entries, topmost first, as mounted: possibly relative.
    pub lowerdirs: Vec<PathBuf>,
}

/// Where an event happened: the mount, and the container that owns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// `None` for an overlay that no runtime owns (or none that is known).
    pub container: Option<Container>,
    /// The mount.
    pub mount: Mount,
    /// The lower layers, topmost first, from the runtime's store; empty if
    /// they are not known. Never from `lowerdir=` alone.
    pub layers: Vec<Layer>,
}

impl Origin {
    /// An overlay of which only the device number is known.
    pub fn unknown(device: DeviceNumber) -> Arc<Self> {
        Arc::new(Self {
            container: None,
            mount: Mount {
                device,
                merged: None,
                upperdir: None,
                workdir: None,
                upper_filesystem: None,
                lowerdirs: Vec::new(),
            },
            layers: Vec::new(),
        })
    }

    /// A lower layer by its index in the overlay: 1 is the topmost.
    pub fn layer(&self, index: u32) -> Option<&Layer> {
        self.layers
            .get(usize::try_from(index).ok()?.checked_sub(1)?)
    }

    /// What to call it on a screen: the container's label, else
    /// `overlay MAJOR:MINOR`.
    pub fn label(&self) -> String {
        match &self.container {
            Some(container) => container.label().to_owned(),
            None => format!("overlay {}", self.mount.device),
        }
    }
}
