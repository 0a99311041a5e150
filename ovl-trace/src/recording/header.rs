//! The first and the last frame.

use jiff::Timestamp;
use ovl_trace_common::ABI_VERSION;
use serde::{Deserialize, Serialize};

use super::{RecordingError, filter::FilterJson};
use crate::{
    aggregate::Coverage,
    kernel::{Architecture, WallClock},
    model::Filter,
};

/// What was observed, with what.
#[derive(Clone, Debug)]
pub struct Header {
    /// Version of the `ovl-trace` that recorded.
    pub tool_version: String,
    /// Kernel release (`uname -r`).
    pub kernel: String,
    /// Host name.
    pub hostname: String,
    /// Whose system calls the records name.
    pub architecture: Architecture,
    /// When the observation began.
    pub started: Timestamp,
    /// From the kernel's clock to the time of day.
    pub clock: WallClock,
    /// What was recorded; the rest is not there.
    pub filter: Filter,
    /// The number of events after which nothing was shown any more.
    pub count: Option<u64>,
    /// The probes.
    pub coverage: Vec<Coverage>,
}

/// The end of a complete recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// When the observation ended.
    pub ended: Timestamp,
    /// Copy-ups that had not ended by then.
    pub in_flight: usize,
    /// It was ended because it had reached its largest size.
    pub full: bool,
}

#[derive(Serialize, Deserialize)]
struct HeaderJson {
    abi_version: u32,
    tool_version: String,
    #[serde(default)]
    kernel: String,
    #[serde(default)]
    hostname: String,
    architecture: String,
    started: String,
    clock_offset_ns: i64,
    #[serde(default)]
    filter: FilterJson,
    #[serde(default)]
    count: Option<u64>,
    #[serde(default)]
    coverage: Vec<CoverageJson>,
}

/// Enough of any header to say why it cannot be read.
#[derive(Deserialize)]
struct Versions {
    abi_version: u32,
    tool_version: String,
}

#[derive(Serialize, Deserialize)]
struct CoverageJson {
    probe: String,
    why_not: Option<String>,
    lost: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct EndJson {
    ended: String,
    in_flight: usize,
    #[serde(default)]
    full: bool,
}

impl Header {
    pub(super) fn encode(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(&HeaderJson {
            abi_version: ABI_VERSION,
            tool_version: self.tool_version.clone(),
            kernel: self.kernel.clone(),
            hostname: self.hostname.clone(),
            architecture: self.architecture.name().to_owned(),
            started: self.started.to_string(),
            clock_offset_ns: self.clock.offset_ns(),
            filter: FilterJson::new(&self.filter),
            count: self.count,
            coverage: self.coverage.iter().map(CoverageJson::new).collect(),
        })
    }

    pub(super) fn decode(payload: &[u8]) -> Result<Self, RecordingError> {
        let wrong = |error: String| RecordingError::Header(error);
        let versions: Versions =
            serde_json::from_slice(payload).map_err(|error| wrong(error.to_string()))?;
        if versions.abi_version != ABI_VERSION {
            return Err(RecordingError::Abi {
                abi: versions.abi_version,
                tool: versions.tool_version,
            });
        }
        let json: HeaderJson =
            serde_json::from_slice(payload).map_err(|error| wrong(error.to_string()))?;
        Ok(Self {
            tool_version: json.tool_version,
            kernel: json.kernel,
            hostname: json.hostname,
            architecture: json.architecture.parse().map_err(wrong)?,
            started: time(&json.started)
                .ok_or_else(|| wrong(format!("'{}' is no time", json.started)))?,
            clock: WallClock::from_offset_ns(json.clock_offset_ns),
            filter: json.filter.filter().map_err(wrong)?,
            count: json.count,
            coverage: json.coverage.into_iter().map(Coverage::from).collect(),
        })
    }
}

impl End {
    pub(super) fn encode(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(&EndJson {
            ended: self.ended.to_string(),
            in_flight: self.in_flight,
            full: self.full,
        })
    }

    pub(super) fn decode(payload: &[u8]) -> Option<Self> {
        let json: EndJson = serde_json::from_slice(payload).ok()?;
        Some(Self {
            ended: time(&json.ended)?,
            in_flight: json.in_flight,
            full: json.full,
        })
    }
}

fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

impl CoverageJson {
    fn new(coverage: &Coverage) -> Self {
        Self {
            probe: coverage.probe.clone(),
            why_not: coverage.why_not.clone(),
            lost: coverage.lost.clone(),
        }
    }
}

impl From<CoverageJson> for Coverage {
    fn from(json: CoverageJson) -> Self {
        Self {
            probe: json.probe,
            why_not: json.why_not,
            lost: json.lost,
            // A recording is made of events.
            is_unwanted: false,
        }
    }
}
