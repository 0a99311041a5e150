//! Triggers, from the running kernel's symbols and syscall numbers.

use crate::{
    decode::TriggerTable,
    kernel::{Architecture, kallsyms::Symbols, syscalls, trigger},
    model::Trigger,
};

/// Resolves call sites and syscalls of the running kernel.
pub(super) struct KernelTriggers {
    symbols: Symbols,
    architecture: Architecture,
}

impl KernelTriggers {
    pub(super) const fn new(symbols: Symbols, architecture: Architecture) -> Self {
        Self {
            symbols,
            architecture,
        }
    }
}

impl TriggerTable for KernelTriggers {
    fn trigger(&self, caller: u64, open_flags: Option<u32>, syscall: i32, compat: bool) -> Trigger {
        // A return address is one past the call, which may be the function's
        // last instruction: the byte before it is in the function.
        let function = caller
            .checked_sub(1)
            .and_then(|address| self.symbols.resolve(address))
            .map(|(name, _)| name);
        let syscall = syscalls::name(self.architecture, compat, syscall);
        trigger::trigger(self.architecture, function, open_flags, syscall)
    }
}
