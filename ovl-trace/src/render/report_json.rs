//! The report as JSON: the types are the contract (`schema` 1).

use std::{
    borrow::Cow,
    collections::BTreeMap,
    io::{self, Write},
};

use serde::Serialize;

use super::json::{ContainerJson, MountJson, name, result, rfc3339, to_writer, to_writer_pretty};
use crate::aggregate::{
    CallKey, ContainerReport, Coverage, FileLast, Latency, LossReport, ProcessKey, Report, Sums,
    Tally, TopList, TriggerRow, bucket_range,
};

/// Writes the report as one indented object.
pub fn write_report(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    to_writer_pretty(out, &ReportJson::new(report, None))
}

/// Writes the report as the last line of a stream of events: one line, with
/// `"type":"summary"`.
pub fn write_summary_line(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    to_writer(out, &ReportJson::new(report, Some("summary")))
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
    containers: Vec<RowJson<'a>>,
    totals: SumsJson,
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
            containers: report.containers.iter().map(RowJson::new).collect(),
            totals: SumsJson::new(&report.totals),
            loss: LossJson::new(&report.loss),
            coverage: context.coverage.iter().map(CoverageJson::new).collect(),
            notes: report.notes(),
        }
    }
}

#[derive(Serialize)]
struct RowJson<'a> {
    container: Option<ContainerJson<'a>>,
    mount: MountJson<'a>,
    overlays: usize,
    counted_from: &'static str,
    #[serde(flatten)]
    sums: SumsJson,
    triggers: Vec<TriggerJson<'a>>,
    files: Vec<FileJson<'a>>,
    files_not_listed: OthersJson,
    processes: Vec<ProcessJson<'a>>,
    processes_not_listed: OthersJson,
    /// Filled by the analysis of layers, which is not part of this version.
    layers: [(); 0],
    /// Likewise.
    advice: [(); 0],
}

impl<'a> RowJson<'a> {
    fn new(row: &'a ContainerReport) -> Self {
        Self {
            container: row.origin.container.as_ref().map(Into::into),
            mount: (&row.origin.mount).into(),
            overlays: row.overlays,
            counted_from: row.counted_from.name(),
            sums: SumsJson::new(&row.sums),
            triggers: row.triggers.iter().map(TriggerJson::new).collect(),
            files: row.files.rows.iter().map(FileJson::new).collect(),
            files_not_listed: OthersJson::new(&row.files),
            processes: row.processes.rows.iter().map(ProcessJson::new).collect(),
            processes_not_listed: OthersJson::new(&row.processes),
            layers: [],
            advice: [],
        }
    }
}

/// `copied_bytes` is `null` if no copy-up of data was measured; else a lower
/// bound if `copied_unknown`, the number of those not measured, is not 0.
#[derive(Serialize)]
struct SumsJson {
    copy_ups: CopyUpsJson,
    size_bytes: u64,
    copied_bytes: Option<u64>,
    copied_unknown: u64,
    latency_ns: LatencyJson,
    histogram: Vec<BucketJson>,
    whiteouts: WhiteoutsJson,
}

impl SumsJson {
    fn new(sums: &Sums) -> Self {
        let (counts, whiteouts) = (&sums.copy_ups, &sums.whiteouts);
        Self {
            copy_ups: CopyUpsJson {
                total: counts.total,
                data: counts.data,
                metadata: counts.metadata,
                directory: counts.directory,
                symlink: counts.symlink,
                special: counts.special,
                unknown: counts.unknown,
                failed: counts.failed,
                raced: counts.raced,
            },
            size_bytes: sums.size_bytes,
            copied_bytes: known(sums.copied_bytes, sums.copied_unknown),
            copied_unknown: sums.copied_unknown,
            latency_ns: LatencyJson::new(&sums.latency),
            histogram: buckets(&sums.latency),
            whiteouts: WhiteoutsJson {
                total: whiteouts.total,
                unlink: whiteouts.unlink,
                rmdir: whiteouts.rmdir,
                rename: whiteouts.rename,
                opaque: whiteouts.opaque,
            },
        }
    }
}

fn known(bytes: u64, unknown: u64) -> Option<u64> {
    (bytes > 0 || unknown == 0).then_some(bytes)
}

#[derive(Serialize)]
struct CopyUpsJson {
    total: u64,
    data: u64,
    metadata: u64,
    directory: u64,
    symlink: u64,
    special: u64,
    unknown: u64,
    failed: u64,
    raced: u64,
}

#[derive(Serialize)]
struct WhiteoutsJson {
    total: u64,
    unlink: u64,
    rmdir: u64,
    rename: u64,
    opaque: u64,
}

#[derive(Serialize)]
struct LatencyJson {
    sum: u64,
    min: Option<u64>,
    max: Option<u64>,
    p50: Option<u64>,
    p90: Option<u64>,
    p99: Option<u64>,
}

impl LatencyJson {
    fn new(latency: &Latency) -> Self {
        Self {
            sum: latency.sum_ns,
            min: latency.min_ns,
            max: latency.max_ns,
            p50: latency.percentile_ns(0.5),
            p90: latency.percentile_ns(0.9),
            p99: latency.percentile_ns(0.99),
        }
    }
}

