//! Programs in the trampolines of functions (fentry, fexit): a third of what a kprobe
//! costs, and less at a return. A return here needs no instance of a pool.
//!
//! The kernel keeps the function's module loaded meanwhile
//! (`bpf_trampoline_module_get`, `kernel/bpf/trampoline.c`).

use std::os::fd::{AsFd as _, OwnedFd};

use anyhow::{Context as _, Result};
use ovl_trace_common::program;

use super::{
    bpf::{self, Place, Program},
    probe_table::Probe,
};
use crate::kernel::FunctionType;

/// `MEMBARRIER_CMD_GLOBAL` (`include/uapi/linux/membarrier.h`)
const MEMBARRIER_CMD_GLOBAL: libc::c_int = 1;

/// The trampolines of this process.
#[derive(Default)]
pub(super) struct Trampolines {
    /// overlayfs' types, once they were asked for.
    module: Option<OwnedFd>,
    attached: Vec<Attached>,
}

struct Attached {
    /// Of `ovl_trace_common::program`.
    number: usize,
    program: OwnedFd,
}

/// How often the kernel skipped a program.
pub struct Misses {
    /// Of `ovl_trace_common::program`.
    pub program: usize,
    /// Since it was loaded.
    pub count: u64,
}

impl Trampolines {
    /// Loads the program of `probe` and puts it into the trampoline of `function`,
    /// until the result is closed.
    pub(super) fn attach(
        &mut self,
        probe: &Probe,
        function: FunctionType,
        program: &Program<'_>,
    ) -> Result<OwnedFd> {
        if function.of_module && self.module.is_none() {
            let types = bpf::module_types("overlay").context("looking for overlayfs' types")?;
            self.module = Some(types.context("the kernel has no types of overlayfs")?);
        }
        let module = self.module.as_ref().map(OwnedFd::as_fd);
        let place = Place::Trampoline {
            function: function.id.0,
            module: module.filter(|_| function.of_module),
            returns: probe.returns,
        };
        let number = program::NAMES
            .iter()
            .position(|name| *name == probe.program);
        let number = number.context("a program without a number")?;
        let program = bpf::load(program, place)?;
        let link = bpf::attach(program.as_fd()).context("making the trampoline")?;
        self.attached.push(Attached { number, program });
        Ok(link)
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.attached.len()
    }

    /// All programs.
    pub(super) fn programs(&self) -> impl Iterator<Item = &OwnedFd> {
        self.attached.iter().map(|attached| &attached.program)
    }

    /// How often each program was skipped: it was active on that CPU already.
    pub(super) fn misses(&self) -> Result<Vec<Misses>> {
        self.attached
            .iter()
            .map(|attached| {
                let info = bpf::program_info(attached.program.as_fd())
                    .context("reading how often programs were skipped")?;
                Ok(Misses {
                    program: attached.number,
                    count: info.recursion_misses,
                })
            })
            .collect()
    }

    /// Waits until no program runs that was called before its link was closed.
    pub(super) fn wait(&self) {
        if self.attached.is_empty() {
            return;
        }
        // They run inside of RCU's read side, for which this waits.
        // SAFETY: takes integers.
        let waited = unsafe { libc::syscall(libc::SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) };
        if waited < 0 {
            let error = std::io::Error::last_os_error();
            tracing::debug!("programs that still run are not waited for: {error}");
        }
    }
}
