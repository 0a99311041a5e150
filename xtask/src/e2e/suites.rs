//! What is tested with real programs, each in a guest of one Debian suite with
//! one kernel.

use std::slice;

use crate::vm;

/// Tests that run in one guest.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Suite {
    /// What they are about.
    pub(crate) name: &'static str,
    /// What `--suites` calls them.
    word: &'static str,
    /// The Debian suite that the programs are of.
    pub(crate) rootfs: &'static str,
    /// The kernel series that the guest has.
    kernel: &'static str,
    /// Docker is started before the tests, with overlay2.
    pub(super) docker: bool,
    /// What runs in the guest.
    pub(super) script: &'static str,
}

/// Containers. The cases of `runtimes` are asked for by name: where what they
/// need is not installed, they fail.
const CONTAINERS: [Suite; 4] = [
    Suite {
        name: "containers",
        word: vm::SUITE,
        rootfs: vm::SUITE,
        kernel: vm::KERNEL,
        docker: true,
        script: "exec ovl-trace-tests",
    },
    Suite {
        name: "containers of trixie",
        word: "trixie",
        rootfs: "trixie",
        kernel: "6.12",
        docker: false,
        script: "exec ovl-trace-tests runtimes docker_overlay2::two docker_overlay2::options \
                 docker_overlay2::build",
    },
    Suite {
        name: "containers of sid",
        word: "sid",
        rootfs: "sid",
        kernel: "newest",
        docker: false,
        script: "exec ovl-trace-tests runtimes docker containerd cri::two_containers podman",
    },
    Suite {
        name: "two hundred containers",
        word: "many",
        rootfs: "sid",
        kernel: "newest",
        docker: false,
        script: "exec ovl-trace-tests runtimes cri::two_hundred",
    },
];

/// Other programs.
const WORKLOADS: Suite = Suite {
    name: "workloads",
    word: "workloads",
    rootfs: vm::SUITE,
    kernel: vm::KERNEL,
    docker: false,
    script: "exec ovl-trace-tests workloads",
};

/// The words that `--suites` takes.
pub(crate) const NAMES: [&str; 5] = ["all", "bookworm", "trixie", "sid", "many"];

/// What is tested unless asked otherwise: one version of each runtime, and the
/// oldest Docker. Those of trixie are a Docker between the two.
pub(crate) const DEFAULT: &str = "bookworm,sid";

/// What a command line asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    /// Debian suites for the containers, in the words of [`NAMES`].
    pub(crate) containers: &'a [String],
    /// Other programs as well.
    pub(crate) workloads: bool,
}

impl Suite {
    /// All that is asked for and has its kernel among these; then what is left
    /// out for its kernel.
    pub(crate) fn choose(
        asked: Asked<'_>,
        kernels: &[String],
    ) -> (Vec<&'static Self>, Vec<&'static Self>) {
        let is_asked = |suite: &&Self| {
            let mut names = asked.containers.iter();
            names.any(|name| name == "all" || name == suite.word)
        };
        let workloads = asked.workloads.then_some(slice::from_ref(&WORKLOADS));
        CONTAINERS
            .iter()
            .filter(is_asked)
            .chain(workloads.unwrap_or_default())
            .partition(|suite| kernels.iter().any(|kernel| kernel == suite.kernel))
    }

    /// The kernel series that its guest has.
    pub(crate) fn kernel(&self) -> &'static str {
        self.kernel
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(containers: &[&str], workloads: bool, kernels: &[&str]) -> Vec<&'static str> {
        let owned =
            |list: &[&str]| -> Vec<String> { list.iter().map(|name| (*name).to_owned()).collect() };
        let asked = Asked {
            containers: &owned(containers),
            workloads,
        };
        let (chosen, _) = Suite::choose(asked, &owned(kernels));
        chosen.iter().map(|suite| suite.name).collect()
    }

    #[test]
    fn a_suite_needs_its_kernel() {
        let all = ["5.10", "6.1", "6.12", "newest"];
        let [bookworm, trixie, sid, many] = CONTAINERS.each_ref().map(|suite| suite.name);
        assert_eq!(
            of(&["all"], true, &all),
            [bookworm, trixie, sid, many, "workloads"]
        );
        assert_eq!(of(&["sid", "bookworm"], false, &all), [bookworm, sid]);
        assert_eq!(of(&["all"], false, &["6.1"]), [bookworm]);
        assert!(of(&[], false, &all).is_empty());
    }

    #[test]
    fn every_suite_can_be_asked_for() {
        assert_eq!(NAMES[1..], CONTAINERS.each_ref().map(|suite| suite.word));
    }
}
