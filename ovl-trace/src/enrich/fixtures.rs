//! Recorded files of real runtimes, for tests.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use serde_json::Value;
use tempfile::TempDir;

use super::EnrichConfig;

/// A file of `tests/fixtures`.
pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/fixtures")
        .join(name)
}

/// Its text.
pub(crate) fn text(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap()
}

/// Its JSON.
pub(crate) fn json(name: &str) -> Value {
    serde_json::from_str(&text(name)).unwrap()
}

/// A host with its own root and proc, in a temporary directory.
pub(crate) struct FakeHost {
    dir: TempDir,
}

impl FakeHost {
    /// Mounts nothing; pid 1 is in namespace 1.
    pub(crate) fn new() -> Self {
        let host = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        fs::create_dir_all(host.root()).unwrap();
        host.process(1, 1, "");
        host
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.dir.path().join("root")
    }

    /// A host path as a path here.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.root().join(path.trim_start_matches('/'))
    }

    pub(crate) fn proc(&self, pid: u32) -> PathBuf {
        self.dir.path().join("proc").join(pid.to_string())
    }

    pub(crate) fn config(&self) -> EnrichConfig {
        EnrichConfig {
            proc_root: self.dir.path().join("proc"),
            host_root: self.root(),
            docker_sockets: Vec::new(),
            docker_data_roots: vec![PathBuf::from("/var/lib/docker")],
        }
    }

    /// A process that sees these mounts and has the host's root.
    pub(crate) fn process(&self, pid: u32, namespace: u64, mountinfo: &str) {
        let proc = self.proc(pid);
        fs::create_dir_all(proc.join("ns")).unwrap();
        fs::write(proc.join("mountinfo"), mountinfo).unwrap();
        for (link, target) in [
            ("ns/mnt", PathBuf::from(format!("mnt:[{namespace}]"))),
            ("root", self.root()),
        ] {
            if fs::symlink_metadata(proc.join(link)).is_err() {
                symlink(target, proc.join(link)).unwrap();
            }
        }
    }

    /// Gives a process a root of its own; returns that root.
    pub(crate) fn own_root(&self, pid: u32) -> PathBuf {
        let root = self.dir.path().join(format!("root-{pid}"));
        fs::create_dir_all(&root).unwrap();
        fs::remove_file(self.proc(pid).join("root")).unwrap();
        symlink(&root, self.proc(pid).join("root")).unwrap();
        root
    }

    pub(crate) fn cgroup(&self, pid: u32, text: &str) {
        fs::write(self.proc(pid).join("cgroup"), text).unwrap();
    }

    /// Says who started a process.
    pub(crate) fn parent(&self, pid: u32, parent: u32) {
        let text = format!("Name:\tx\nPid:\t{pid}\nPPid:\t{parent}\n");
        fs::write(self.proc(pid).join("status"), text).unwrap();
    }

    /// Gives a process its arguments.
    pub(crate) fn arguments(&self, pid: u32, text: &str) {
        fs::write(self.proc(pid).join("cmdline"), text.replace(' ', "\0")).unwrap();
    }

    /// Copies a recorded tree to a host path.
    pub(crate) fn install(&self, fixture: &str, path: &str) {
        copy(&self::path(fixture), &self.at(path));
    }
}

/// Copies a tree of regular files.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}