/// `count` is of this bucket alone: above the bucket before, up to `le_ns`.
/// The last bucket has no upper limit: `null`.
#[derive(Serialize)]
struct BucketJson {
    le_ns: Option<u64>,
    count: u64,
}

/// From the first to the last bucket that is not empty.
fn buckets(latency: &Latency) -> Vec<BucketJson> {
    let counts = &latency.histogram.buckets;
    let used = |count: &u64| *count > 0;
    let Some(first) = counts.iter().position(used) else {
        return Vec::new();
    };
    let last = counts.iter().rposition(used).unwrap_or(first);
    (first..=last)
        .map(|index| BucketJson {
            le_ns: bucket_range(index).1,
            count: counts[index],
        })
        .collect()
}

#[derive(Serialize)]
struct TriggerJson<'a> {
    operation: Cow<'static, str>,
    copy_ups: u64,
    failed: u64,
    size_bytes: u64,
    copied_bytes: u64,
    latency_ns: u64,
    calls: Vec<CallJson<'a>>,
}

impl<'a> TriggerJson<'a> {
    fn new(row: &'a TriggerRow) -> Self {
        Self {
            operation: row.operation.name(),
            copy_ups: row.sums.copy_ups,
            failed: row.sums.failed,
            size_bytes: row.sums.size_bytes,
            copied_bytes: row.sums.copied_bytes,
            latency_ns: row.sums.latency_ns,
            calls: row.calls.iter().map(CallJson::new).collect(),
        }
    }
}

#[derive(Serialize)]
struct CallJson<'a> {
    syscall: Option<&'static str>,
    flags: &'a [&'static str],
    copy_ups: u64,
    failed: u64,
}

impl<'a> CallJson<'a> {
    fn new((key, tally): &'a (CallKey, Tally)) -> Self {
        Self {
            syscall: key.syscall,
            flags: &key.flags,
            copy_ups: tally.copy_ups,
            failed: tally.failed,
        }
    }
}

#[derive(Serialize)]
struct TallyJson {
    copy_ups: u64,
    failed: u64,
    whiteouts: u64,
    opaque: u64,
    size_bytes: u64,
    copied_bytes: Option<u64>,
    latency_ns: u64,
    latency_max_ns: u64,
}

impl TallyJson {
    fn new(tally: &Tally) -> Self {
        Self {
            copy_ups: tally.copy_ups,
            failed: tally.failed,
            whiteouts: tally.whiteouts,
            opaque: tally.opaque,
            size_bytes: tally.size_bytes,
            copied_bytes: known(tally.copied_bytes, tally.copied_unknown),
            latency_ns: tally.latency_ns,
            latency_max_ns: tally.latency_max_ns,
        }
    }
}

#[derive(Serialize)]
struct FileJson<'a> {
    path: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_bytes: Option<String>,
    #[serde(flatten)]
    tally: TallyJson,
    last: Option<LastJson<'a>>,
}

impl<'a> FileJson<'a> {
    fn new((path, tally, last): &'a (Vec<u8>, Tally, Option<FileLast>)) -> Self {
        let (path, path_bytes) = name(path);
        Self {
            path,
            path_bytes,
            tally: TallyJson::new(tally),
            last: last.as_ref().map(LastJson::new),
        }
    }
}

/// The most recent copy-up of a file.
#[derive(Serialize)]
struct LastJson<'a> {
    time: String,
    kind: Cow<'static, str>,
    method: Option<Cow<'static, str>>,
    operation: Cow<'static, str>,
    pid: u32,
    comm: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comm_bytes: Option<String>,
    result: Cow<'static, str>,
}

impl<'a> LastJson<'a> {
    fn new(last: &'a FileLast) -> Self {
        let (comm, comm_bytes) = name(&last.process.comm);
        Self {
            time: rfc3339(last.time),
            kind: last.kind.name(),
            method: last.method.map(|method| method.name()),
            operation: last.operation.name(),
            pid: last.process.pid,
            comm,
            comm_bytes,
            result: result(last.outcome),
        }
    }
}

#[derive(Serialize)]
struct ProcessJson<'a> {
    pid: u32,
    comm: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comm_bytes: Option<String>,
    #[serde(flatten)]
    tally: TallyJson,
}

impl<'a> ProcessJson<'a> {
    fn new((key, tally, ()): &'a (ProcessKey, Tally, ())) -> Self {
        let (comm, comm_bytes) = name(&key.comm);
        Self {
            pid: key.pid,
            comm,
            comm_bytes,
            tally: TallyJson::new(tally),
        }
    }
}

/// `dropped` of `count` were forgotten to bound memory.
#[derive(Serialize)]
struct OthersJson {
    count: u64,
    dropped: u64,
    #[serde(flatten)]
    tally: TallyJson,
}

impl OthersJson {
    fn new<K, X>(list: &TopList<K, X>) -> Self {
        Self {
            count: list.others,
            dropped: list.dropped,
            tally: TallyJson::new(&list.others_tally),
        }
    }
}

#[derive(Serialize)]
struct LossJson<'a> {
    ring: u64,
    queue: u64,
    probe: u64,
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
