//! A report in which every name was given by an enemy.

use std::sync::Arc;

use jiff::Timestamp;

use crate::{
    aggregate::{Advice, Aggregator, Coverage, Evidence, Report, ReportContext, SortKey},
    model::{
        Container, CopyUp, Event, Filter, Layer, LossSource, Process, Runtime,
        test_support::{copy_up, origin, process},
    },
};

/// What names may look like that want to be more than names.
pub(crate) const NAMES: [&str; 14] = [
    "<script>document.title='pwned'</script>",
    "\"><img src=x onerror=\"document.title='pwned'\">",
    "' onmouseover='alert(1)' x='",
    "</style></details></table><h1>pwned</h1>",
    "<!-- --><svg/onload=alert(1)>",
    "&lt;b&gt; &amp;#60;script&#62;",
    "[click](javascript:alert(1)) ![i](https://example.org/i.png)",
    "a|b`c``d|`e*f_g~h#1 @root https://example.org/ www.example.org",
    "\n# heading\n\n- list\r\n```\n",
    "\u{202e}cod.exe\u{202c} \u{2066}x\u{2069} \u{200b}\u{feff}",
    "\x1b[2J\x1b]0;pwned\x07 \u{9b}31m",
    " leading, trailing and  doubled  blanks ",
    "\\| \\` \\< \\\\ \\",
    "]]> <?xml?> {{7*7}} ${7*7} %s",
];

fn name(number: usize) -> String {
    NAMES[number % NAMES.len()].to_owned()
}

fn copy(number: usize) -> Event {
    let mut path = format!("/{}", name(number)).into_bytes();
    match number {
        0 => path.extend(b"\xff\xfe\xed\xa0\x80"),
        1 => path.extend("very-long/".repeat(410).bytes()),
        2 => path.extend(b"w".repeat(4000)),
        _ => {}
    }
    let mut comm = name(number + 3).into_bytes();
    comm.truncate(15);
    Event::CopyUp(CopyUp {
        overlay: super::overlay(number as u64 % 7),
        path,
        process: Process {
            comm: comm.into(),
            ..process()
        },
        layer: Some(1),
        ..copy_up("")
    })
}

/// Names of all kinds, in every place of a report.
pub(crate) fn hostile() -> Report {
    let mut aggregator = Aggregator::new(Filter::default(), 20, SortKey::default());
    let time: Timestamp = "2026-11-21T07:10:35Z".parse().unwrap();
    for number in 0..NAMES.len() {
        let owner = number % 7;
        let mut origin = origin(&format!("c{owner}"));
        origin.container = Some(Container {
            id: format!("{owner}{}", name(owner)),
            name: Some(name(owner)),
            image: Some(name(owner + 7)),
            runtime: Runtime::Containerd,
            pod: Some(name(owner + 2)),
            namespace: Some(name(owner + 4)),
        });
        origin.layers = vec![Layer {
            id: name(owner),
            digest: Some(name(owner + 5)),
            created_by: Some(name(owner + 6)),
        }];
        aggregator.event(&copy(number), &Arc::new(origin), time);
    }
    aggregator.loss(LossSource::Ring, NAMES[0], 3);
    let mut report = aggregator.report(ReportContext {
        tool_version: "0.1.0".to_owned(),
        kernel: name(0),
        hostname: name(1),
        started: "2026-11-21T07:10:31Z".parse().unwrap(),
        ended: "2026-11-21T07:10:41Z".parse().unwrap(),
        in_flight: 0,
        coverage: vec![Coverage {
            probe: name(0),
            why_not: Some(name(7)),
            lost: Some(name(3)),
            is_unwanted: false,
        }],
    });
    for (number, container) in report.containers.iter_mut().enumerate() {
        container.advice = vec![Advice {
            id: "hostile",
            finding: format!("'{}' did it.", name(number)),
            remedy: format!("Do not run '{}'.", name(number + 7)),
            evidence: Evidence {
                copy_ups: 1,
                paths: vec![name(number).into_bytes()],
                ..Evidence::default()
            },
        }];
    }
    report
}
