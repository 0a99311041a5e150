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

    /// Bytes that the strings and lists take, without the structure itself.
    pub fn heap_bytes(&self) -> usize {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::capacity);
        let path = |path: &Option<PathBuf>| path.as_ref().map_or(0, PathBuf::capacity);
        let container = self.container.as_ref().map_or(0, |container| {
            let texts = [
                &container.name,
                &container.image,
                &container.pod,
                &container.namespace,
            ];
            let texts = texts.into_iter().map(text).sum::<usize>();
            container.id.capacity() + container.runtime.name().len() + texts
        });
        let mount = &self.mount;
        let paths = [&mount.merged, &mount.upperdir, &mount.workdir];
        let lowerdirs = mount.lowerdirs.iter().map(PathBuf::capacity);
        let layers = self
            .layers
            .iter()
            .map(|layer| layer.id.capacity() + text(&layer.digest) + text(&layer.created_by));
        container
            + paths.into_iter().map(path).sum::<usize>()
            + text(&mount.upper_filesystem)
            + lowerdirs.sum::<usize>()
            + layers.sum::<usize>()
            + size_of_val(&*mount.lowerdirs)
            + size_of_val(&*self.layers)
    }

    /// Forgets everything but the container and the device.
    #[must_use]
    pub fn without_mount(self) -> Self {
        Self {
            container: self.container,
            ..Arc::unwrap_or_clone(Self::unknown(self.mount.device))
        }
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
