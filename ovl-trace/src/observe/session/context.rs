//! What the report says of the observation itself.

use std::fs;

use anyhow::Result;
use jiff::Timestamp;

use crate::{
    aggregate::{Coverage, ReportContext},
    cli::config::Observation,
    kernel::WallClock,
    load::Tracer,
    observe::triggers::KernelTriggers,
    recording::Header,
    screen::state::About,
};

/// At the end of an observation, when the probes are off.
pub(super) fn of(tracer: &Tracer, kernel: String, started: Timestamp) -> Result<ReportContext> {
    Ok(ReportContext {
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        kernel,
        hostname: hostname(),
        started,
        ended: Timestamp::now(),
        in_flight: tracer.in_flight()?.len(),
        coverage: coverage(tracer),
    })
}

/// What a view of it is of.
pub(super) fn about(kernel: &str) -> About {
    About {
        hostname: hostname(),
        kernel: kernel.to_owned(),
        recording: false,
    }
}

/// The same at its start, for a recording.
pub(super) fn header(
    tracer: &Tracer,
    triggers: &KernelTriggers,
    kernel: &str,
    started: Timestamp,
    clock: &WallClock,
    observation: &Observation,
) -> Header {
    Header {
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        kernel: kernel.to_owned(),
        hostname: hostname(),
        architecture: triggers.architecture(),
        started,
        clock: clock.clone(),
        filter: observation.filter.clone(),
        count: observation.count.map(std::num::NonZero::get),
        coverage: coverage(tracer),
    }
}

fn coverage(tracer: &Tracer) -> Vec<Coverage> {
    tracer
        .coverage()
        .iter()
        .map(|probe| Coverage {
            probe: probe.probe.to_owned(),
            why_not: probe.missing.clone(),
            lost: probe.missing.is_some().then(|| probe.lost.to_owned()),
            is_unwanted: probe.is_unwanted(),
        })
        .collect()
}

fn hostname() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname")
        .map(|name| name.trim_end().to_owned())
        .unwrap_or_default()
}
