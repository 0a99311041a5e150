//! The Debian suites whose container runtimes are tested, each on one kernel.

use crate::vm;

/// A suite.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Suite {
    /// Its name.
    pub(crate) name: &'static str,
    /// The kernel series that its guest has.
    pub(crate) kernel: &'static str,
    /// Docker is started before the tests, with overlay2.
    pub(super) docker: bool,
    /// What runs in the guest.
    pub(super) script: &'static str,
}

/// All of them. The cases of `runtimes` are asked for by name: where what they
/// need is not installed, they fail.
const SUITES: [Suite; 3] = [
    Suite {
        name: "bookworm",
        kernel: vm::KERNEL,
        docker: true,
        script: "exec ovl-trace-tests",
    },
    Suite {
        name: "trixie",
        kernel: "6.12",
        docker: false,
        script: "exec ovl-trace-tests runtimes docker_overlay2",
    },
    Suite {
        name: "sid",
        kernel: "6.12",
        docker: false,
        script: "exec ovl-trace-tests runtimes docker containerd cri podman",
    },
];

/// The words that `--suites` takes.
pub(crate) const NAMES: [&str; 4] = ["all", "bookworm", "trixie", "sid"];

/// The suites in a list that can be tested on one of these kernels.
pub(crate) fn suites(list: &[String], kernels: &[String]) -> Vec<&'static Suite> {
    let asked = |suite: &&Suite| list.iter().any(|name| name == "all" || name == suite.name);
    let has_kernel = |suite: &&Suite| kernels.iter().any(|kernel| kernel == suite.kernel);
    SUITES.iter().filter(asked).filter(has_kernel).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(list: &[&str], kernels: &[&str]) -> Vec<&'static str> {
        let owned = |list: &[&str]| {
            list.iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>()
        };
        let suites = suites(&owned(list), &owned(kernels));
        suites.iter().map(|suite| suite.name).collect()
    }

    #[test]
    fn a_suite_needs_its_kernel() {
        let all = ["5.10", "6.1", "6.12"];
        assert_eq!(of(&["all"], &all), ["bookworm", "trixie", "sid"]);
        assert_eq!(of(&["sid", "bookworm"], &all), ["bookworm", "sid"]);
        assert_eq!(of(&["all"], &["6.1"]), ["bookworm"]);
        assert!(of(&["all"], &["7.2"]).is_empty());
    }

    #[test]
    fn every_suite_can_be_asked_for() {
        let names: Vec<&str> = SUITES.iter().map(|suite| suite.name).collect();
        assert_eq!(NAMES[1..], names);
    }
}
