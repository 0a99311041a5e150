//! What holds for any events.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::{
    aggregate::advice::{RULES, limits::ADVICE_MAX},
    model::{Cause, Kind, Method},
};

#[test]
fn ids_are_words_and_unique() {
    let ids: HashSet<_> = RULES.iter().map(|(id, _)| id).collect();
    assert_eq!(ids.len(), RULES.len());
    let word = |c: char| c.is_ascii_lowercase() || c == '-';
    assert!(RULES.iter().all(|(id, _)| id.chars().all(word)));
}

#[test]
fn the_document_describes_each_rule() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/advice.md");
    let text = std::fs::read_to_string(path).unwrap();
    for (id, _) in RULES {
        assert!(text.contains(&format!("\n## {id}\n")), "{id}");
    }
    let titles = text.lines().filter(|line| line.starts_with("## "));
    assert_eq!(titles.count(), RULES.len());
}

/// Some events of one kind: enough of them for advice now and then.
fn any_run() -> impl Strategy<Value = Vec<Event>> {
    let what = (
        (0_u8..14).prop_map(Operation::from_code),
        (0_u8..6).prop_map(Kind::from_code),
        (0_u8..6).prop_map(Method::from_code),
        "(chown|dockerd|sh)",
        "(/srv|/srv/app|/usr/lib|…/deep|)",
    );
    let numbers = (
        1_u64..150,
        proptest::option::of(0_u64..1 << 26),
        0_u64..1 << 30,
        proptest::option::of(0_u32..600),
        0_u64..5,
        any::<bool>(),
    );
    (what, numbers).prop_map(|(what, (count, bytes, latency_ns, layer, life, hide))| {
        let (operation, kind, method, comm, directory) = what;
        let mut events = many(count, operation, &comm, &directory);
        for (index, event) in events.iter_mut().enumerate() {
            let Event::CopyUp(copied) = event else {
                continue;
            };
            if hide {
                *event = Event::Whiteout(Whiteout {
                    overlay: overlay(life),
                    path: copied.path.clone(),
                    cause: Cause::from_code((index % 5) as u8),
                    ..whiteout("")
                });
                continue;
            }
            copied.overlay = overlay(life);
            (copied.kind, copied.method) = (kind, Some(method));
            (copied.copied_bytes, copied.layer) = (bytes, layer);
            (copied.latency_ns, copied.phases.sync_ns) = (latency_ns, Some(latency_ns / 2));
        }
        events
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_handful_in_order_and_never_more_than_there_was(
        runs in proptest::collection::vec(any_run(), 0..6),
        mounter in proptest::option::of(Just(process().mount_namespace.unwrap())),
        unchanged in 1_usize..4,
    ) {
        let mut events: Vec<Event> = mounter.map(|id| mounted(id, 0)).into_iter().collect();
        events.extend(runs.into_iter().flatten());
        let mut aggregator = aggregated(&origin("web"), &events);
        examined(&mut aggregator, |index| index % unchanged == 0);
        for container in report_of(&aggregator).containers {
            let advice = &container.advice;
            prop_assert!(advice.len() <= ADVICE_MAX);
            let ids: HashSet<_> = advice.iter().map(|advice| advice.id).collect();
            prop_assert_eq!(ids.len(), advice.len());
            let cost = |advice: &Advice| (advice.evidence.copied_bytes, advice.evidence.latency_ns);
            prop_assert!(advice.windows(2).all(|pair| cost(&pair[0]) >= cost(&pair[1])));
            for Advice { evidence, finding, remedy, .. } in advice {
                let sums = &container.sums;
                prop_assert!(evidence.copy_ups <= sums.copy_ups.total);
                prop_assert!(evidence.whiteouts <= sums.whiteouts.total);
                prop_assert!(evidence.copied_bytes <= sums.copied_bytes);
                prop_assert!(evidence.latency_ns <= sums.latency.sum_ns);
                prop_assert!(evidence.copy_ups + evidence.whiteouts > 0);
                prop_assert!(evidence.paths.len() <= 5);
                prop_assert!(finding.ends_with('.') && remedy.ends_with('.'));
                prop_assert!(!finding.contains("  ") && !remedy.contains("  "));
            }
        }
    }
}
