//! The text of tracefs' files, without reading or writing them.

use std::path::PathBuf;

use super::{ProbeEvent, ProbeKind, ProbeProfile};

/// What the names of our event groups start with; the process id follows.
pub(super) const GROUP_PREFIX: &str = "ovl_trace_";

/// The line that makes an event.
pub(super) fn definition(group: &str, event: &str, kind: ProbeKind, symbol: &str) -> String {
    match kind {
        ProbeKind::Entry => format!("p:{group}/{event} {symbol}"),
        ProbeKind::Return { instances } => format!("r{instances}:{group}/{event} {symbol}"),
    }
}

/// Mount points of tracefs, and the `tracing` directories of debugfs, in the
/// text of `/proc/self/mounts`.
pub(super) fn mounted(mounts: &str) -> Vec<PathBuf> {
    let of_type = |wanted: &'static str| {
        mounts.lines().filter_map(move |line| {
            let mut words = line.split(' ').skip(1);
            let point = words.next()?;
            (words.next()? == wanted).then(|| PathBuf::from(point))
        })
    };
    of_type("tracefs")
        .chain(of_type("debugfs").map(|point| point.join("tracing")))
        .collect()
}

/// `p:group/event symbol …` or `r512:group/event …` on each line.
pub(super) fn parse_events(text: &str) -> Vec<ProbeEvent> {
    text.lines()
        .filter_map(|line| {
            let (_, rest) = line.split_once(':')?;
            let (group, event) = rest.split_ascii_whitespace().next()?.split_once('/')?;
            Some(ProbeEvent {
                group: group.to_owned(),
                event: event.to_owned(),
            })
        })
        .collect()
}

/// Groups of ours whose process is gone.
pub(super) fn stale(events: &[ProbeEvent], is_gone: impl Fn(u32) -> bool) -> Vec<String> {
    let mut groups: Vec<_> = events
        .iter()
        .filter(|probe| {
            probe
                .group
                .strip_prefix(GROUP_PREFIX)
                .and_then(|pid| pid.parse().ok())
                .is_some_and(&is_gone)
        })
        .map(|probe| probe.group.clone())
        .collect();
    groups.sort_unstable();
    groups.dedup();
    groups
}

/// `name hits misses` on each line (`kernel/trace/trace_kprobe.c`,
/// `probes_profile_seq_show`).
pub(super) fn parse_profile(text: &str) -> Vec<ProbeProfile> {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_ascii_whitespace();
            Some(ProbeProfile {
                event: words.next()?.to_owned(),
                hits: words.next()?.parse().ok()?,
                misses: words.next()?.parse().ok()?,
            })
        })
        .collect()
}
