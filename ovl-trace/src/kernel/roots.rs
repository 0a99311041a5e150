//! Where the kernel's files are. Tests point it at a directory of their own.

use std::path::PathBuf;

use super::Architecture;

/// Directories that describe the running kernel.
#[derive(Clone, Debug)]
pub struct KernelRoots {
    /// `/proc`
    pub proc: PathBuf,
    /// `/sys`
    pub sys: PathBuf,
    /// `/boot` (the kernel's configuration, for messages)
    pub boot: PathBuf,
    /// `/lib/modules`
    pub modules: PathBuf,
    /// The machine's architecture; `None` if it is not a supported one.
    pub architecture: Option<Architecture>,
}

impl KernelRoots {
    /// Those of this machine.
    pub fn host() -> Self {
        Self {
            proc: PathBuf::from("/proc"),
            sys: PathBuf::from("/sys"),
            boot: PathBuf::from("/boot"),
            modules: PathBuf::from("/lib/modules"),
            architecture: Architecture::host(),
        }
    }
}
