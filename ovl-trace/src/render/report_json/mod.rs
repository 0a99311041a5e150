//! The report as JSON: the types are the contract (`schema` 1).

mod lists;
mod over_time;
mod rows;
mod sums;

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use serde::{Serialize, Serializer};

use super::json::{rfc3339, to_writer_long, to_writer_pretty};
use crate::aggregate::{ContainerReport, Coverage, LossReport, Report};
use rows::RowJson;
use sums::SumsJson;

/// Writes the report as one indented object.
pub fn write_report(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    to_writer_pretty(out, &ReportJson::new(report, None))
}

/// Writes the report as the last line of a stream of events: one line, with
/// `"type":"summary"`.
pub fn write_summary_line(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    to_writer_long(out, &ReportJson::new(report, Some("summary")))
}

#[derive(Serialize)]
struct ReportJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<&'static str>,
    schema: u32,
    tool_version: &'a str,
    kernel: &'a str,
    hostname: &'a str,
    started: String,
    ended: String,
    duration_seconds: f64,
    counted_from: &'static str,
    containers: RowsJson<'a>,
    totals: SumsJson,
    in_flight: usize,
    loss: LossJson<'a>,
    coverage: Vec<CoverageJson<'a>>,
    notes: Vec<String>,
}

impl<'a> ReportJson<'a> {
    fn new(report: &'a Report, r#type: Option<&'static str>) -> Self {
        let context = &report.context;
        Self {
            r#type,
            schema: 1,
            tool_version: &context.tool_version,
            kernel: &context.kernel,
            hostname: &context.hostname,
            started: rfc3339(context.started),
            ended: rfc3339(context.ended),
            duration_seconds: context.ended.duration_since(context.started).as_secs_f64(),
            counted_from: report.counted_from.name(),
            containers: RowsJson(&report.containers),
            totals: SumsJson::new(&report.totals),
            in_flight: context.in_flight,
            loss: LossJson::new(&report.loss),
            coverage: context.coverage.iter().map(CoverageJson::new).collect(),
            notes: report.notes(),
        }
    }
}

/// Each is made when it is written: there may be thousands.
struct RowsJson<'a>(&'a [ContainerReport]);

impl Serialize for RowsJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(RowJson::new))
    }
}

#[derive(Serialize)]
struct LossJson<'a> {
    ring: u64,
    queue: u64,
    probe: u64,
    path: u64,
    disarmed: u64,
    reasons: BTreeMap<&'a str, u64>,
}

impl<'a> LossJson<'a> {
    fn new(loss: &'a LossReport) -> Self {
        let mut reasons = BTreeMap::new();
        for (_, reason, count) in &loss.reasons {
            *reasons.entry(reason.as_str()).or_default() += count;
        }
        Self {
            ring: loss.ring,
            queue: loss.queue,
            probe: loss.probe,
            path: loss.path,
            disarmed: loss.disarmed,
            reasons,
        }
    }
}

/// `status` is `attached`, or why it is not; `lost` says what is missing then.
#[derive(Serialize)]
struct CoverageJson<'a> {
    probe: &'a str,
    status: &'a str,
    lost: Option<&'a str>,
}

impl<'a> CoverageJson<'a> {
    fn new(coverage: &'a Coverage) -> Self {
        Self {
            probe: &coverage.probe,
            status: coverage.why_not.as_deref().unwrap_or("attached"),
            lost: coverage.lost.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests;
