//! Where to look for mounts and for the runtimes' files.

use std::path::PathBuf;

use super::docker::api::default_sockets;

/// Where to look.
#[derive(Clone, Debug)]
pub struct EnrichConfig {
    /// The proc file system of the host.
    pub proc_root: PathBuf,
    /// The host's root directory. Another one than `/` means that the agent
    /// runs in a container that has the host's root there.
    pub host_root: PathBuf,
    /// Where Docker's socket may be; the first that exists is asked.
    pub docker_sockets: Vec<PathBuf>,
    /// Docker data roots, for mounts whose options do not name one.
    pub docker_data_roots: Vec<PathBuf>,
}

impl Default for EnrichConfig {
    fn default() -> Self {
        Self {
            proc_root: PathBuf::from("/proc"),
            host_root: PathBuf::from("/"),
            docker_sockets: default_sockets(),
            docker_data_roots: vec![PathBuf::from("/var/lib/docker")],
        }
    }
}
