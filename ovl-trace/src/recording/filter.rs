//! The filter of a recording.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::{Filter, Kind, Operation, PathPatterns};

/// More than any command line has.
const PATTERNS_MAX: usize = 1000;

/// Fields that a newer version adds are not known here: then the recording holds
/// less than this filter says, which is no contradiction.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct FilterJson {
    containers: Vec<String>,
    namespaces: Vec<String>,
    pods: Vec<String>,
    images: Vec<String>,
    paths: Vec<String>,
    pids: Vec<u32>,
    kinds: Vec<String>,
    triggers: Vec<String>,
    min_bytes: u64,
    min_latency_ns: u64,
}

impl FilterJson {
    pub(super) fn new(filter: &Filter) -> Self {
        let patterns = filter.paths.as_ref().map(PathPatterns::patterns);
        Self {
            containers: filter.containers.clone(),
            namespaces: filter.namespaces.clone(),
            pods: filter.pods.clone(),
            images: filter.images.clone(),
            paths: patterns.unwrap_or_default().to_vec(),
            pids: filter.pids.clone(),
            kinds: filter.kinds.iter().map(ToString::to_string).collect(),
            triggers: filter.triggers.iter().map(ToString::to_string).collect(),
            min_bytes: filter.min_bytes,
            min_latency_ns: filter.min_latency_ns,
        }
    }

    pub(super) fn filter(self) -> Result<Filter, String> {
        let paths = match self.paths {
            paths if paths.is_empty() => None,
            paths if paths.len() > PATTERNS_MAX => return Err("too many patterns".to_owned()),
            paths => Some(PathPatterns::new(paths).map_err(|error| error.to_string())?),
        };
        Ok(Filter {
            containers: self.containers,
            namespaces: self.namespaces,
            pods: self.pods,
            images: self.images,
            paths,
            pids: self.pids,
            kinds: names(&self.kinds, Kind::Unknown),
            triggers: names(&self.triggers, Operation::Unknown),
            min_bytes: self.min_bytes,
            min_latency_ns: self.min_latency_ns,
            and: None,
        })
    }
}

/// A name that is not known here still restricts: it must not become "all".
fn names<T: FromStr>(names: &[String], unknown: impl Fn(u8) -> T) -> Vec<T> {
    let value = |name: &String| name.parse().unwrap_or_else(|_| unknown(u8::MAX));
    names.iter().map(value).collect()
}
