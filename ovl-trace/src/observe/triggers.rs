//! Triggers, from the running kernel's symbols and syscall numbers.

use std::{fs, os::unix::fs::MetadataExt as _};

use crate::{
    decode::TriggerTable,
    kernel::{Architecture, KernelRoots, kallsyms::Symbols, probe_table, syscalls, trigger},
    model::Trigger,
};

/// Resolves call sites and syscalls of the running kernel.
pub(super) struct KernelTriggers {
    symbols: Symbols,
    architecture: Architecture,
    /// Which load of the module `symbols` are of.
    load: Option<u64>,
}

impl KernelTriggers {
    pub(super) fn new(symbols: Symbols, architecture: Architecture) -> Self {
        Self {
            symbols,
            architecture,
            load: module_load(),
        }
    }

    /// Those of a recorded kernel.
    pub(super) const fn recorded(symbols: Symbols, architecture: Architecture) -> Self {
        Self {
            symbols,
            architecture,
            load: None,
        }
    }

    /// Its functions are elsewhere from now on.
    pub(super) fn learn(&mut self, symbols: Symbols) {
        self.symbols = symbols;
    }

    pub(super) const fn symbols(&self) -> &Symbols {
        &self.symbols
    }

    pub(super) const fn architecture(&self) -> Architecture {
        self.architecture
    }

    /// Reads the symbols again if overlayfs was loaded anew: its functions are
    /// elsewhere then. Whether it was.
    pub(super) fn refresh(&mut self) -> bool {
        let load = module_load();
        if load == self.load || load.is_none() {
            return false;
        }
        let path = KernelRoots::host().proc.join("kallsyms");
        match Symbols::read(&path, &probe_table::other_symbols()) {
            Ok(symbols) => {
                self.symbols = symbols;
                self.load = load;
                true
            }
            Err(error) => {
                tracing::warn!("{} cannot be read again: {error}", path.display());
                false
            }
        }
    }
}

/// A number that is another one after the module was loaded again; `None` if
/// it is built in or not loaded.
fn module_load() -> Option<u64> {
    fs::metadata("/sys/module/overlay/initstate")
        .ok()
        .map(|file| file.ino())
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
