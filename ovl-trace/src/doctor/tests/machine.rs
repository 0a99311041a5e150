//! A machine as a directory.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use crate::{
    doctor::{BpfSupport, Diagnosis, Roots, Status, diagnose},
    kernel::{Architecture, KernelRoots, Survey, probe_table::PROBES},
};

/// A machine in a temporary directory.
pub(super) struct Machine {
    directory: tempfile::TempDir,
    pub(super) roots: Roots,
    pub(super) bpf: BpfSupport,
}

impl Machine {
    /// Debian 6.1 with everything in place.
    pub(super) fn healthy() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let machine = Self {
            roots: Roots {
                kernel: KernelRoots {
                    proc: at("proc"),
                    sys: at("sys"),
                    boot: at("boot"),
                    modules: at("modules"),
                    architecture: Some(Architecture::X86_64),
                },
                run: at("run"),
                var_lib: at("var/lib"),
            },
            directory,
            bpf: BpfSupport {
                kprobe_program: Ok(true),
                ring_buffer: Ok(true),
            },
        };
        machine.write("proc/sys/kernel/osrelease", "6.1.0-56-amd64\n");
        machine.write("proc/sys/kernel/kptr_restrict", "0\n");
        machine.write(
            "proc/filesystems",
            "nodev\ttracefs\nnodev\toverlay\n\text4\n",
        );
        machine.write("proc/kallsyms", symbols());
        machine.status(0, "000001ffffffffff");
        machine.write("proc/self/uid_map", "         0          0 4294967295\n");
        fs::create_dir_all(machine.path("proc/self/ns")).unwrap();
        symlink("pid:[4026531836]", machine.path("proc/self/ns/pid")).unwrap();
        machine.write(
            "sys/kernel/security/lockdown",
            "none [integrity] confidentiality\n",
        );
        machine.write("sys/kernel/tracing/events/header", "");
        machine.write("sys/kernel/tracing/kprobe_events", "");
        machine.write("run/docker.sock", "");
        machine.write("var/lib/docker/engine-id", "");
        for name in ["vmlinux", "overlay"] {
            let fixture = format!("tests/fixtures/btf/debian-6.1.{name}.btf");
            let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join(fixture);
            let bytes = fs::read(fixture).unwrap();
            machine.write(&format!("sys/kernel/btf/{name}"), bytes);
        }
        machine
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(super) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(super) fn remove(&self, name: &str) {
        let path = self.path(name);
        if path.is_dir() {
            fs::remove_dir_all(path).unwrap();
        } else {
            fs::remove_file(path).unwrap();
        }
    }

    pub(super) fn status(&self, uid: u32, capabilities: &str) {
        let text = format!("Name:\tx\nUid:\t1000\t{uid}\t0\t0\nCapEff:\t{capabilities}\n");
        self.write("proc/self/status", text);
    }

    pub(super) fn diagnose(&self) -> Diagnosis {
        let survey = Survey::take(&self.roots.kernel);
        diagnose(&self.roots, &survey, &self.bpf)
    }

    /// The checks that are not as they should be, a line each.
    pub(super) fn complaints(&self) -> String {
        let place = self.directory.path().display().to_string();
        self.diagnose()
            .checks
            .iter()
            .filter(|check| matches!(check.status, Status::Degraded | Status::Fatal))
            .map(|check| format!("{} {}: {}", check.status.name(), check.name, check.found))
            .collect::<Vec<_>>()
            .join("\n")
            .replace(&place, "")
    }
}

/// `/proc/kallsyms` with the functions to probe.
pub(super) fn symbols() -> String {
    let mut lines = vec!["ffffffff81000000 T register_kprobe".to_owned()];
    for (index, probe) in PROBES.iter().enumerate() {
        let name = probe.alternatives[0];
        let module = if name.starts_with("ovl_") {
            "\t[overlay]"
        } else {
            ""
        };
        lines.push(format!("ffffffffc0{index:02x}0000 t {name}{module}"));
    }
    lines.join("\n")
}
