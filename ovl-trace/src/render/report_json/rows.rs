//! One container: its sums, and the detail that events give, but for the lists of files
//! and processes.

use std::borrow::Cow;

use serde::Serialize;

use super::{
    lists::{FileJson, OthersJson, ProcessJson},
    over_time::{SizeJson, TimelineJson},
    sums::{SumsJson, known},
};
use crate::{
    aggregate::{Advice, CallKey, ContainerReport, LayerRow, Tally, TriggerRow},
    model::{Layer, Origin},
    render::json::{ContainerJson, MountJson, name},
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
            files: FileJson::list(&row.files),
            files_not_listed: OthersJson::new(&row.files),
            processes: ProcessJson::list(&row.processes),
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
