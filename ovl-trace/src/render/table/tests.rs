use super::*;
use crate::render::test_report::{busy, degraded, quiet};

fn text(report: &Report, width: Option<u16>) -> String {
    let mut out = Vec::new();
    write_report(&mut out, Style { colour: false }, report, width).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn eighty_columns() {
    let text = text(&busy(), Some(80));
    let widest = text.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(80), "{widest:?}");
    insta::assert_snapshot!(text, @"");
}

#[test]
fn a_hundred_and_twenty_columns() {
    insta::assert_snapshot!(text(&busy(), Some(120)), @"");
}

#[test]
fn a_pipe_gets_everything() {
    let text = text(&busy(), None);
    assert!(text.contains("shop-frontend-production-7"), "{text}");
    assert!(text.contains("registry.example.org/shop/web:1.4"), "{text}");
}

#[test]
fn losses_and_missing_probes_are_told() {
    let text = text(&degraded(), Some(80));
    let (_, tail) = text.split_once("PATH\n").unwrap();
    insta::assert_snapshot!(tail, @"");
}

#[test]
fn nothing_happened() {
    insta::assert_snapshot!(text(&quiet(), Some(80)), @"");
}

#[test]
fn nothing_harmful_reaches_the_terminal() {
    for width in [None, Some(20), Some(80)] {
        let text = text(&degraded(), width);
        assert!(text.lines().flat_map(str::chars).all(sanitize::is_harmless));
    }
}
