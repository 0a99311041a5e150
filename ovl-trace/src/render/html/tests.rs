use super::*;
use crate::render::{
    agree::html::{Token, texts, tokens},
    test_report::{HOSTILE_NAMES, busy, degraded, many, of_an_enemy, quiet, real, without_events},
};

fn text(report: &Report) -> String {
    let mut out = Vec::new();
    write_report(&mut out, report).unwrap();
    String::from_utf8(out).unwrap()
}

/// Also the page that `cargo xtask test` shows to a browser.
#[test]
fn a_report() {
    insta::assert_snapshot!("busy", text(&busy()));
}

/// Likewise.
#[test]
fn a_report_of_an_enemy() {
    insta::assert_snapshot!("hostile", text(&of_an_enemy()));
}

/// Elements and attributes that a report may consist of.
const ELEMENTS: &str = "html head meta title style body main header footer section div p span b \
    ul li dl dt dd h1 h2 h3 a code table caption thead tbody tfoot tr th td details summary figure \
    figcaption svg path rect wbr";
const ATTRIBUTES: &str = "lang charset http-equiv content name class id href scope data-label style \
    role aria-label aria-hidden viewBox preserveAspectRatio d x y width height";

#[test]
fn nothing_but_what_a_report_consists_of() {
    for report in [real(), busy(), degraded(), quiet(), of_an_enemy()] {
        for token in tokens(&text(&report)) {
            let Token::Open(name, attributes, _) = token else {
                continue;
            };
            assert!(ELEMENTS.split_whitespace().any(|it| it == name), "{name}");
            for (attribute, value) in attributes {
                assert!(
                    ATTRIBUTES.split_whitespace().any(|it| it == attribute),
                    "{name} {attribute}"
                );
                match attribute.as_str() {
                    "href" => assert!(value.strip_prefix("#c").unwrap().parse::<usize>().is_ok()),
                    "style" => {
                        let left = value
                            .strip_prefix("left:")
                            .and_then(|it| it.strip_suffix('%'));
                        assert!(left.unwrap().parse::<f64>().is_ok(), "{value}");
                    }
                    _ => {}
                }
            }
        }
    }
}

#[test]
fn names_of_an_enemy_are_text() {
    let page = text(&of_an_enemy());
    assert!(page.chars().all(|c| c == '\n' || sanitize::is_harmless(c)));
    let headings = texts(&tokens(&page), "h2");
    for name in HOSTILE_NAMES.iter().take(7) {
        assert!(
            headings.contains(&sanitize::text(name)),
            "{name}: {headings:?}"
        );
    }
}

#[test]
fn the_page_asks_for_nothing() {
    let page = text(&real());
    let (head, _) = page.split_once("</head>").unwrap();
    assert!(head.contains("default-src &#39;none&#39;"), "{head}");
    let css = include_str!("style.css");
    for call in ["url(", "@import", "@font-face", "src:"] {
        assert!(!css.contains(call), "{call}");
    }
    assert!(!css.contains("</"), "the style sheet ends where it should");
}

#[test]
fn losses_are_seen_at_once() {
    let states = |report| {
        let tokens = tokens(&text(&report));
        let classes = tokens.iter().filter_map(|token| match token {
            Token::Open(_, attributes, _) => attributes
                .iter()
                .find_map(|(name, value)| (name == "class").then(|| value.clone())),
            _ => None,
        });
        classes
            .filter(|class| class.starts_with("state "))
            .collect::<Vec<_>>()
    };
    assert_eq!(states(busy()), ["state good", "state good"]);
    assert_eq!(states(degraded()), ["state bad"; 4]);
    // Nothing is wrong with what the user asked for.
    assert_eq!(states(without_events()), ["state good", "state good"]);
    assert!(text(&without_events()).contains("<li>events were not asked for (--totals-only)"));
}

#[test]
fn a_page_of_many_containers_stays_small() {
    let page = text(&many());
    assert!(page.len() < 1 << 20, "{}", page.len());
    assert_eq!(page.matches("class=\"container\"").count(), SECTIONS);
    assert_eq!(page.matches("href=").count(), SECTIONS);
    assert!(page.contains("The first 50 are shown"));
}

#[test]
fn nothing_happened() {
    let page = text(&quiet());
    assert!(
        page.contains("No copy-ups or whiteouts in 10.5 s."),
        "{page}"
    );
}

#[test]
fn charts_have_titles_units_and_words() {
    let page = text(&real());
    let tokens = tokens(&page);
    let captions = texts(&tokens, "figcaption");
    for title in [
        "Bytes written per 4 s",
        "Copy-ups per 4 s",
        "Whiteouts per 4 s",
        "Where the time went sum over all copy-ups: 3.01 s",
        "How long copy-ups took copy-ups by duration, and by phase",
    ] {
        assert!(
            captions.iter().any(|it| it == title),
            "{title}: {captions:?}"
        );
    }
    for token in &tokens {
        let Token::Open(name, attributes, _) = token else {
            continue;
        };
        if name == "svg" {
            let has = |wanted: &str| {
                attributes
                    .iter()
                    .any(|(name, value)| name == wanted && !value.is_empty())
            };
            assert!(has("aria-label") || has("aria-hidden"), "{attributes:?}");
        }
    }
}
