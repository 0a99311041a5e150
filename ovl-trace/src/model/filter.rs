//! Which events the user wants to see.

use super::{Kind, Operation};

/// The shared filters of `live`, `report`, `record` and `serve`. An empty list
/// or `None` admits all; lists are alternatives, different fields must all
/// hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Container names, full ids or id prefixes (at least 4 characters).
    pub containers: Vec<String>,
    /// Namespaces.
    pub namespaces: Vec<String>,
    /// Pods.
    pub pods: Vec<String>,
    /// Image references.
    pub images: Vec<String>,
    /// Paths.
    pub paths: Option<globset::GlobSet>,
    /// Thread group ids.
    pub pids: Vec<u32>,
    /// Kinds of copy-up (a whiteout matches none of them).
    pub kinds: Vec<Kind>,
    /// Operations (a whiteout matches none of them).
    pub triggers: Vec<Operation>,
    /// Least `size_bytes` (whiteouts do not match a value above 0).
    pub min_bytes: u64,
    /// Least `latency_ns` (likewise).
    pub min_latency_ns: u64,
}
