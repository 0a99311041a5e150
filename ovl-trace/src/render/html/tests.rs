use super::*;
use crate::render::test_report::{degraded, of_an_enemy, quiet, real};

fn text(report: &Report) -> String {
    let mut out = Vec::new();
    write_report(&mut out, report).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn sample_files() {
    let Ok(dir) = std::env::var("OVL_TRACE_SAMPLES") else {
        return;
    };
    for (name, report) in [
        ("real", real()),
        ("degraded", degraded()),
        ("hostile", of_an_enemy()),
        ("quiet", quiet()),
    ] {
        std::fs::write(format!("{dir}/{name}.html"), text(&report)).unwrap();
    }
}
