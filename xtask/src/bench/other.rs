//! Results that are about something else than a workload.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The kinds of lines: each has a field of one of these names.
pub(super) const KINDS: [&str; 4] = ["program", "growth", "flood", "environment"];

/// What tells lines of one kind apart that are measured apart: how many events were made, and
/// how many processors the guest had.
const PARTS: [&str; 2] = ["made", "processors"];

/// Something else that was measured on a kernel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Other {
    pub(super) kernel: String,
    pub(super) value: Value,
}

impl Other {
    /// What it is about: 'program x', or 'growth overlays 10'.
    pub(super) fn name(&self) -> String {
        let kind = KINDS.iter().find_map(|kind| {
            let what = self.value.get(kind)?.as_str()?;
            Some(format!("{kind} {what}"))
        });
        let kind = kind.unwrap_or_default();
        match self.value.get("number") {
            Some(number) => format!("{kind} {number}"),
            None => kind,
        }
    }

    /// Whether a run that has one of them has the other, too.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let has = |it: &Self, kind| it.value.get(kind).is_some();
        self.kernel == other.kernel
            && KINDS.iter().all(|kind| has(self, kind) == has(other, kind))
            && PARTS
                .iter()
                .all(|part| self.value.get(part) == other.value.get(part))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_has_a_name() {
        let name = |value| {
            let kernel = "6.1".to_owned();
            Other { kernel, value }.name()
        };
        assert_eq!(
            name(json!({"program": "copy_up", "runs": 1})),
            "program copy_up"
        );
        assert_eq!(
            name(json!({"growth": "overlays", "number": 10})),
            "growth overlays 10"
        );
        assert_eq!(name(json!({})), "");
    }

    #[test]
    fn what_is_measured_together() {
        let other = |kernel: &str, value| Other {
            kernel: kernel.to_owned(),
            value,
        };
        let flood = other("6.1", json!({"flood": "x", "made": 200}));
        assert!(flood.is_like(&other("6.1", json!({"flood": "y", "made": 200}))));
        assert!(!flood.is_like(&other("6.1", json!({"flood": "x", "made": 1000}))));
        assert!(!flood.is_like(&other("6.12", json!({"flood": "x", "made": 200}))));
        let one = other("6.1", json!({"environment": "x", "processors": 1}));
        let two = other("6.1", json!({"environment": "x", "processors": 2}));
        assert!(one.is_like(&one) && !one.is_like(&two) && !one.is_like(&flood));
    }
}
