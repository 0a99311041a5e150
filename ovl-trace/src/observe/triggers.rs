//! Triggers, from the running kernel's symbols and syscall numbers.

use std::{cell::Cell, io};

use super::callers::Callers;
use crate::{
    decode::TriggerTable,
    kernel::{
        Architecture, KernelRoots, Survey,
        kallsyms::{self, Symbols},
        syscalls, trigger,
    },
    model::Trigger,
};

/// What a trigger is made of: call site, open flags, system call.
type Facts = (u64, Option<u32>, i32, bool);

/// The last answer, and what was asked.
type Slot = Cell<Option<(Facts, Trigger)>>;

/// Triggers that are remembered. A machine has a few dozen.
const REMEMBERED: usize = 64;

/// Resolves call sites and syscalls of the running kernel.
pub struct KernelTriggers {
    callers: Callers,
    architecture: Architecture,
    /// Which load of the module `callers` are of.
    load: Option<u64>,
    /// The last answer of each slot: most events are asked for like one before,
    /// and finding out takes longer than the rest of decoding.
    remembered: Box<[Slot; REMEMBERED]>,
    /// See [`Self::is_certain`].
    is_certain: Cell<bool>,
    /// `callers` are of the load before, as long as those of this one cannot be read.
    is_stale: bool,
}

impl KernelTriggers {
    pub(super) fn new(symbols: Symbols, architecture: Architecture) -> Self {
        Self {
            // Where addresses are hidden, the kernel may name them all the same.
            callers: if symbols.are_listed() && !symbols.addresses_hidden() {
                Callers::listed(symbols)
            } else {
                Callers::asked()
            },
            architecture,
            load: module_load(),
            remembered: nothing(),
            is_certain: Cell::new(true),
            is_stale: false,
        }
    }

    /// Those of a recorded kernel.
    pub fn recorded(symbols: Symbols, architecture: Architecture) -> Self {
        Self {
            callers: Callers::listed(symbols),
            architecture,
            load: None,
            remembered: nothing(),
            is_certain: Cell::new(true),
            is_stale: false,
        }
    }

    /// Its functions are elsewhere from now on.
    pub(super) fn learn(&mut self, symbols: Symbols) {
        self.callers = Callers::listed(symbols);
        self.remembered = nothing();
        self.is_stale = false;
    }

    /// The table of symbols, read now if it was not needed before.
    pub(super) fn symbols(&mut self) -> io::Result<&Symbols> {
        self.callers.list()
    }

    pub(super) const fn architecture(&self) -> Architecture {
        self.architecture
    }

    /// Forgets where functions are if overlayfs was loaded anew: they are elsewhere then.
    /// Whether it was. What cannot be read now is asked for the next time.
    pub(super) fn refresh(&mut self) -> bool {
        let load = module_load();
        if load == self.load || load.is_none() {
            return false;
        }
        if !self.callers.are_listed() {
            self.callers = Callers::asked();
            self.remembered = nothing();
            self.load = load;
            return true;
        }
        match Survey::try_list(&KernelRoots::host()) {
            Ok(symbols) => {
                self.learn(symbols);
                self.load = load;
                true
            }
            Err(error) => {
                tracing::warn!("/proc/kallsyms cannot be read again: {error}");
                self.remembered = nothing();
                self.is_stale = true;
                false
            }
        }
    }
}

fn nothing() -> Box<[Slot; REMEMBERED]> {
    Box::new([const { Cell::new(None) }; REMEMBERED])
}

/// A slot for facts: addresses and numbers differ in any of their bits.
const fn slot(facts: Facts) -> usize {
    let (caller, flags, syscall, compat) = facts;
    let flags = match flags {
        Some(flags) => flags as u64,
        None => u32::MAX as u64,
    };
    let mixed = caller ^ flags.rotate_left(20) ^ (syscall.cast_unsigned() as u64).rotate_left(40);
    let mixed = (mixed ^ compat as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 58) as usize
}

fn module_load() -> Option<u64> {
    kallsyms::load(&KernelRoots::host())
}

impl TriggerTable for KernelTriggers {
    fn trigger(&self, caller: u64, open_flags: Option<u32>, syscall: i32, compat: bool) -> Trigger {
        let facts = (caller, open_flags, syscall, compat);
        let remembered = &self.remembered[slot(facts)];
        if let Some((known, trigger)) = remembered.get()
            && known == facts
        {
            self.is_certain.set(true);
            return trigger;
        }
        let (trigger, is_certain) = self.find(facts);
        if is_certain {
            remembered.set(Some((facts, trigger)));
        }
        self.is_certain.set(is_certain);
        trigger
    }
}

impl KernelTriggers {
    /// Whether the last trigger was found with all that there is to know: if the kernel
    /// did not say which function called, it may be another the next time.
    pub(super) fn is_certain(&self) -> bool {
        self.is_certain.get()
    }

    /// The trigger, and whether that is certain.
    fn find(&self, (caller, open_flags, syscall, compat): Facts) -> (Trigger, bool) {
        // A return address is one past the call, which may be the function's
        // last instruction: the byte before it is in the function.
        let address = caller.checked_sub(1).filter(|_| !self.is_stale);
        let function = address.map(|address| {
            // What is asked now is about the module as it is now.
            self.callers
                .function(address, || module_load() == self.load)
        });
        let (function, is_certain) = match function {
            Some(Ok(function)) => (function, true),
            Some(Err(error)) => {
                tracing::debug!("the kernel does not name {caller:#x}: {error}");
                (None, false)
            }
            None => (None, !self.is_stale),
        };
        let syscall = syscalls::name(self.architecture, compat, syscall);
        let function = function.as_deref();
        let trigger = trigger::trigger(self.architecture, function, open_flags, syscall);
        (trigger, is_certain)
    }
}
