//! What to change, and why: found in the events of one container.

/// One piece of advice, with what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// What it is about, the same in every version (`recursive-chown`).
    pub id: &'static str,
    /// What was found, in one sentence. Names in it are as hostile as any: to be
    /// made harmless when it is shown.
    pub finding: String,
    /// What to do about it, in one or two sentences; likewise.
    pub remedy: String,
    /// The events that it rests on.
    pub evidence: Evidence,
}

/// What the events behind an advice cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Their copy-ups.
    pub copy_ups: u64,
    /// Their whiteouts.
    pub whiteouts: u64,
    /// Bytes written by these copy-ups, as far as measured.
    pub copied_bytes: u64,
    /// Time spent in these copy-ups, in nanoseconds.
    pub latency_ns: u64,
    /// Some of the paths, the most costly first; any bytes but NUL.
    pub paths: Vec<Vec<u8>>,
}
