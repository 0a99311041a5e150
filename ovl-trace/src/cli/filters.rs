//! The filters and limits that `live`, `report` and `record` share.

use std::{num::NonZeroU64, time::Duration};

use anyhow::Context as _;
use clap::Args;

use super::{
    config::{Environment, Input, Observation},
    values,
};
use crate::{
    aggregate::SortKey,
    model::{Filter, Kind, Operation, PathPatterns},
};

/// Which events.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Filters (lists: repeat, or separate by commas)")]
pub(crate) struct FilterArgs {
    /// Container: its name, its id, or 4 or more digits of the id
    #[arg(short, long = "container", value_name = "NAME|ID", value_delimiter = ',', value_parser = values::name)]
    containers: Vec<String>,
    /// Namespace of Kubernetes or containerd
    #[arg(short, long = "namespace", value_name = "NS", value_delimiter = ',', value_parser = values::name)]
    namespaces: Vec<String>,
    /// Pod
    #[arg(short, long = "pod", value_name = "POD", value_delimiter = ',', value_parser = values::name)]
    pods: Vec<String>,
    /// Image; a reference without tag stands for all tags
    #[arg(long = "image", value_name = "REF", value_delimiter = ',', value_parser = values::name)]
    images: Vec<String>,
    /// Path in the container: '*' stays in its directory, '**' does not
    // Not split at commas: `{a,b}` is part of a pattern.
    #[arg(long = "path", value_name = "GLOB", value_parser = values::glob)]
    paths: Vec<globset::Glob>,
    /// Process, by its id on the host
    #[arg(long = "pid", value_name = "PID", value_delimiter = ',', value_parser = values::pid)]
    pids: Vec<u32>,
    /// Kind of copy-up: data, metadata, directory, symlink, special
    #[arg(long = "kind", value_name = "KIND", value_delimiter = ',')]
    kinds: Vec<Kind>,
    /// Operation that needed the copy-up: open, truncate, chmod, chown, ...
    #[arg(long = "trigger", value_name = "OPERATION", value_delimiter = ',')]
    triggers: Vec<Operation>,
    /// Copy-ups of files of at least this size
    #[arg(long, value_name = "SIZE", value_parser = values::size)]
    min_bytes: Option<u64>,
    /// Copy-ups that took at least this long
    #[arg(long, value_name = "DURATION", value_parser = values::duration_ns)]
    min_latency: Option<u64>,
}

impl FilterArgs {
    fn filter(self) -> anyhow::Result<Filter> {
        Ok(Filter {
            containers: self.containers,
            namespaces: self.namespaces,
            pods: self.pods,
            images: self.images,
            paths: patterns(&self.paths)?,
            pids: self.pids,
            kinds: self.kinds,
            triggers: self.triggers,
            min_bytes: self.min_bytes.unwrap_or(0),
            min_latency_ns: self.min_latency.unwrap_or(0),
            and: None,
        })
    }
}

/// The union of patterns; `None` for none.
fn patterns(globs: &[globset::Glob]) -> anyhow::Result<Option<PathPatterns>> {
    if globs.is_empty() {
        return Ok(None);
    }
    let patterns = globs.iter().map(|glob| glob.glob().to_owned()).collect();
    PathPatterns::new(patterns)
        .map(Some)
        .context("the patterns of '--path' are too large together; use fewer")
}

/// How long.
#[derive(Debug, Args)]
pub(crate) struct LimitArgs {
    /// Stop after this time (else at Ctrl-C)
    #[arg(short, long, value_name = "DURATION", value_parser = values::duration_of_run)]
    duration: Option<Duration>,
    /// Stop after this many events
    #[arg(long, value_name = "N", value_parser = values::count)]
    count: Option<NonZeroU64>,
}

/// With what in the kernel.
#[derive(Debug, Args)]
pub(crate) struct KernelArgs {
    /// Size of the buffer between kernel and agent: a power of two (1/512 of
    /// the memory, at least 256KiB, at most 4MiB)
    #[arg(long, value_name = "SIZE", value_parser = values::ring_size)]
    ring_size: Option<u64>,
    /// Rows of each of the kernel's tables of totals, overlays and running
    /// copy-ups (8192; 16384 of overlays)
    #[arg(long, value_name = "ROWS", value_parser = values::table_size)]
    table_size: Option<u32>,
}

/// From where, how long, and what then.
#[derive(Debug, Args)]
pub(crate) struct ObservationArgs {
    #[command(flatten)]
    limits: LimitArgs,
    /// Read a recording instead of observing; '-' is standard input
    #[arg(long, value_name = "FILE", value_parser = values::input)]
    #[arg(conflicts_with_all = ["duration", "ring_size", "table_size"])]
    from: Option<Input>,
    /// Exit with 4 if more bytes than this were copied up
    #[arg(long, value_name = "SIZE", value_parser = values::size)]
    fail_over: Option<u64>,
    #[arg(
        long,
        help = "Order of the report: copied_bytes, size_bytes, copy_ups, latency, whiteouts, name",
        value_name = "KEY",
        default_value = "copied_bytes",
        hide_possible_values = true
    )]
    sort: SortKey,
    /// Files to list per container in the report
    #[arg(long, value_name = "N", default_value_t = 10)]
    top: usize,
    #[command(flatten)]
    kernel: KernelArgs,
    #[command(flatten)]
    filter: FilterArgs,
}

/// An observation that nothing is printed of.
pub(crate) fn observation(
    filter: FilterArgs,
    limits: &LimitArgs,
    kernel: &KernelArgs,
) -> anyhow::Result<Observation> {
    Ok(Observation {
        filter: filter.filter()?,
        duration: limits.duration,
        count: limits.count,
        fail_over: None,
        top: 0,
        sort: SortKey::default(),
        ring_bytes: kernel.ring_size,
        table_rows: kernel.table_size,
        totals_only: false,
        from: None,
    })
}

impl ObservationArgs {
    /// # Errors
    ///
    /// If the options are right one by one, but not together.
    pub(crate) fn observation(self, environment: Environment) -> anyhow::Result<Observation> {
        if self.from == Some(Input::Stdin) && environment.stdin_terminal {
            anyhow::bail!(
                "a recording does not come from a terminal; name a file, or send a recording into a pipe"
            );
        }
        Ok(Observation {
            fail_over: self.fail_over,
            top: self.top,
            sort: self.sort,
            from: self.from,
            ..observation(self.filter, &self.limits, &self.kernel)?
        })
    }
}
