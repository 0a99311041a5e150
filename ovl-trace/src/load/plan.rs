//! What is to be observed, and on what kernel.

use ovl_trace_common::offsets::{Offsets, Settings, Wanted};

use super::ring::lingers;
use crate::kernel::{Functions, kallsyms::Symbols, probe_table, tracefs::Tracefs};

/// What the running kernel offers, and what the user asked for.
#[derive(Debug)]
pub struct Plan<'a> {
    /// Where fields are.
    pub offsets: Offsets,
    /// Which functions exist.
    pub symbols: &'a Symbols,
    /// Which of them can have a trampoline.
    pub functions: &'a Functions,
    /// Where trace events are made.
    pub tracefs: Tracefs,
    /// Size of the ring buffer in bytes: a power of two, and pages.
    pub ring_bytes: u32,
    /// Rows of each table of totals, overlays and running copy-ups; `None`: as
    /// the program has them.
    pub table_rows: Option<u32>,
    /// Send an event per copy-up and whiteout; else only totals are kept.
    pub events: bool,
    /// Which events.
    pub wanted: Wanted,
    /// Announce copy-ups of files of at least this size when they start.
    pub announce_bytes: Option<u64>,
}

impl Plan<'_> {
    /// What the programs are told, where those of `attached` will be.
    pub(super) fn settings(&self, attached: impl Fn(&str) -> bool) -> Settings {
        let mut typed = probe_table::TYPED_TASK.iter();
        Settings {
            announce_bytes: self.announce_bytes.unwrap_or(u64::MAX),
            events: u32::from(self.events),
            splice_probed: u32::from(attached("splice_return")),
            data_probed: u32::from(attached("copy_up_data")),
            one_probed: u32::from(attached("copy_up_one") && attached("copy_up_one_return")),
            sync_probed: u32::from(attached("sync") && attached("sync_return")),
            typed_task: u32::from(typed.all(|name| self.symbols.contains(name))),
            // Where a number of rows is asked for, all rows are of that table. And nothing
            // but this architecture's order of writes keeps a slot's owners apart.
            slots: u32::from(self.table_rows.is_none() && cfg!(target_arch = "x86_64")),
            wanted: self.wanted,
            // Programs for trampolines have a version of their own.
            trampoline: 0,
            lingers_ns: lingers(self.ring_bytes).as_nanos() as u64,
        }
    }
}
