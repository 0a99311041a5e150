//! A container: what to do about it, charts, and tables.

use super::{
    chart::{self, Bar, Unit, bars},
    overview::fact,
    sheet,
    writer::Html,
};
use crate::{
    aggregate::{Advice, ContainerReport, LayerRow, ReportContext},
    model::Layer,
    render::{
        sanitize,
        sheets::{
            self, Identity,
            phrases::{self, copied, counted},
        },
        units,
    },
};

/// The section of a container.
pub(super) fn section(
    html: &mut Html,
    number: usize,
    container: &ContainerReport,
    context: &ReportContext,
) {
    let id = format!("c{number}");
    html.tag("section", &[("class", &"container"), ("id", &id)], |html| {
        heading(html, container);
        for advice in &container.advice {
            self::advice(html, advice);
        }
        html.tag("div", &[("class", &"charts")], |html| {
            html.tag("div", &[], |html| {
                chart::over_time(html, container, context);
                chart::ranges(html, container);
            });
            html.tag("div", &[], |html| {
                let phases = phrases::phases(&container.sums);
                if !phases.is_empty() {
                    chart::stack(html, &phases);
                }
                chart::histograms(html, &container.sums);
                triggers(html, container);
            });
        });
        layers(html, container);
        files(html, container);
        processes(html, container);
    });
}

fn heading(html: &mut Html, container: &ContainerReport) {
    let identity = Identity::new(container);
    html.element("h2", "", &identity.label);
    let sums = &container.sums;
    let bytes = copied(sums.copied_bytes, sums.copied_unknown, sums.copy_ups.total);
    html.tag("p", &[("class", &"lead")], |html| {
        let mut parts = vec![
            counted(sums.copy_ups.total, "copy-up", "copy-ups"),
            format!("{bytes} written"),
            counted(sums.whiteouts.total, "whiteout", "whiteouts"),
        ];
        parts.extend(phrases::other_counts(sums));
        html.text(parts.join(" · "));
    });
    html.tag("dl", &[("class", &"facts")], |html| {
        for (what, name) in &identity.facts {
            fact(html, what, name);
        }
    });
}

fn advice(html: &mut Html, advice: &Advice) {
    html.tag("div", &[("class", &"advice")], |html| {
        html.element("p", "finding", sanitize::text(&advice.finding));
        html.element("p", "", sanitize::text(&advice.remedy));
        let evidence = phrases::evidence(&advice.evidence);
        let paths = phrases::evidence_paths(&advice.evidence);
        if !evidence.is_empty() {
            html.element("p", "unit", evidence);
        }
        if !paths.is_empty() {
            html.tag("ul", &[], |html| {
                for path in paths {
                    html.tag("li", &[], |html| {
                        html.tag("code", &[], |html| html.name(&path));
                    });
                }
            });
        }
    });
}

fn triggers(html: &mut Html, container: &ContainerReport) {
    let rows: Vec<_> = container
        .triggers
        .iter()
        .map(|row| {
            let sums = &row.sums;
            let failed = match sums.failed {
                0 => String::new(),
                failed => format!(", {failed} failed"),
            };
            Bar {
                label: row.operation.to_string(),
                value: sums.copy_ups,
                text: format!("{}{failed}", sums.copy_ups),
            }
        })
        .collect();
    if !rows.is_empty() {
        let numbers = sheets::triggers(container);
        let unit = (Unit::Count, "copy-ups by operation");
        bars(
            html,
            "What asked for it",
            unit,
            "total",
            &rows,
            Some(&numbers),
        );
    }
}

fn layers(html: &mut Html, container: &ContainerReport) {
    let known = |layer: &&LayerRow| layer.tally.copy_ups > 0;
    let rows: Vec<_> = container
        .layers
        .iter()
        .filter(known)
        .map(|LayerRow { index, tally }| {
            let layer = index.and_then(|index| container.origin.layer(index));
            let number = index.map_or_else(|| "?".to_owned(), |index| index.to_string());
            let label = match layer.and_then(Layer::instruction) {
                Some(text) => format!("{number}: {}", sanitize::text(&text)),
                None => format!("layer {number}"),
            };
            Bar {
                label,
                value: tally.copied_bytes,
                text: copied(tally.copied_bytes, tally.copied_unknown, tally.copy_ups),
            }
        })
        .collect();
    if !rows.is_empty() {
        let numbers = sheets::layers(container);
        let unit = (
            Unit::Bytes,
            "bytes written, by lower layer (1 is the topmost)",
        );
        bars(
            html,
            "Which layer it came from",
            unit,
            "data",
            &rows,
            Some(&numbers),
        );
    }
}

fn processes(html: &mut Html, container: &ContainerReport) {
    let rows: Vec<_> = container
        .processes
        .rows
        .iter()
        .map(|(process, tally, ())| Bar {
            label: phrases::process(process),
            value: tally.copied_bytes,
            text: copied(tally.copied_bytes, tally.copied_unknown, tally.copy_ups),
        })
        .collect();
    if !rows.is_empty() {
        let numbers = sheets::processes(container);
        let unit = (Unit::Bytes, "bytes written");
        bars(html, "Top processes", unit, "data", &rows, Some(&numbers));
    }
}

fn files(html: &mut Html, container: &ContainerReport) {
    let rows: Vec<_> = container
        .files
        .rows
        .iter()
        .filter(|(_, tally, _)| tally.copy_ups > 0)
        .map(|(path, tally, _)| {
            let bytes = copied(tally.copied_bytes, tally.copied_unknown, tally.copy_ups);
            Bar {
                label: sanitize::bytes(path),
                value: tally.copied_bytes,
                text: format!("{bytes} in {}", units::duration(tally.latency_ns)),
            }
        })
        .collect();
    let numbers = sheets::files(container);
    if rows.is_empty() {
        if !numbers.rows.is_empty() {
            html.element("h3", "", "Files");
            sheet::table(html, &numbers, "Files");
        }
        return;
    }
    let unit = (Unit::Bytes, "bytes written, and how long it took");
    bars(html, "Top files", unit, "data", &rows, Some(&numbers));
}
