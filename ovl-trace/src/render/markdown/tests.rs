use super::*;
use crate::render::test_report::{busy, degraded, many, of_an_enemy, quiet, without_events};

fn text(report: &Report) -> String {
    let mut out = Vec::new();
    write_report(&mut out, report).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_report_without_events() {
    let text = text(&without_events());
    let line = text.lines().find(|line| line.contains("events were"));
    insta::assert_snapshot!(line.unwrap(), @"- events were not asked for (--totals-only): the report lacks files, processes, layers and single latencies");
    assert!(!text.contains("degraded"), "{text}");
}

#[test]
fn a_report_with_losses() {
    insta::assert_snapshot!(text(&degraded()), @r"
    ## Copy-ups and whiteouts on `host`

    2026-11-21 07:10:31 UTC, 10.5 s, Linux `6.18.2`, ovl-trace 0.1.0

    - **note:** 12 events were lost, and counts come from events: all numbers are lower bounds
    - **note:** probes missed something 1 time: counts may be short, too
    - **note:** the kernel's probes were switched off 1 time: nothing that happened then is in any number
    - **note:** 2 copy-ups were still running at the end: not counted
    - 12 events lost (ring: ring\_copy\_up)
    - 1 missed (probe: in\_flight\_full)
    - 1 times off (disarmed: ftrace\_disabled)
    - **degraded:** 'do\_splice\_direct' is not attached: no such symbol; bytes are unknown

    | Name | Image | Copy-ups | Data | Dirs | Bytes | P50 | P90 | P99 | Max | Whiteouts |
    | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
    | `shop-frontend-production-7` | `registry.example.org/shop/web:1.4` | 6 | 5 | 1 | 50.6 MiB | 786 µs | 154 ms | 180 ms | 183 ms | 1 |
    | `overlay 0:28` | - | 0 | 0 | 0 | - | - | - | - | - | 0 |
    | (all) |  | 6 | 5 | 1 | 50.6 MiB | 786 µs | 154 ms | 180 ms | 183 ms | 1 |

    ### `shop-frontend-production-7`

    image `registry.example.org/shop/web:1.4`, docker `776562776562`

    > **'sh' opened 1 file for writing, which copied the data (from the image's layer of 'COPY model.bin /srv/'): 50.0 MiB in 183 ms, the largest '/srv/model.bin' (50.0 MiB). Events were lost: it is at least that.**
    > Keep data that changes on a volume: '/srv'. A named volume of Docker or Podman is filled from the image when it is made; a bind mount or an emptyDir hides what the image has there.
    > (1 copy-up, 50.0 MiB, 183 ms: `/srv/model.bin`)

    - also: 1 opaque
    - because of: chown 4, open 2 (O\_WRONLY\|O\_APPEND 2)
    - time: data 900 ms, sync 192 ms, waiting for the lock 5.40 µs, other 0 ns

    <details><summary>Files</summary>

    | Bytes | Time | Copy-ups | Whiteouts | Kind | Method | Last by | Path |
    | ---: | ---: | ---: | ---: | --- | --- | --- | --- |
    | 50.0 MiB | 183 ms | 1 | - | data | copy | `open sh[216]` | `/srv/model.bin` |

    and 7 more files (585.9 KiB)

    </details>

    <details><summary>Processes</summary>

    | Bytes | Time | Copy-ups | Whiteouts | Process |
    | ---: | ---: | ---: | ---: | --- |
    | 50.0 MiB | 183 ms | 2 | 1 | `sh[216]` |

    and 1 more process (585.9 KiB)

    </details>

    <details><summary>Layers</summary>

    | Bytes | Time | Copy-ups | Layer | Digest | Instruction |
    | ---: | ---: | ---: | ---: | --- | --- |
    | 50.6 MiB | 186 ms | 6 | 1 | `sha256:f9fc76` | `COPY model.bin /srv/` |

    </details>

    <details><summary>First writes by size of the file</summary>

    | File size | Copy-ups | Bytes | P50 | P99 | Max |
    | --- | ---: | ---: | ---: | ---: | ---: |
    | ≤ 64.0 KiB | 1 | 0 B | 812 µs | 812 µs | 812 µs |
    | ≤ 1.0 MiB | 3 | 585.9 KiB | 812 µs | 812 µs | 812 µs |
    | ≤ 64.0 MiB | 1 | 50.0 MiB | 183 ms | 183 ms | 183 ms |

    </details>

    ### `overlay 0:28`

    upperdir `/mnt/upper`

    - also: 1 failed, 50.0 MiB written in vain
    - because of: open 0 (1 failed)

    <details><summary>Files</summary>

    | Bytes | Time | Copy-ups | Whiteouts | Kind | Method | Last by | Path |
    | ---: | ---: | ---: | ---: | --- | --- | --- | --- |
    | - | - | - | - | data | copy | `open \x1b[2Jx\xff[216]: ENOSPC` | `/a\nb\xff\x1b]0;t\x07\u{202e}` |

    </details>

    <details><summary>Processes</summary>

    | Bytes | Time | Copy-ups | Whiteouts | Process |
    | ---: | ---: | ---: | ---: | --- |
    | - | - | - | - | `\x1b[2Jx\xff[216]` |

    </details>

    <details><summary>Layers</summary>

    | Bytes | Time | Copy-ups | Layer | Digest | Instruction |
    | ---: | ---: | ---: | ---: | --- | --- |
    | - | - | 0 | 1 | - | - |

    </details>
    ");
}

#[test]
fn nothing_happened() {
    insta::assert_snapshot!(text(&quiet()), @r"
    ## Copy-ups and whiteouts on `host`

    2026-11-21 07:10:31 UTC, 10.5 s, Linux `6.18.2`, ovl-trace 0.1.0

    0 events lost.

    No copy-ups or whiteouts.
    ");
}

/// What is left when code and escaped characters are taken away: what could be
/// markup.
fn markup(text: &str) -> String {
    let mut left = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let run = rest.len() - rest.trim_start_matches('`').len();
        if run > 0 {
            let fence = &rest[..run];
            let (_, after) = rest.split_at(run);
            // The same number of backticks, no more.
            let end = after
                .match_indices(fence)
                .find(|(at, _)| !after[at + run..].starts_with('`') && !after[..*at].ends_with('`'))
                .map(|(at, _)| at)
                .expect("code ends on its line");
            assert!(!after[..end].contains('\n'), "code ends on its line");
            rest = &after[end + run..];
        } else if c == '\\' {
            let escaped = rest.chars().nth(1).unwrap();
            rest = &rest[1 + escaped.len_utf8()..];
        } else {
            left.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    left
}

#[test]
fn names_of_an_enemy_are_no_markup() {
    let text = text(&of_an_enemy());
    assert!(text.lines().flat_map(str::chars).all(sanitize::is_harmless));
    let markup = markup(&text);
    for tag in markup.split('<').skip(1) {
        let known = ["details>", "/details>", "summary>", "/summary>", "!-- -->"];
        assert!(known.iter().any(|it| tag.starts_with(it)), "<{tag}");
    }
    assert!(!markup.contains("]("), "{markup}");
    assert!(!markup.contains("://"), "{markup}");
    let mentions = markup.matches('@').count();
    assert_eq!(mentions, markup.matches("@<!-- -->").count(), "{markup}");
    // Tables keep their shape.
    for table in markup.split("\n\n").filter(|part| part.starts_with('|')) {
        let bars: Vec<_> = table
            .lines()
            .map(|line| line.matches('|').count())
            .collect();
        assert!(bars.windows(2).all(|pair| pair[0] == pair[1]), "{table}");
    }
}

#[test]
fn an_issue_holds_a_report_of_many_containers() {
    let text = text(&many());
    assert!(text.len() < 65_536, "{}", text.len());
    assert!(text.contains("(and 90 more, in the first table only)"));
}

#[test]
fn files_are_folded_in() {
    let text = text(&busy());
    assert_eq!(
        text.matches("<details>").count(),
        text.matches("</details>").count()
    );
    assert!(
        text.contains("<details><summary>Files</summary>\n\n| Bytes |"),
        "{text}"
    );
}
