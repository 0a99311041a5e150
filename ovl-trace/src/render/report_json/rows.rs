//! One container: its sums, and the detail that events give.

use std::borrow::Cow;

use serde::Serialize;

use super::{
    over_time::{SizeJson, TimelineJson},
    sums::{SumsJson, known},
};
use crate::{
    aggregate::{
        Advice, CallKey, ContainerReport, FileLast, LayerRow, ProcessKey, Tally, TopList,
        TriggerRow,
    },
    model::{Layer, Method, Origin},
    render::json::{ContainerJson, MountJson, name, result, rfc3339},
};

#[derive(Serialize)]
pub(super) struct RowJson<'a> {
    container: Option<ContainerJson<'a>>,
    mount: MountJson<'a>,
    overlays: usize,
    counted_from: &'static str,
    #[serde(flatten)]
    sums: SumsJson,
    triggers: Vec<TriggerJson>,
    files: Vec<FileJson<'a>>,
    files_not_listed: OthersJson,
    processes: Vec<ProcessJson<'a>>,
    processes_not_listed: OthersJson,
    layers: Vec<LayerJson<'a>>,
    by_size: Vec<SizeJson>,
    timeline: TimelineJson,
    advice: Vec<AdviceJson<'a>>,
}

impl<'a> RowJson<'a> {
    pub(super) fn new(row: &'a ContainerReport) -> Self {
        Self {
            container: row.origin.container.as_ref().map(Into::into),
            mount: (&row.origin.mount).into(),
            overlays: row.overlays,
            counted_from: row.counted_from.name(),
            sums: SumsJson::new(&row.sums),
            triggers: row.triggers.iter().map(TriggerJson::new).collect(),
            files: rows(&row.files).map(FileJson::new).collect(),
            files_not_listed: OthersJson::new(&row.files),
            processes: rows(&row.processes).map(ProcessJson::new).collect(),
            processes_not_listed: OthersJson::new(&row.processes),
            layers: row
                .layers
                .iter()
                .map(|layer| LayerJson::new(layer, &row.origin))
                .collect(),
            by_size: row.by_size.iter().map(SizeJson::new).collect(),
            timeline: TimelineJson::new(&row.timeline),
            advice: row.advice.iter().map(AdviceJson::new).collect(),
        }
    }
}

#[derive(Serialize)]
struct AdviceJson<'a> {
    id: &'static str,
    finding: &'a str,
    remedy: &'a str,
    evidence: EvidenceJson<'a>,
}

/// The bytes are those that were measured.
#[derive(Serialize)]
struct EvidenceJson<'a> {
    copy_ups: u64,
    whiteouts: u64,
    copied_bytes: u64,
    latency_ns: u64,
    paths: Vec<Cow<'a, str>>,
}

impl<'a> AdviceJson<'a> {
    fn new(advice: &'a Advice) -> Self {
        let evidence = &advice.evidence;
        Self {
            id: advice.id,
            finding: &advice.finding,
            remedy: &advice.remedy,
            evidence: EvidenceJson {
                copy_ups: evidence.copy_ups,
                whiteouts: evidence.whiteouts,
                copied_bytes: evidence.copied_bytes,
                latency_ns: evidence.latency_ns,
                paths: evidence.paths.iter().map(|path| name(path).0).collect(),
            },
        }
    }
}

/// Copy-ups out of one lower layer, from events.
#[derive(Serialize)]
struct LayerJson<'a> {
    /// 1 is the topmost; `null`: not known which.
    index: Option<u32>,
    digest: Option<&'a str>,
    instruction: Option<Cow<'a, str>>,
    copy_ups: u64,
    failed: u64,
    size_bytes: u64,
    copied_bytes: Option<u64>,
    latency_ns: u64,
}

impl<'a> LayerJson<'a> {
    fn new(row: &LayerRow, origin: &'a Origin) -> Self {
        let layer = row.index.and_then(|index| origin.layer(index));
        Self {
            index: row.index,
            digest: layer.and_then(|layer| layer.digest.as_deref()),
            instruction: layer.and_then(Layer::instruction),
            copy_ups: row.tally.copy_ups,
            failed: row.tally.failed,
            size_bytes: row.tally.size_bytes,
            copied_bytes: known(row.tally.copied_bytes, row.tally.copied_unknown),
            latency_ns: row.tally.latency_ns,
        }
    }
}

#[derive(Serialize)]
struct TriggerJson {
    operation: Cow<'static, str>,
    copy_ups: u64,
    failed: u64,
    size_bytes: u64,
    copied_bytes: u64,
    latency_ns: u64,
    calls: Vec<CallJson>,
}

impl TriggerJson {
    fn new(row: &TriggerRow) -> Self {
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
struct CallJson {
    syscall: Option<&'static str>,
    flags: Vec<&'static str>,
    copy_ups: u64,
    failed: u64,
}

impl CallJson {
    fn new((key, tally): &(CallKey, Tally)) -> Self {
        Self {
            syscall: key.syscall,
            flags: key.flags.names().collect(),
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
    #[serde(skip_serializing_if = "Option::is_none")]
    missing_at_most: Option<TallyJson>,
    last: Option<LastJson<'a>>,
}

/// A row of a list, and what it lacks at most, if that is anything.
type Row<'a, K, X> = (&'a (K, Tally, X), Option<TallyJson>);

fn rows<K, X>(list: &TopList<K, X>) -> impl Iterator<Item = Row<'_, K, X>> {
    let missing = list.missing.iter().map(|missing| {
        let is_exact = *missing == Tally::default();
        (!is_exact).then(|| TallyJson::new(missing))
    });
    list.rows.iter().zip(missing)
}

impl<'a> FileJson<'a> {
    fn new(((path, tally, last), missing_at_most): Row<'a, Vec<u8>, Option<FileLast>>) -> Self {
        let (path, path_bytes) = name(path);
        Self {
            path,
            path_bytes,
            tally: TallyJson::new(tally),
            missing_at_most,
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
            method: last.method.map(Method::name),
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
    #[serde(skip_serializing_if = "Option::is_none")]
    missing_at_most: Option<TallyJson>,
}

impl<'a> ProcessJson<'a> {
    fn new(((key, tally, ()), missing_at_most): Row<'a, ProcessKey, ()>) -> Self {
        let (comm, comm_bytes) = name(&key.comm);
        Self {
            pid: key.pid,
            comm,
            comm_bytes,
            tally: TallyJson::new(tally),
            missing_at_most,
        }
    }
}

/// `dropped` of `count` were forgotten to bound memory: none of them had more than
/// `dropped_at_most`.
#[derive(Serialize)]
struct OthersJson {
    count: u64,
    dropped: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    dropped_at_most: Option<TallyJson>,
    #[serde(flatten)]
    tally: TallyJson,
}

impl OthersJson {
    fn new<K, X>(list: &TopList<K, X>) -> Self {
        Self {
            count: list.others,
            dropped: list.dropped,
            dropped_at_most: (list.dropped > 0).then(|| TallyJson::new(&list.floor)),
            tally: TallyJson::new(&list.others_tally),
        }
    }
}
