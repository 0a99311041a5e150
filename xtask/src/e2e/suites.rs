//! Lists the jobs of each tier: a job is one guest, which runs one script.

use std::fmt::{self, Display, Formatter};

use crate::vm;

/// How much is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tier {
    /// Tests that are short enough to wait for while you work on the code.
    Short,
    /// Tests that must pass before a change lands.
    Full,
    /// All kernels and all suites, however long that takes.
    Everything,
}

/// Every kernel series that is tested, the oldest first.
pub(crate) const ALL_KERNELS: [&str; 5] = ["5.10", "6.1", "6.12", "6.18", NEWEST];

/// The newest kernel that Debian has.
const NEWEST: &str = "newest";

/// Arguments of `ovl-trace-tests kernel --on`, one for each guest. `any` stands for the cases
/// that do not depend on the file system.
const SYSTEM_CALLS: [&str; 3] = ["any", "tmpfs,ext4", "xfs,btrfs"];

/// A set of tests with containers or real programs, which `--suites` names.
#[derive(Debug, PartialEq, Eq)]
struct Suite {
    /// What the tests are about.
    name: &'static str,
    /// What `--suites` calls them.
    word: &'static str,
    /// The root file system.
    rootfs: &'static str,
    /// The kernel series that the guest has.
    kernel: &'static str,
    /// Docker is started before the tests, with overlay2.
    docker: bool,
    /// What runs in the guest.
    script: &'static str,
    /// The smallest tier that has them.
    tier: Tier,
}

/// Suites of `runtimes` name their cases, because a named case fails if its runtime is not
/// installed.
const SUITES: [Suite; 6] = [
    Suite {
        name: "Docker",
        word: "docker",
        rootfs: vm::SMALL,
        kernel: vm::KERNEL,
        docker: true,
        script: "exec ovl-trace-tests containers:: advice::a_recursive_chown life::",
        tier: Tier::Short,
    },
    Suite {
        name: "containers of bookworm",
        word: vm::SUITE,
        rootfs: vm::SUITE,
        kernel: vm::KERNEL,
        docker: true,
        script: "exec ovl-trace-tests",
        tier: Tier::Full,
    },
    Suite {
        name: "workloads",
        word: "workloads",
        rootfs: vm::SUITE,
        kernel: vm::KERNEL,
        docker: false,
        script: "exec ovl-trace-tests workloads",
        tier: Tier::Full,
    },
    Suite {
        name: "containers of sid",
        word: "sid",
        rootfs: "sid",
        kernel: NEWEST,
        docker: false,
        script: "exec ovl-trace-tests runtimes docker containerd cri::two_containers podman",
        tier: Tier::Full,
    },
    Suite {
        name: "containers of trixie",
        word: "trixie",
        rootfs: "trixie",
        kernel: "6.12",
        docker: false,
        script: "exec ovl-trace-tests runtimes docker_overlay2::two docker_overlay2::options \
                 docker_overlay2::build",
        tier: Tier::Everything,
    },
    Suite {
        name: "two hundred containers",
        word: "many",
        rootfs: "sid",
        kernel: NEWEST,
        docker: false,
        script: "exec ovl-trace-tests runtimes cri::two_hundred",
        tier: Tier::Everything,
    },
];

/// The words that `--suites` takes.
pub(crate) const SUITE_WORDS: [&str; 7] = [
    "none",
    "docker",
    "bookworm",
    "workloads",
    "sid",
    "trixie",
    "many",
];

/// A guest, and what runs in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Job {
    /// What the tests are about.
    pub(crate) name: String,
    /// The kernel series.
    pub(crate) kernel: String,
    /// The root file system.
    pub(crate) rootfs: &'static str,
    /// Docker is started first.
    pub(crate) docker: bool,
    /// What runs in the guest.
    pub(crate) script: String,
}

impl Display for Job {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kernel, self.name)
    }
}

