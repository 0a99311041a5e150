//! What one run cost.

use serde::Serialize;

/// What one run of a workload cost. Times are processor time in nanoseconds.
#[derive(Debug, Serialize)]
pub(super) struct Cost {
    /// Of the workload itself, probes included.
    pub(super) workload_ns: u64,
    /// Of the tracer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tracer: Option<TracerCost>,
}

/// What the tracer cost beside the workload.
#[derive(Debug, Serialize)]
pub(super) struct TracerCost {
    /// Until it observed.
    pub(super) start_ns: u64,
    /// From then until the workload was over and read.
    pub(super) work_ns: u64,
    /// From Ctrl-C to its end.
    pub(super) end_ns: u64,
    /// Most memory when it observed, in KiB.
    pub(super) start_kib: u64,
    /// The same at the end.
    pub(super) end_kib: u64,
    /// Events that it wrote.
    pub(super) events: u64,
    /// Events that it says it lost; `None` if it does not say.
    pub(super) lost: Option<u64>,
}
