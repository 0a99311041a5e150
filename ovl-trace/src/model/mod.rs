//! The nouns of the field, with units. No I/O, no formatting.

mod comm;
mod container;
mod device;
mod event;
mod examined;
mod filter;
mod image_reference;
mod layer;
mod mount;
mod names;
mod open_flags;
mod patterns;
mod sorted;
#[cfg(test)]
pub(crate) mod test_support;
mod text;
mod totals;

pub use comm::{Comm, FileSystemName};
pub(crate) use container::KUBERNETES;
pub use container::{Container, Runtime};
pub use device::DeviceNumber;
pub use event::{
    CopyUp, Event, Loss, LossSource, Outcome, OverlaySeen, Phases, Process, RealFileSystem,
    Trigger, Whiteout,
};
pub use examined::{Examined, Part};
pub use filter::Filter;
pub use layer::Layer;
pub use mount::{Mount, Origin};
pub use names::{Cause, Kind, Method, Operation};
pub use open_flags::OpenFlags;
pub use ovl_trace_common::overlay::OverlayKey;
pub use patterns::PathPatterns;
pub use sorted::SortedRows;
pub(crate) use sorted::make_room;
pub use totals::{CopyUpTotals, Histogram, OverlayTotals, PhaseTotal, PhaseTotals, TotalsKey};