impl Tier {
    /// Returns the jobs of the tier, those first that take longest. `kernels` and `suites`
    /// replace the tier's own; with `describe`, system calls say what they must report.
    pub(crate) fn jobs(
        self,
        kernels: Option<&[String]>,
        suites: Option<&[String]>,
        describe: bool,
    ) -> Vec<Job> {
        let describe = if describe { " --describe" } else { "" };
        let mut jobs = Vec::new();
        let mut system_calls = |kernel: &str, on: &str| {
            jobs.push(Job {
                name: format!("system calls ({on})"),
                kernel: kernel.to_owned(),
                rootfs: if self == Self::Short && kernels.is_none() {
                    vm::SMALL
                } else {
                    vm::SUITE
                },
                docker: false,
                script: format!("exec ovl-trace-tests kernel{describe} --on {on}"),
            });
        };
        match (self, kernels) {
            (Self::Short, None) => system_calls(NEWEST, "ext4"),
            (_, None) => {
                let all = self == Self::Everything;
                for on in SYSTEM_CALLS {
                    for kernel in ALL_KERNELS {
                        if all || ["5.10", vm::KERNEL, NEWEST].contains(&kernel) {
                            system_calls(kernel, on);
                        }
                    }
                }
            }
            (_, Some(kernels)) => {
                for on in SYSTEM_CALLS {
                    for kernel in kernels {
                        system_calls(kernel, on);
                    }
                }
            }
        }
        let wanted = |suite: &&Suite| match suites {
            None if self == Self::Short => suite.tier == Self::Short,
            // The suite `containers of bookworm` includes the cases of the short tier's suite.
            None => suite.tier <= self && suite.tier != Self::Short,
            Some(words) => words.iter().any(|word| word == suite.word),
        };
        let of_suites = SUITES.iter().filter(wanted).map(|suite| Job {
            name: suite.name.to_owned(),
            kernel: suite.kernel.to_owned(),
            rootfs: suite.rootfs,
            docker: suite.docker,
            script: suite.script.to_owned(),
        });
        of_suites.chain(jobs).collect()
    }
}

/// The kernel series that a list means: `all` is every one.
pub(crate) fn kernels(list: &[String]) -> Vec<String> {
    let mut kernels: Vec<String> = Vec::new();
    for name in list {
        let meant = match name.as_str() {
            "all" => &ALL_KERNELS[..],
            "none" => &[],
            name => &[name],
        };
        for name in meant {
            if !kernels.iter().any(|known| known == name) {
                kernels.push((*name).to_owned());
            }
        }
    }
    kernels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    fn jobs(tier: Tier) -> Vec<String> {
        tier.jobs(None, None, false)
            .iter()
            .map(Job::to_string)
            .collect()
    }

    #[test]
    fn all_is_every_kernel_once() {
        assert_eq!(kernels(&owned(&["all"])), ALL_KERNELS);
        assert_eq!(
            kernels(&owned(&["6.12", "all", "6.1"])),
            ["6.12", "5.10", "6.1", "6.18", "newest"]
        );
        assert_eq!(kernels(&owned(&["7.2"])), ["7.2"]);
    }

    #[test]
    fn each_tier_is_part_of_the_next() {
        assert_eq!(
            jobs(Tier::Short),
            ["6.1 Docker", "newest system calls (ext4)"]
        );
        let (full, everything) = (jobs(Tier::Full), jobs(Tier::Everything));
        assert!(full.iter().all(|job| everything.contains(job)));
        assert_eq!(full.len(), 3 + 3 * SYSTEM_CALLS.len());
        assert_eq!(everything.len(), 5 + 5 * SYSTEM_CALLS.len());
    }

    #[test]
    fn what_is_asked_for_replaces_what_the_tier_has() {
        let (kernels, suites) = (owned(&["6.12"]), owned(&["trixie"]));
        let jobs = Tier::Full.jobs(Some(&kernels), Some(&suites), false);
        let names: Vec<String> = jobs.iter().map(Job::to_string).collect();
        assert_eq!(names[0], "6.12 containers of trixie");
        assert_eq!(names.len(), 1 + SYSTEM_CALLS.len());
        // The small root file system has no tools for xfs and btrfs.
        let jobs = Tier::Short.jobs(Some(&kernels), Some(&[]), false);
        assert!(jobs.iter().all(|job| job.rootfs != vm::SMALL));
    }

    #[test]
    fn every_suite_can_be_asked_for() {
        assert_eq!(SUITE_WORDS[1..], SUITES.each_ref().map(|suite| suite.word));
    }
}
