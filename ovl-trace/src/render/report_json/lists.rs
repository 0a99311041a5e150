//! The lists of a container that show the top rows only: files and processes.

use std::borrow::Cow;

use serde::Serialize;

use super::sums::known;
use crate::{
    aggregate::{FileLast, ProcessKey, Tally, TopList},
    model::Method,
    render::json::{name, result, rfc3339},
};

/// The sums of a row, of what it lacks, or of all that are not listed.
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
pub(super) struct FileJson<'a> {
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
    pub(super) fn list(files: &'a TopList<Vec<u8>, Option<FileLast>>) -> Vec<Self> {
        rows(files).map(Self::new).collect()
    }

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
pub(super) struct ProcessJson<'a> {
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
    pub(super) fn list(processes: &'a TopList<ProcessKey, ()>) -> Vec<Self> {
        rows(processes).map(Self::new).collect()
    }

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
pub(super) struct OthersJson {
    count: u64,
    dropped: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    dropped_at_most: Option<TallyJson>,
    #[serde(flatten)]
    tally: TallyJson,
}

impl OthersJson {
    pub(super) fn new<K, X>(list: &TopList<K, X>) -> Self {
        Self {
            count: list.others,
            dropped: list.dropped,
            dropped_at_most: (list.dropped > 0).then(|| TallyJson::new(&list.floor)),
            tally: TallyJson::new(&list.others_tally),
        }
    }
}
