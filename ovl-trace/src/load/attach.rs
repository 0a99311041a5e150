//! The probes of one run: each by a trampoline where that is possible, else by a
//! kprobe, never by both.

use std::os::fd::{AsFd as _, OwnedFd};

use anyhow::{Context as _, Result, anyhow};

use super::{
    Coverage,
    bpf::{self, Place},
    descriptors,
    group::Group,
    object::Programs,
    probe_table::{PROBES, Probe, Refused},
    trampoline::{Misses, Trampolines},
};
use crate::kernel::{
    FunctionType, Functions,
    tracefs::{ProbeProfile, Tracefs},
};

/// What is attached, in the order of attaching.
pub(super) struct Probes<'a> {
    programs: &'a Programs,
    /// Functions that can have a trampoline.
    functions: &'a Functions,
    attached: Attached,
    coverage: Vec<Coverage>,
    refused: Refused,
}

/// What is attached. Dropping it removes everything.
pub(super) struct Attached {
    /// In the order of attaching. Goes first: trace events that are bound cannot be
    /// removed.
    bound: Vec<OwnedFd>,
    group: Group,
    trampolines: Trampolines,
    kprobes: Vec<OwnedFd>,
}

impl<'a> Probes<'a> {
    pub(super) fn new(
        tracefs: &Tracefs,
        programs: &'a Programs,
        functions: &'a Functions,
    ) -> Result<Self> {
        Ok(Self {
            programs,
            functions,
            attached: Attached {
                bound: Vec::new(),
                group: Group::new(tracefs.clone())?,
                trampolines: Trampolines::default(),
                kprobes: Vec::new(),
            },
            coverage: Vec::new(),
            refused: Refused::new(),
        })
    }

    /// Attaches one to `symbol`, as trace events want it; if there is none, that says why.
    /// Fails only if it is required.
    pub(super) fn attach(
        &mut self,
        probe: &'static Probe,
        symbol: Result<String, String>,
    ) -> Result<()> {
        let outcome = match &symbol {
            Ok(symbol) => self.attach_somehow(probe, symbol),
            Err(why) => Err(anyhow!("{why}")),
        };
        let missing = match outcome {
            Ok(bound) => {
                self.attached.bound.push(bound);
                None
            }
            Err(error) if probe.required => {
                return Err(error.context(format!(
                    "the probe on '{}' is needed for {}",
                    probe.function, probe.lost
                )));
            }
            Err(error) => {
                let why = format!("{:#}", descriptors::advise(error));
                tracing::debug!("probe {} is not attached: {why}", probe.program);
                // What relies on the other probe of a function that is required says so
                // in what is lost.
                if symbol.is_ok() && !is_required(probe.function) {
                    self.refused.insert(probe.function, why.clone());
                }
                Some(why)
            }
        };
        self.coverage.push(Coverage {
            probe: probe.program,
            symbol: symbol.unwrap_or_else(|_| probe.function.to_owned()),
            missing,
            lost: probe.lost,
        });
        Ok(())
    }

    fn attach_somehow(&mut self, probe: &Probe, symbol: &str) -> Result<OwnedFd> {
        match self.attach_trampoline(probe, symbol) {
            Some(Ok(bound)) => return Ok(bound),
            Some(Err(error)) => {
                let name = probe.program;
                tracing::debug!("probe {name} becomes a kprobe, without a trampoline: {error:#}");
            }
            None => {}
        }
        let program = self.programs.for_kprobe(probe.program)?;
        let program = bpf::load(&program, Place::Kprobe)
            .with_context(|| format!("loading the program '{}'", probe.program))?;
        let bound = self.attached.group.attach(probe, symbol, program.as_fd())?;
        self.attached.kprobes.push(program);
        Ok(bound)
    }

    /// `None`: it cannot have one.
    fn attach_trampoline(&mut self, probe: &Probe, symbol: &str) -> Option<Result<OwnedFd>> {
        let function = function(probe, symbol, self.functions)?;
        let program = self.programs.for_trampoline(probe.program);
        let trampolines = &mut self.attached.trampolines;
        Some(program.and_then(|program| trampolines.attach(probe, function, &program)))
    }

    /// What was attached; else the functions that were refused.
    pub(super) fn finish(self) -> Result<(Attached, Vec<Coverage>), Refused> {
        if self.refused.is_empty() {
            Ok((self.attached, self.coverage))
        } else {
            Err(self.refused)
        }
    }
}

/// Without a probe on it nothing is traced.
fn is_required(function: &str) -> bool {
    let mut probes = PROBES.iter();
    probes.any(|probe| probe.function == function && probe.required)
}

/// The function of the trampoline; `None`: it becomes a kprobe.
fn function(probe: &Probe, symbol: &str, functions: &Functions) -> Option<FunctionType> {
    let name = symbol.split_once(':').map_or(symbol, |(_, name)| name);
    let function = functions.get(name).copied();
    function.filter(|_| !probe.only_kprobe)
}

impl Attached {
    /// How many probes are trampolines, and how many kprobes.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.trampolines.count(), self.kprobes.len())
    }

    /// Stops all, what begins something before what ends it. Programs that are running
    /// now end first.
    pub(super) fn unbind(&mut self) {
        while let Some(last) = self.bound.pop() {
            drop(last);
        }
        self.trampolines.wait();
    }

    /// Hits and misses of each kprobe.
    pub(super) fn profile(&self) -> Result<Vec<ProbeProfile>> {
        self.group.profile()
    }

    /// Misses of each trampoline.
    pub(super) fn misses(&self) -> Result<Vec<Misses>> {
        self.trampolines.misses()
    }

    /// The number by which the kernel knows one of the programs.
    pub(super) fn any_program_id(&self) -> Option<u32> {
        let trampolines = self.trampolines.programs();
        let program = trampolines.chain(&self.kprobes).next()?;
        Some(bpf::program_info(program.as_fd()).ok()?.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ovl_trace_btf::TypeId;

    #[test]
    fn a_function_that_is_required_is_never_refused() {
        assert!(is_required("ovl_copy_up_start"), "though not its return");
        assert!(!is_required("ovl_copy_up_one"));
    }

    #[test]
    fn a_trampoline_wherever_the_types_have_the_function() {
        let at = |id| FunctionType {
            id: TypeId(id),
            of_module: true,
        };
        let functions = Functions::from([
            ("ovl_copy_up_flags", at(7)),
            ("ovl_copy_up_end", at(8)),
            ("vfs_fsync", at(9)),
        ]);
        let chosen = |program, symbol| {
            let probe = PROBES.iter().find(|probe| probe.program == program);
            function(probe.unwrap(), symbol, &functions)
        };
        let end = chosen("copy_up_end", "overlay:ovl_copy_up_end");
        assert_eq!(end, Some(at(8)));
        assert_eq!(chosen("sync_return", "vfs_fsync"), Some(at(9)));
        // Inlined somewhere, or of a kernel that is preempted.
        assert_eq!(chosen("copy_up_one", "overlay:ovl_copy_up_one"), None);
        // Only a kprobe knows the caller.
        assert_eq!(chosen("copy_up_flags", "overlay:ovl_copy_up_flags"), None);
    }
}
