//! What this kernel, these privileges and these runtimes allow: one check per
//! prerequisite, each with what was found, what is lost without it, and what
//! to do.
//!
//! The commands that trace ask the same checks before they attach anything,
//! so that their refusal and `ovl-trace doctor` never disagree.

mod bpf;
mod check;
mod overlay;
mod privileges;
pub mod render;
mod runtimes;
mod system;
#[cfg(test)]
mod tests;
mod tracing;

use std::path::PathBuf;

pub use bpf::BpfSupport;
pub use check::{Check, Status};

use crate::kernel::{KernelRoots, Survey};

/// Where the doctor looks.
#[derive(Clone, Debug)]
pub struct Roots {
    /// The kernel's files.
    pub kernel: KernelRoots,
    /// `/run`
    pub run: PathBuf,
    /// `/var/lib`
    pub var_lib: PathBuf,
}

impl Roots {
    /// Those of this machine.
    pub fn host() -> Self {
        Self {
            kernel: KernelRoots::host(),
            run: PathBuf::from("/run"),
            var_lib: PathBuf::from("/var/lib"),
        }
    }
}

/// The outcome of all checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// In the order in which they should be read: causes before effects.
    pub checks: Vec<Check>,
}

/// Looks at this machine.
pub fn run(roots: &Roots) -> Diagnosis {
    diagnose(roots, &Survey::take(&roots.kernel), &BpfSupport::try_it())
}

/// Judges what was found before: what the loader has at hand.
pub fn diagnose(roots: &Roots, survey: &Survey, bpf: &BpfSupport) -> Diagnosis {
    let mut checks = system::checks(roots, survey);
    checks.extend(privileges::checks(roots, survey));
    checks.extend(bpf::checks(bpf, survey));
    checks.extend(tracing::checks(roots, survey));
    checks.extend(overlay::checks(roots, survey));
    checks.extend(runtimes::checks(roots));
    Diagnosis { checks }
}

impl Diagnosis {
    /// Nothing that is required is missing.
    pub fn can_trace(&self) -> bool {
        self.fatal().next().is_none()
    }

    /// The checks that make tracing impossible.
    pub fn fatal(&self) -> impl Iterator<Item = &Check> {
        self.checks
            .iter()
            .filter(|check| check.status == Status::Fatal)
    }

    /// Tracing is possible as soon as overlayfs is loaded, which the first
    /// mount of an overlay does.
    pub fn waits_for_overlayfs(&self) -> bool {
        let fatal: Vec<&Check> = self.fatal().collect();
        matches!(fatal[..], [check] if check.name == overlay::NAME && check.found == overlay::NOT_LOADED)
    }

    /// Why tracing is refused, and what to do about each cause: the message
    /// for exit code 3. `None` if it is possible.
    pub fn refusal(&self) -> Option<String> {
        if self.can_trace() {
            return None;
        }
        let mut lines = vec!["this machine cannot be traced:".to_owned()];
        for check in self.fatal() {
            lines.push(format!("- {}: {}", check.name, check.found));
            lines.extend(check.remedy.as_ref().map(|remedy| format!("  {remedy}")));
        }
        lines.push("'ovl-trace doctor' shows all checks.".to_owned());
        Some(lines.join("\n"))
    }
}
