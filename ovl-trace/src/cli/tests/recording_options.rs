//! `record`, `--from`, and what the program says of itself.

use std::num::NonZeroU64;

use super::*;
use crate::cli::config::{Input, Output};

fn record(line: &str) -> RecordConfig {
    let fake = Fake::default();
    let (code, _, err) = run_fake(&fake, line);
    assert_eq!(code, ExitCode::Ok, "{err}");
    fake.record.into_inner().unwrap().unwrap()
}

#[test]
fn a_recording_has_limits_and_filters() {
    let config = record(
        "ovl-trace record -w a.ovlrec --force --max-size 1MiB --count 7 -c web --path /srv/**",
    );
    assert_eq!(config.output, Output::File("a.ovlrec".into()));
    assert_eq!((config.force, config.max_bytes), (true, Some(1 << 20)));
    assert_eq!(config.observation.count, NonZeroU64::new(7));
    assert_eq!(config.observation.filter.containers, ["web"]);
    let paths = config.observation.filter.paths.unwrap();
    assert_eq!(paths.patterns(), ["/srv/**"]);
    assert_eq!(record("ovl-trace record -w -").output, Output::Stdout);
}

#[test]
fn a_recording_is_read_from_a_file_or_standard_input() {
    let from = |line| live(line).observation.from;
    assert_eq!(from("ovl-trace live"), None);
    assert_eq!(from("ovl-trace live --from -"), Some(Input::Stdin));
    let file = Input::File("a.ovlrec".into());
    assert_eq!(from("ovl-trace live --from a.ovlrec --count 1"), Some(file));
}

#[test]
fn what_a_recording_cannot_do_is_a_usage_error() {
    for option in ["--duration 1s", "--ring-size 4MiB", "--table-size 9"] {
        let line = format!("ovl-trace report --from a.ovlrec {option}");
        let name = option.split(' ').next().unwrap();
        let complaint = complaint(&line);
        assert!(
            complaint.contains("'--from <FILE>' cannot be used with"),
            "{complaint}"
        );
        assert!(complaint.contains(name), "{complaint}");
    }
    assert!(complaint("ovl-trace record").contains("were not provided"));
    assert!(complaint("ovl-trace record -w a --max-size 1KiB").contains("256KiB or more"));
}

#[test]
fn a_terminal_is_no_place_for_a_recording() {
    let terminal = Environment {
        stdin_terminal: true,
        stdout_terminal: true,
        ..Environment::default()
    };
    for line in ["ovl-trace record -w -", "ovl-trace report --from -"] {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let args = line.split(' ').map(OsString::from);
        let code = run_with(args, terminal, &Fake::default(), &mut out, &mut err);
        assert_eq!(code, ExitCode::Usage);
        assert!(
            String::from_utf8(err)
                .unwrap()
                .contains("terminal; name a file")
        );
    }
}

#[test]
fn what_cannot_be_read_at_all_fails_and_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let report = |name: &str, bytes: Option<&[u8]>| {
        let path = dir.path().join(name);
        if let Some(bytes) = bytes {
            std::fs::write(&path, bytes).unwrap();
        }
        let args = ["ovl-trace", "report", "--from"].map(OsString::from);
        let args = args.into_iter().chain([path.into()]);
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = run_with(
            args,
            Environment::default(),
            &run::Agent,
            &mut out,
            &mut err,
        );
        assert_eq!((code, out.len()), (ExitCode::Runtime, 0));
        String::from_utf8(err).unwrap()
    };
    assert!(report("none", None).contains("none': No such file"));
    assert!(report("empty", Some(b"")).contains("empty' cannot be read: it is empty"));
    assert!(report("text", Some(b"hello, world")).contains("it is no recording"));
    let start = b"\x89OVLREC\n\x02\0\0\0\0\0\0\0";
    assert!(report("newer", Some(start)).contains("version 2.0"));
    assert!(report("cut", Some(&start[..9])).contains("before its header"));
}

#[test]
fn completions_and_pages_name_every_command() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let (code, out, _) = run(&format!("ovl-trace completions {shell}"));
        assert_eq!(code, ExitCode::Ok);
        for command in Cli::command().get_subcommands() {
            assert!(out.contains(command.get_name()), "{shell}");
        }
    }
    let (code, page, _) = run("ovl-trace man");
    assert_eq!(code, ExitCode::Ok);
    assert!(page.contains(".TH ovl-trace 1"), "{page}");
    let dir = tempfile::tempdir().unwrap();
    let (code, ..) = run(&format!("ovl-trace man {}", dir.path().display()));
    assert_eq!(code, ExitCode::Ok);
    for command in Cli::command().get_subcommands() {
        let page = dir
            .path()
            .join(format!("ovl-trace-{}.1", command.get_name()));
        let page = std::fs::read_to_string(page).unwrap();
        assert!(page.contains("Examples:"), "{page}");
    }
    assert!(complaint("ovl-trace completions tcsh").contains("'tcsh'"));
}
