//! What is around the containers: where and when, what to know first, all in all.

use super::{SECTIONS, sheet, writer::Html};
use crate::{
    aggregate::{Report, Sums},
    render::{
        sanitize,
        sheets::{
            self,
            phrases::{self, copied, counted, duration, elapsed},
        },
        units,
    },
};

/// Machine, kernel and time; whether anything is missing.
pub(super) fn header(html: &mut Html, report: &Report) {
    let context = &report.context;
    html.tag("header", &[], |html| {
        html.element("p", "eyebrow", "ovl-trace report");
        html.element("h1", "", "Copy-ups and whiteouts");
        html.tag("dl", &[("class", &"facts")], |html| {
            let start = format!("{} UTC", units::date_time(context.started));
            let facts = [
                ("Machine", sanitize::text(&context.hostname)),
                (
                    "Kernel",
                    format!("Linux {}", sanitize::text(&context.kernel)),
                ),
                ("From", start),
                ("For", elapsed(report)),
            ];
            for (what, text) in facts {
                fact(html, what, &text);
            }
        });
        html.tag("p", &[("class", &"states")], |html| {
            loss(html, report);
            coverage(html, report);
        });
    });
}

/// A name and what stands behind it.
pub(super) fn fact(html: &mut Html, what: &str, text: &str) {
    html.tag("div", &[], |html| {
        html.element("dt", "", what);
        html.tag("dd", &[], |html| html.name(text));
    });
}

fn loss(html: &mut Html, report: &Report) {
    if phrases::lossless(report) {
        html.element("span", "state good", "0 events lost");
        return;
    }
    if report.recording.incomplete {
        html.element("span", "state bad", "recording incomplete");
    }
    if report.loss.events() > 0 {
        let lost = counted(report.loss.events(), "event lost", "events lost");
        html.element("span", "state bad", lost);
    }
    if report.loss.probe > 0 {
        let missed = counted(report.loss.probe, "miss of a probe", "misses of probes");
        html.element("span", "state bad", missed);
    }
    if report.loss.disarmed > 0 {
        html.element("span", "state bad", "probes were switched off");
    }
}

fn coverage(html: &mut Html, report: &Report) {
    let probes = report.context.coverage.iter();
    let all = probes.filter(|it| !it.is_unwanted).count();
    let missing = phrases::missing_probes(report).len();
    // A report that says nothing of its probes does not claim to have them.
    if all == 0 {
        return;
    }
    let text = format!("{} of {all} probes attached", all - missing);
    let class = if missing == 0 {
        "state good"
    } else {
        "state bad"
    };
    html.element("span", class, text);
}

/// What a reader must know to read the numbers right.
pub(super) fn notes(html: &mut Html, report: &Report) {
    let notes = report.notes();
    let losses = phrases::losses(report);
    let missing = phrases::missing_probes(report);
    let left_out = phrases::left_out(report);
    if notes.is_empty() && losses.is_empty() && missing.is_empty() && left_out.is_empty() {
        return;
    }
    html.tag("section", &[("class", &"notes")], |html| {
        html.element("h2", "", "Know this first");
        html.tag("ul", &[], |html| {
            for note in notes {
                html.element("li", "", sanitize::text(&note));
            }
            for loss in losses {
                html.element("li", "", loss);
            }
            for (line, lost) in missing {
                html.tag("li", &[], |html| {
                    html.text(line);
                    if let Some(lost) = lost {
                        html.text("; ");
                        html.text(lost);
                    }
                });
            }
            for line in left_out {
                html.element("li", "", line);
            }
        });
    });
}

/// The sums over all containers.
pub(super) fn totals(html: &mut Html, sums: &Sums) {
    let counts = &sums.copy_ups;
    let bytes = copied(sums.copied_bytes, sums.copied_unknown, counts.total);
    let percentile = |percent| duration(sums.latency.percentile_ns(percent));
    let tiles = [
        ("Copy-ups", counts.total.to_string()),
        ("Bytes written", bytes),
        ("Time spent", units::duration(sums.latency.sum_ns)),
        ("P50", percentile(50)),
        ("P99", percentile(99)),
        ("Max", duration(sums.latency.max_ns)),
        ("Whiteouts", sums.whiteouts.total.to_string()),
    ];
    html.tag("dl", &[("class", &"tiles")], |html| {
        for (what, text) in tiles {
            fact(html, what, &text);
        }
    });
    let also = phrases::other_counts(sums);
    if !also.is_empty() {
        html.element("p", "also", format_args!("Also: {}", also.join(", ")));
    }
}

/// One row for each container, which leads to its section if it has one.
pub(super) fn containers(html: &mut Html, report: &Report) {
    html.tag("section", &[], |html| {
        html.element("h2", "", "Containers");
        let summary = sheets::summary(report).select(&sheets::SUMMARY);
        sheet::linked(html, &summary, "Containers", |row| {
            (row < SECTIONS).then(|| format!("#c{row}"))
        });
        if report.containers.len() > SECTIONS {
            let text = format!("The first {SECTIONS} are shown one by one below.");
            html.element("p", "rest", text);
        }
    });
}

/// What the words mean, and what made this.
pub(super) fn footer(html: &mut Html, report: &Report) {
    html.tag("footer", &[], |html| {
        html.tag("details", &[], |html| {
            html.element("summary", "", "What the numbers mean");
            for text in [
                "A copy-up is what overlayfs does when a file of the image is changed for the first time: it copies the whole file into the container's own layer. A whiteout hides a file of the image that was deleted or moved away.",
                "Copy-ups are successful ones. Bytes are those that were really written; “≥” where some could not be measured, “?” where none could. P50, P90 and P99 are the latencies that so many per cent of the copy-ups did not exceed, interpolated in a histogram of powers of two.",
                "Counts, bytes and latencies come from the kernel's totals, unless a note says otherwise. Files, processes, layers, sizes and times come from events.",
            ] {
                html.element("p", "", text);
            }
        });
        html.tag("details", &[], |html| {
            html.element("summary", "", "Probes");
            html.tag("ul", &[("class", &"probes")], |html| {
                for probe in &report.context.coverage {
                    html.tag("li", &[], |html| {
                        html.element("code", "", sanitize::text(&probe.probe));
                        let state = probe.why_not.as_deref().unwrap_or("attached");
                        html.text(format_args!(": {}", sanitize::text(state)));
                    });
                }
            });
        });
        html.tag("p", &[], |html| {
            html.text(format_args!("ovl-trace {}", report.context.tool_version));
        });
    });
}
