//! The nouns of the field, with units. No I/O, no formatting.

mod container;
mod device;
mod event;
mod filter;
mod layer;
mod mount;
mod names;
mod patterns;
#[cfg(test)]
pub(crate) mod test_support;
mod totals;

pub use container::{Container, Runtime};
pub use device::DeviceNumber;
pub use event::{
    CopyUp, Event, Loss, LossSource, Outcome, OverlaySeen, Phases, Process, RealFileSystem,
    Trigger, Whiteout,
};
pub use filter::Filter;
pub use layer::Layer;
pub use mount::{Mount, Origin};
pub use names::{Cause, Kind, Method, Operation};
pub use ovl_trace_common::overlay::OverlayKey;
pub use patterns::PathPatterns;
pub use totals::{CopyUpTotals, Histogram, OverlayTotals, PhaseTotal, PhaseTotals, TotalsKey};
