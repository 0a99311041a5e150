//! What each key does.

use super::{happenings, scene::Scene};
use crate::model::{
    CopyUp, Event, Process,
    test_support::{copy_up, origin, process},
};
use crate::screen::{
    input::Key,
    state::{Column, Mode, Pane},
};

fn after(keys: &str) -> Scene {
    let mut scene = Scene::busy();
    scene.draw(80, 24);
    scene.press(keys);
    scene
}

#[test]
fn three_ways_out() {
    for keys in ["q", "\x03", "?q", "/abc\x03", "2q"] {
        assert!(after(keys).state.wants_to_quit(), "{keys:?}");
    }
    for keys in ["/q", "\x1b", "", "x", "?\x1b"] {
        assert!(!after(keys).state.wants_to_quit(), "{keys:?}");
    }
}

#[test]
fn panes_by_number_and_in_turn() {
    for (keys, pane) in [
        ("", Pane::Containers),
        ("2", Pane::Detail),
        ("3", Pane::InFlight),
        ("4", Pane::Events),
        ("41", Pane::Containers),
        ("\t", Pane::Detail),
        ("\t\t\t\t", Pane::Containers),
        ("\x1b[Z", Pane::Events),
        ("\r", Pane::Detail),
        ("4\r", Pane::Events),
        ("4\x1b", Pane::Containers),
    ] {
        assert_eq!(after(keys).state.pane, pane, "{keys:?}");
    }
}

#[test]
fn s_goes_through_all_columns_and_r_turns_round() {
    let mut scene = after("");
    let mut seen = vec![scene.state.sort];
    for _ in 1..Column::ALL.len() {
        scene.press("s");
        assert!(!seen.contains(&scene.state.sort), "{:?}", scene.state.sort);
        seen.push(scene.state.sort);
    }
    scene.press("s");
    assert_eq!(scene.state.sort, seen[0]);
    let names = |scene: &Scene| -> Vec<String> {
        scene
            .state
            .rows()
            .iter()
            .map(|row| row.origin.label())
            .collect()
    };
    assert_eq!(names(&scene), ["web", "app", "overlay 0:28"]);
    scene.press("r");
    assert_eq!(names(&scene), ["overlay 0:28", "app", "web"]);
}

/// The name of the selected container.
fn selected(scene: &Scene) -> String {
    let rows = scene.state.rows();
    rows[scene.state.selected(&rows)].origin.label()
}

#[test]
fn moving_in_the_table() {
    for (keys, name) in [
        ("", "web"),
        ("j", "app"),
        ("\x1b[B\x1b[B", "overlay 0:28"),
        ("jjjjj", "overlay 0:28"),
        ("jjk", "app"),
        ("G", "overlay 0:28"),
        ("Gg", "web"),
        ("\x1b[6~", "overlay 0:28"),
        ("G\x1b[5~", "web"),
        ("\x1b[F\x1b[H", "web"),
    ] {
        assert_eq!(selected(&after(keys)), name, "{keys:?}");
    }
}

#[test]
fn the_selection_stays_with_its_container() {
    assert_eq!(selected(&after("jr")), "app");
    assert_eq!(selected(&after("jsss")), "app");
    // Not shown any more, and shown again.
    assert_eq!(selected(&after("j/web")), "web");
    assert_eq!(selected(&after("j/web\x1b")), "app");
}

#[test]
fn the_detail_is_of_the_selected_container_and_stays() {
    let mut scene = after("j\r");
    assert!(scene.text(80, 24).contains("Detail of app"));
    scene.press("1r2");
    assert!(scene.text(80, 24).contains("Detail of app"));
    scene.press("1rg2");
    assert!(scene.text(80, 24).contains("Detail of web"));
}

#[test]
fn typing_a_filter() {
    for (keys, filter, typing) in [
        ("/we", "we", true),
        ("/web\x7f\x7fa", "wa", true),
        ("/qs1? ", "qs1? ", true),
        ("/web\x15", "", true),
        ("/web\r", "web", false),
        ("/web\x1b", "", false),
        ("/web\r\x1b", "", false),
        ("/web\r/x", "webx", true),
    ] {
        let scene = after(keys);
        assert_eq!(
            (
                scene.state.filter.as_str(),
                scene.state.mode == Mode::Typing
            ),
            (filter, typing),
            "{keys:?}"
        );
    }
}

#[test]
fn a_filter_looks_at_names_of_any_case() {
    for (filter, names) in [
        ("WEB", vec!["web"]),
        ("shop", vec!["web", "app"]),
        ("prod", vec!["app"]),
        ("x2x9k", vec!["app"]),
        ("overlay", vec!["overlay 0:28"]),
        ("nothing", vec![]),
    ] {
        let scene = after(&format!("/{filter}"));
        let shown: Vec<_> = scene
            .state
            .rows()
            .iter()
            .map(|row| row.origin.label())
            .collect();
        assert_eq!(shown, names, "{filter}");
    }
    let scene = after("/full.img");
    assert_eq!(scene.state.events().count(), 1, "by path");
    assert_eq!(after("/postgresql").state.running().len(), 1);
    assert_eq!(after("/web").state.running().len(), 0);
}

#[test]
fn scrolled_events_stay_where_they_are() {
    let mut scene = after("4jjj");
    let first = |scene: &Scene| scene.state.events().next().map(|seen| seen.number);
    let (before, newer) = (first(&scene), scene.state.newer_events());
    assert_eq!(newer, 3);
    scene.copy_up("web", 1, "/new", 1);
    assert_eq!((first(&scene), scene.state.newer_events()), (before, 4));
    scene.press("g");
    assert_eq!(scene.state.newer_events(), 0);
    scene.press("jj\x1b");
    assert_eq!(
        (scene.state.newer_events(), scene.state.pane),
        (0, Pane::Events)
    );
}

#[test]
fn a_bounded_number_of_events_is_kept() {
    let mut scene = Scene::new();
    for number in 0..2500 {
        scene.copy_up("web", 1, &format!("/{number}"), 1);
    }
    assert_eq!(scene.state.events().count(), 1000);
    scene.press("4G");
    scene.text(80, 24);
    scene.key(Key::Home);
    assert_eq!(
        scene.state.events().next().map(|seen| seen.number),
        Some(2499)
    );
}

#[test]
fn a_copy_up_in_flight_is_gone_when_it_ends_or_is_not_seen_any_more() {
    let mut scene = Scene::new();
    scene.running(0);
    scene.running(1);
    assert_eq!(scene.state.running().len(), 1);
    for expected in [1, 1, 0] {
        scene.tick();
        assert_eq!(scene.state.running().len(), expected);
    }
    scene.running(2);
    let ended = CopyUp {
        overlay: happenings::key(3),
        process: Process {
            tid: 4711,
            ..process()
        },
        ..copy_up("/big")
    };
    scene.event(&Event::CopyUp(ended), origin("db"));
    assert_eq!(scene.state.running().len(), 0);
}
