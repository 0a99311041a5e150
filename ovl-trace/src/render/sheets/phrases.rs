//! What is said in words, and numbers as they stand in cells.

use std::borrow::Cow;
use std::os::unix::ffi::OsStrExt as _;

use crate::{
    aggregate::{
        ContainerReport, Coverage, Evidence, FileLast, ProcessKey, Report, Sums, TriggerRow,
    },
    model::{LossSource, Outcome},
    render::{json, sanitize, units},
};

/// A duration, `-` if there is none.
pub(crate) fn duration(ns: Option<u64>) -> String {
    ns.map_or_else(|| "-".to_owned(), units::duration)
}

/// Bytes, of which some or all may be unknown; `-` if nothing was copied up.
pub(crate) fn copied(bytes: u64, unknown: u64, copy_ups: u64) -> String {
    match (bytes, unknown, copy_ups) {
        (_, _, 0) => "-".to_owned(),
        (bytes, 0, _) => units::bytes(bytes),
        (0, _, _) => "?".to_owned(),
        (bytes, _, _) => format!("≥{}", units::bytes(bytes)),
    }
}

/// A number of which 0 is not worth a glance.
pub(crate) fn count(count: u64) -> String {
    match count {
        0 => "-".to_owned(),
        count => count.to_string(),
    }
}

/// A number with its noun: `1 event`, `2 events`.
pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// How long the observation took.
pub(crate) fn elapsed(report: &Report) -> String {
    let elapsed = report.context.ended.duration_since(report.context.started);
    units::duration(u64::try_from(elapsed.as_nanos()).unwrap_or(0))
}

/// When and where: `2026-11-21 07:10:31 UTC, 10.5 s on host, Linux 6.18.2`.
pub(crate) fn about(report: &Report) -> String {
    let context = &report.context;
    sanitize::text(&format!(
        "{} UTC, {} on {}, Linux {}",
        units::date_time(context.started),
        elapsed(report),
        context.hostname,
        context.kernel,
    ))
}

/// Who a row is about.
pub(crate) struct Identity {
    /// What to call it.
    pub(crate) label: String,
    /// What else is known: what it is, and the name.
    pub(crate) facts: Vec<(Cow<'static, str>, String)>,
}

impl Identity {
    pub(crate) fn new(container: &ContainerReport) -> Self {
        let origin = &container.origin;
        let mut facts = Vec::new();
        if let Some(it) = &origin.container {
            if let Some(image) = &it.image {
                facts.push(("image".into(), sanitize::text(image)));
            }
            let short = it.id.get(..12).unwrap_or(&it.id);
            let runtime = sanitize::text(it.runtime.name());
            facts.push((runtime.into(), sanitize::text(short)));
            if let Some(pod) = &it.pod {
                let namespace = it.namespace.as_deref().unwrap_or("?");
                facts.push(("pod".into(), sanitize::text(&format!("{namespace}/{pod}"))));
            }
        } else if let Some(upperdir) = &origin.mount.upperdir {
            let upperdir = sanitize::bytes(upperdir.as_os_str().as_bytes());
            facts.push(("upperdir".into(), upperdir));
        }
        Self {
            label: sanitize::text(&origin.label()),
            facts,
        }
    }

