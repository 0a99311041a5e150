//! One event as one JSON object on one line.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use jiff::Timestamp;
use serde::Serialize;

use super::{ContainerJson, MountJson, name, to_writer};
use crate::{
    model::{
        CopyUp, Event, Layer, Loss, Method, Origin, Outcome, Phases, Process, Trigger, Whiteout,
    },
    render::errno,
};

/// Writes an event. `time` is its wall-clock time. The birth and death of an
/// overlay are not events of the interface: nothing is written for them.
pub fn write_event(
    out: &mut dyn Write,
    event: &Event,
    origin: &Origin,
    time: Timestamp,
) -> io::Result<()> {
    match event {
        Event::CopyUp(event) => to_writer(out, &CopyUpJson::new(event, Stage::Ended, origin, time)),
        Event::CopyUpStarted(event) => {
            to_writer(out, &CopyUpJson::new(event, Stage::Started, origin, time))
        }
        Event::CopyUpRunning(event) => {
            to_writer(out, &CopyUpJson::new(event, Stage::Running, origin, time))
        }
        Event::Whiteout(event) => to_writer(out, &WhiteoutJson::new(event, origin, time)),
        Event::Loss(loss) => to_writer(out, &LossJson::new(*loss, time)),
        Event::OverlaySeen(_) | Event::OverlayGone { .. } => Ok(()),
    }
}

/// How far a copy-up is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Started,
    Running,
    Ended,
}

/// `copy_up`, `copy_up_started` and `copy_up_running`: the same object, in
/// which everything that is known only at the end is `null`. A running one has
/// its bytes and time so far.
#[derive(Serialize)]
struct CopyUpJson<'a> {
    r#type: &'static str,
    time: String,
    container: Option<ContainerJson<'a>>,
    mount: MountJson<'a>,
    path: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_bytes: Option<String>,
    kind: Cow<'static, str>,
    method: Option<Cow<'static, str>>,
    size_bytes: u64,
    copied_bytes: Option<u64>,
    latency_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phases: Option<PhasesJson>,
    trigger: TriggerJson,
    process: ProcessJson<'a>,
    result: Option<Cow<'static, str>>,
    layer: Option<LayerJson<'a>>,
    inode: u64,
    mode: String,
    ancestor: bool,
}

impl<'a> CopyUpJson<'a> {
    fn new(event: &'a CopyUp, stage: Stage, origin: &'a Origin, time: Timestamp) -> Self {
        let ended = stage == Stage::Ended;
        let so_far = stage != Stage::Started;
        let (path, path_bytes) = name(&event.path);
        Self {
            r#type: match stage {
                Stage::Started => "copy_up_started",
                Stage::Running => "copy_up_running",
                Stage::Ended => "copy_up",
            },
            time: rfc3339(time),
            container: origin.container.as_ref().map(Into::into),
            mount: (&origin.mount).into(),
            path,
            path_bytes,
            kind: event.kind.name(),
            method: event.method.filter(|_| ended).map(Method::name),
            size_bytes: event.size_bytes,
            copied_bytes: event.copied_bytes.filter(|_| so_far),
            latency_ns: so_far.then_some(event.latency_ns),
            phases: PhasesJson::new(event.phases).filter(|_| ended),
            trigger: (&event.trigger).into(),
            process: (&event.process).into(),
            result: ended.then(|| result(event.outcome)),
            layer: event
                .layer
                .map(|index| LayerJson::new(index, event, origin)),
            inode: event.inode,
            mode: format!("{:06o}", event.mode),
            ancestor: event.ancestor,
        }
    }
}

/// `ok`, `raced`, the errno's name, or `failed` if that is unknown.
pub(crate) fn result(outcome: Outcome) -> Cow<'static, str> {
    match outcome {
        Outcome::Ok => "ok".into(),
        Outcome::Raced => "raced".into(),
        Outcome::Failed(Some(number)) => errno::name(number),
        Outcome::Failed(None) => "failed".into(),
    }
}

/// What was measured; the others are absent.
#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the names are the contract")]
struct PhasesJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    lock_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sync_ns: Option<u64>,
}

impl PhasesJson {
    fn new(phases: Phases) -> Option<Self> {
        (phases != Phases::default()).then_some(Self {
            lock_ns: phases.lock_ns,
            data_ns: phases.data_ns,
            sync_ns: phases.sync_ns,
        })
    }
}

#[derive(Serialize)]
struct TriggerJson {
    operation: Cow<'static, str>,
    flags: Vec<&'static str>,
    syscall: Option<&'static str>,
}

impl From<&Trigger> for TriggerJson {
    fn from(trigger: &Trigger) -> Self {
        Self {
            operation: trigger.operation.name(),
            flags: trigger.flags.names().collect(),
            syscall: trigger.syscall,
        }
    }
}

#[derive(Serialize)]
struct ProcessJson<'a> {
    pid: u32,
    tid: u32,
    comm: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comm_bytes: Option<String>,
    uid: Option<u32>,
    cgroup_id: Option<u64>,
}

impl<'a> From<&'a Process> for ProcessJson<'a> {
    fn from(process: &'a Process) -> Self {
        let (comm, comm_bytes) = name(&process.comm);
        Self {
            pid: process.pid,
            tid: process.tid,
            comm,
            comm_bytes,
            uid: process.uid,
            // Without cgroup v2 there is none.
            cgroup_id: (process.cgroup != 0).then_some(process.cgroup),
        }
    }
}

#[derive(Serialize)]
struct LayerJson<'a> {
    index: u32,
    digest: Option<&'a str>,
    instruction: Option<Cow<'a, str>>,
    device: Option<String>,
    filesystem: Option<&'a str>,
}

impl<'a> LayerJson<'a> {
    fn new(index: u32, event: &'a CopyUp, origin: &'a Origin) -> Self {
        let layer = origin.layer(index);
        let lower = event.lower.as_ref();
        Self {
            index,
            digest: layer.and_then(|layer| layer.digest.as_deref()),
            instruction: layer.and_then(Layer::instruction),
            device: lower.map(|lower| lower.device.to_string()),
            filesystem: lower.and_then(|lower| Some(lower.name.as_ref()?.as_str())),
        }
    }
}

#[derive(Serialize)]
struct WhiteoutJson<'a> {
    r#type: &'static str,
    time: String,
    container: Option<ContainerJson<'a>>,
    mount: MountJson<'a>,
    path: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_bytes: Option<String>,
    cause: Cow<'static, str>,
    process: ProcessJson<'a>,
}

impl<'a> WhiteoutJson<'a> {
    fn new(event: &'a Whiteout, origin: &'a Origin, time: Timestamp) -> Self {
        let (path, path_bytes) = name(&event.path);
        Self {
            r#type: "whiteout",
            time: rfc3339(time),
            container: origin.container.as_ref().map(Into::into),
            mount: (&origin.mount).into(),
            path,
            path_bytes,
            cause: event.cause.name(),
            process: (&event.process).into(),
        }
    }
}

#[derive(Serialize)]
struct LossJson {
    r#type: &'static str,
    time: String,
    source: &'static str,
    count: u64,
    reason: &'static str,
}

impl LossJson {
    fn new(loss: Loss, time: Timestamp) -> Self {
        Self {
            r#type: "loss",
            time: rfc3339(time),
            source: loss.source.name(),
            count: loss.count,
            reason: loss.reason,
        }
    }
}

/// RFC 3339 in UTC with nanoseconds, always nine digits: sorted as text is
/// sorted by time.
pub(crate) fn rfc3339(time: Timestamp) -> String {
    format!("{time:.9}")
}

#[cfg(test)]
mod tests;
