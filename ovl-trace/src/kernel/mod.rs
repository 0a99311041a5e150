//! What the running kernel offers: its types, symbols, tracefs and clocks,
//! and what its numbers mean.

mod arch;
pub mod btf;
mod clock;
pub mod offsets;
mod release;
mod roots;
pub mod syscalls;

pub use arch::Architecture;
pub use clock::WallClock;
pub use release::Release;
pub use roots::KernelRoots;