    /// The facts in a line; that a name is an image's needs no saying.
    pub(crate) fn line(&self) -> String {
        let facts: Vec<_> = self
            .facts
            .iter()
            .map(|(what, name)| match &**what {
                "image" => name.clone(),
                what => format!("{what} {name}"),
            })
            .collect();
        facts.join(", ")
    }
}

/// The counts that have no column of their own, if they are not 0.
pub(crate) fn other_counts(sums: &Sums) -> Vec<String> {
    let counts = &sums.copy_ups;
    let mut also: Vec<String> = [
        (counts.failed, "failed"),
        (counts.metadata, "metadata"),
        (counts.symlink, "symlink"),
        (counts.special, "special"),
        (counts.unknown, "of unknown kind"),
        (counts.raced, "waited for another task's copy-up"),
        (sums.whiteouts.opaque, "opaque"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, name)| format!("{count} {name}"))
    .collect();
    if sums.wasted_bytes > 0 {
        also.push(format!(
            "{} written in vain",
            units::bytes(sums.wasted_bytes)
        ));
    }
    also
}

/// Where the time went, as far as it was measured, with nanoseconds.
pub(crate) fn phases(sums: &Sums) -> Vec<(&'static str, u64)> {
    let phases = &sums.phases;
    let mut parts: Vec<_> = [
        ("data", phases.data.sum_ns),
        ("sync", phases.sync.sum_ns),
        ("waiting for the lock", phases.lock.sum_ns),
    ]
    .into_iter()
    .filter(|(_, ns)| *ns > 0)
    .collect();
    if !parts.is_empty() {
        parts.push(("other", sums.rest_ns()));
    }
    parts
}

/// `open 10 (O_WRONLY|O_APPEND 9, 1 failed)`
pub(crate) fn trigger(row: &TriggerRow) -> String {
    let mut details: Vec<String> = row
        .calls
        .iter()
        .filter(|(call, tally)| !call.flags.is_empty() && tally.copy_ups > 0)
        .map(|(call, tally)| format!("{} {}", call.flags.joined(), tally.copy_ups))
        .collect();
    if row.sums.failed > 0 {
        details.push(format!("{} failed", row.sums.failed));
    }
    let text = format!("{} {}", row.operation, row.sums.copy_ups);
    if details.is_empty() {
        text
    } else {
        format!("{text} ({})", details.join(", "))
    }
}

/// `sh[216]`
pub(crate) fn process(process: &ProcessKey) -> String {
    format!("{}[{}]", sanitize::bytes(&process.comm), process.pid)
}

/// The operation and the process of a file's last copy-up, and how it failed.
pub(crate) fn last_by(last: &FileLast) -> String {
    let mut text = format!("{} {}", last.operation, process(&last.process));
    if last.outcome != Outcome::Ok {
        text.push_str(": ");
        text.push_str(&json::result(last.outcome));
    }
    text
}

/// What an advice rests on: `103 copy-ups, 256.0 MiB, 2.13 s`.
pub(crate) fn evidence(evidence: &Evidence) -> String {
    let mut parts = Vec::new();
    if evidence.copy_ups > 0 {
        parts.push(counted(evidence.copy_ups, "copy-up", "copy-ups"));
        parts.push(units::bytes(evidence.copied_bytes));
        parts.push(units::duration(evidence.latency_ns));
    }
    if evidence.whiteouts > 0 {
        parts.push(counted(evidence.whiteouts, "whiteout", "whiteouts"));
    }
    parts.join(", ")
}

/// The paths behind an advice.
pub(crate) fn evidence_paths(evidence: &Evidence) -> Vec<String> {
    evidence
        .paths
        .iter()
        .map(|path| sanitize::bytes(path))
        .collect()
}

/// Whether nothing was lost that a number could lack.
pub(crate) fn lossless(report: &Report) -> bool {
    report.loss.events() == 0 && !report.loss.shortens_totals() && !report.recording.incomplete
}

/// What was lost, by reason: `12 events lost (ring: ring_copy_up)`.
pub(crate) fn losses(report: &Report) -> Vec<String> {
    let lines = report.loss.reasons.iter().map(|(source, reason, count)| {
        let what = match source {
            LossSource::Ring | LossSource::Queue => "events lost",
            LossSource::Probe => "missed",
            LossSource::Path => "paths cut",
            LossSource::Disarmed => "times off",
        };
        let reason = sanitize::text(reason);
        format!("{count} {what} ({}: {reason})", source.name())
    });
    lines.collect()
}

/// The probes that are not attached, each with what is missing without it. Nobody
/// reads a list of what works.
pub(crate) fn missing_probes(report: &Report) -> Vec<(String, Option<String>)> {
    missing(report, false)
        .map(|(probe, why_not)| {
            let line = format!("'{}' is not attached: {why_not}", probe.probe);
            let lost = probe.lost.as_deref().map(sanitize::text);
            (sanitize::text(&line), lost)
        })
        .collect()
}

/// What the user asked to leave out: `events were not asked for (--totals-only): …`.
pub(crate) fn left_out(report: &Report) -> Vec<String> {
    missing(report, true)
        .map(|(events, why_not)| {
            let lost = events.lost.as_deref().unwrap_or("them");
            sanitize::text(&format!(
                "{} were {why_not}: the report lacks {lost}",
                events.probe
            ))
        })
        .collect()
}

fn missing(report: &Report, is_unwanted: bool) -> impl Iterator<Item = (&Coverage, &str)> {
    let coverage = report.context.coverage.iter();
    coverage
        .filter(move |it| it.is_unwanted == is_unwanted)
        .filter_map(|it| Some((it, it.why_not.as_deref()?)))
}
