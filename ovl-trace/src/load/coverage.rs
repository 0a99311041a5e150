//! What is observed, and what is not.

/// One probe's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// The program's name.
    pub probe: &'static str,
    /// The kernel function it is on, or the wanted ones.
    pub symbol: String,
    /// `None` if attached, else why not.
    pub missing: Option<String>,
    /// What the reports lack without it.
    pub lost: &'static str,
}

/// The place of events among the probes.
const EVENTS: &str = "events";

impl Coverage {
    /// What `--totals-only` leaves out.
    pub(super) fn no_events() -> Self {
        Self {
            probe: EVENTS,
            symbol: String::new(),
            missing: Some("not asked for (--totals-only)".to_owned()),
            lost: "files, processes, layers and single latencies",
        }
    }

    /// Left out because the user asked for that: nothing is wrong.
    pub fn is_unwanted(&self) -> bool {
        self.probe == EVENTS
    }
}
