//! For how long an answer stays what it is.

use std::time::{Duration, Instant};

use super::*;
use crate::enrich::Enricher;

#[test]
fn an_owner_is_certain_as_long_as_nobody_would_look() {
    let host = docker_20();
    let mut enricher = Enricher::new(&host.config());
    let start = Instant::now();
    let at = |milliseconds| start + Duration::from_millis(milliseconds);
    let certain_for = |enricher: &Enricher, now| enricher.certain_for(key(1), now);
    assert_eq!(certain_for(&enricher, start), Duration::ZERO);
    let upper = web_identity(&host);
    let mounted = OverlaySeen {
        upper: Some(upper),
        ..seen(key(1), &web_upper(), true)
    };
    // It has a name, but no mount shows it yet: it will be looked at again.
    let origin = enricher.origin_at(&Event::OverlaySeen(mounted), start);
    assert_eq!(label(&origin), "web-1");
    assert_eq!(certain_for(&enricher, start), Duration::ZERO);
    show_mounts(&host);
    let copy_up = copied_up(key(1));
    enricher.origin_at(&copy_up, at(5));
    assert_eq!(certain_for(&enricher, at(5)), Duration::from_secs(1));
    assert_eq!(certain_for(&enricher, at(905)), Duration::from_millis(100));
    assert_eq!(certain_for(&enricher, at(1005)), Duration::ZERO);
    enricher.origin_at(&copy_up, at(1005));
    assert_eq!(certain_for(&enricher, at(1005)), Duration::from_secs(1));
    enricher.origin(&gone(key(1)));
    assert_eq!(certain_for(&enricher, at(1005)), Duration::ZERO);
}
