//! The formats of reports.

use super::*;

#[test]
fn every_format_of_a_report() {
    for (name, output) in [
        ("table", ReportOutput::Table),
        ("json", ReportOutput::Json),
        ("markdown", ReportOutput::Markdown),
        ("html", ReportOutput::Html),
    ] {
        let fake = Fake::default();
        run_fake(&fake, &format!("ovl-trace report --output {name}"));
        let config = fake.report.into_inner().unwrap().unwrap();
        assert_eq!(config.output, output);
    }
}

#[test]
fn a_page_is_not_written_to_a_terminal() {
    let environment = Environment {
        stdout_terminal: true,
        ..Environment::default()
    };
    let on_terminal = |output: &str| {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let args = ["ovl-trace", "report", "--output", output].map(OsString::from);
        let fake = Fake::default();
        let code = run_with(args, environment, &fake, &mut out, &mut err);
        let started = fake.report.into_inner().unwrap().is_some();
        (code, started, String::from_utf8(err).unwrap())
    };
    let (code, started, err) = on_terminal("html");
    assert_eq!((code, started), (ExitCode::Usage, false));
    assert_eq!(
        err,
        "ovl-trace: '--output html' is a page for a browser, not for a terminal: write it to a file with '> report.html'\n"
    );
    assert!(on_terminal("markdown").1);
}
