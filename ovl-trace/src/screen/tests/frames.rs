//! Frames at 80×24 and 200×50, and at sizes that are none.

use proptest::prelude::*;
use ratatui::style::{Color, Modifier};

use super::{frame, scene::Scene};
use crate::model::LossSource;

const NARROW: (u16, u16) = (80, 24);
const WIDE: (u16, u16) = (200, 50);

/// A frame of a busy machine after these keys, against its file.
fn check(name: &str, keys: &str, (width, height): (u16, u16)) {
    let mut scene = Scene::busy();
    // Finds out what there is to scroll through.
    scene.draw(width, height);
    let frame = scene.press(keys).text(width, height);
    insta::assert_snapshot!(format!("{name}-{width}x{height}"), frame);
}

#[test]
fn containers() {
    check("containers", "", NARROW);
    check("containers", "", WIDE);
}

#[test]
fn containers_by_latency_reversed() {
    check("sorted", "ssssr", NARROW);
    check("sorted", "ssssr", WIDE);
}

#[test]
fn detail() {
    check("detail", "j\r", NARROW);
    check("detail-end", "\rG", NARROW);
    check("detail", "j\rG", WIDE);
}

#[test]
fn in_flight() {
    check("in-flight", "3", NARROW);
    check("in-flight", "3", WIDE);
}

#[test]
fn events() {
    check("events", "4", NARROW);
    check("events-scrolled", "4jjjj", WIDE);
}

#[test]
fn help() {
    check("help", "?", NARROW);
    check("help", "?", WIDE);
}

#[test]
fn a_filter_while_it_is_typed_and_after() {
    check("typing", "/prod", NARROW);
    check("filtered", "/prod\r", NARROW);
    check("nothing-found", "/nothing", NARROW);
}

#[test]
fn nothing_has_happened() {
    let mut scene = Scene::new();
    insta::assert_snapshot!("empty-80x24", scene.text(80, 24));
    insta::assert_snapshot!("empty-200x50", scene.text(200, 50));
}

#[test]
fn a_paused_picture_stands_still_while_counting_goes_on() {
    let mut scene = Scene::busy();
    let paused = scene.press(" ").text(80, 24);
    assert!(paused.lines().next().unwrap().ends_with("PAUSED"));
    scene.copy_up("web", 1, "/while/paused", 1 << 30);
    scene.tick();
    assert_eq!(scene.text(80, 24), paused);
    let then = scene.press(" ").text(80, 24);
    assert!(
        then.contains("/while/paused") && then.contains("1.0 GiB"),
        "{then}"
    );
}

#[test]
fn a_second_without_anything_leaves_the_counts_and_no_rates() {
    let mut scene = Scene::busy();
    let busy = scene.text(80, 24);
    let _shows = scene.idle();
    let idle = scene.text(80, 24);
    assert_ne!(idle, busy);
    let mut other = Scene::busy();
    other.tick();
    assert_eq!(idle, other.text(80, 24), "as if the same counts had come");
}

/// The style of the cell at the beginning of a text.
fn style_of(scene: &mut Scene, text: &str) -> (Color, Modifier) {
    let buffer = scene.draw(120, 30);
    let frame = frame::text(&buffer);
    let found = frame.lines().enumerate().find_map(|(y, line)| {
        let at = line.find(text)?;
        Some((line[..at].chars().count() as u16, y as u16))
    });
    let cell = &buffer[found.unwrap_or_else(|| panic!("no '{text}' in\n{frame}"))];
    (cell.fg, cell.modifier)
}

#[test]
fn losses_are_red() {
    let mut scene = Scene::new();
    scene.tick();
    assert_eq!(style_of(&mut scene, "0 lost").0, Color::Green);
    scene.lose(LossSource::Ring, 12);
    assert_eq!(style_of(&mut scene, "12 lost").0, Color::Red);
    scene.lose(LossSource::Probe, 3);
    assert_eq!(style_of(&mut scene, "3 missed").0, Color::Red);
    scene.lose(LossSource::Disarmed, 2);
    assert_eq!(style_of(&mut scene, "2 times off").0, Color::Red);
    scene.copy_up("nobody", 4, "/x", 1);
    scene.tick();
    assert_eq!(style_of(&mut scene, "1 unattributed").0, Color::Red);
    insta::assert_snapshot!("losses-80x24", scene.text(80, 24));
}

#[test]
fn without_colour_a_loss_still_stands_out() {
    let mut scene = Scene::busy();
    scene.colour = false;
    scene.lose(LossSource::Ring, 12);
    let (colour, modifier) = style_of(&mut scene, "12 lost");
    assert_eq!(colour, Color::Reset);
    assert!(modifier.contains(Modifier::REVERSED | Modifier::BOLD));
    let buffer = scene.draw(200, 50);
    let colours = buffer
        .content
        .iter()
        .filter(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset);
    assert_eq!(colours.count(), 0);
}

/// A scene with names that would move the cursor or end a line.
fn hostile() -> Scene {
    let mut scene = Scene::new();
    scene.tick();
    let path = "/a\nb\x1b[2J\u{202e}gpj/日本語の名前";
    for number in 0..3 {
        scene.copy_up(
            "x\x1b]0;pwned\x07\r\n日本",
            1,
            &format!("{path}{number}"),
            7 << 20,
        );
    }
    scene.tick();
    scene
}

#[test]
fn hostile_names_are_text() {
    let mut scene = hostile();
    insta::assert_snapshot!("hostile-80x24", scene.text(80, 24));
    insta::assert_snapshot!("hostile-200x50", scene.text(200, 50));
    let detail = scene.press("\r").text(80, 24);
    insta::assert_snapshot!("hostile-detail-80x24", detail);
}

#[test]
fn too_small_to_be_read() {
    let mut scene = Scene::busy();
    insta::assert_snapshot!(scene.text(39, 10), @"
    too small
    40×8 needed
    ");
    insta::assert_snapshot!("small-40x8", scene.text(40, 8));
    assert_eq!(scene.text(3, 1), "too");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// No size and no keys are a panic, and no control character gets through.
    #[test]
    fn every_size_and_every_key(
        width in 1_u16..220,
        height in 1_u16..60,
        keys in "[1-4jkgGsr/?qa \t\r\x1b\x15\x7f]{0,12}",
        again in (1_u16..220, 1_u16..60),
    ) {
        let mut scene = hostile();
        scene.running(3);
        scene.draw(width, height);
        let frame = scene.press(&keys).text(again.0, again.1);
        prop_assert!(frame.chars().all(|c| c == '\n' || !c.is_control()), "{frame:?}");
    }
}

/// Frames of a second in which nothing happens differ in the time alone, which is what
/// is drawn then.
#[test]
fn once_all_is_quiet_only_the_time_passes() {
    let mut scene = Scene::busy();
    let mut shown = 0;
    while scene.idle() {
        shown += 1;
        assert!(shown < 100, "it never ends");
    }
    // The last minute is drawn second by second.
    assert!(shown >= 59, "{shown}");
    for (width, height) in [(80, 24), (200, 50)] {
        let before = scene.draw(width, height);
        assert!(!scene.idle());
        let head = scene.head(width, height).unwrap();
        let after = scene.draw(width, height);
        let differs = before.diff(&after);
        assert!(!differs.is_empty());
        assert!(differs.iter().all(|(_, y, _)| *y < head.area.height));
        for (x, y) in head.area.positions().map(|at| (at.x, at.y)) {
            assert_eq!(head[(x, y)], after[(x, y)]);
        }
    }
    assert!(scene.head(20, 5).is_none());
}
