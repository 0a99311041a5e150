//! What the running kernel offers: its types, symbols, tracefs and clocks,
//! and what its numbers mean.

mod arch;
mod clock;
mod described;
pub mod kallsyms;
pub mod offsets;
mod open_flags;
pub mod pid_namespace;
mod preemption;
mod probe_switches;
pub mod probe_table;
mod release;
mod roots;
mod survey;
pub mod syscalls;
pub mod tracefs;
pub mod trigger;

pub use arch::Architecture;
pub use clock::{ClockStep, WallClock};
pub use described::Exists;
pub use preemption::Preemption;
pub use probe_switches::{ProbeSwitch, ProbeSwitches};
pub use release::Release;
pub use roots::KernelRoots;
pub use survey::{FunctionType, Functions, OverlayTypes, Survey, Types, TypesError};
