//! The whole way from arguments to exit code, with fake commands.

mod formats;
mod help;
mod readme;
mod recording_options;
mod recordings;
mod screen;

use std::sync::Mutex;

use clap::CommandFactory as _;

use super::{
    config::{
        ColourChoice, DoctorConfig, LiveConfig, LiveOutput, MountsConfig, RecordConfig,
        ReportConfig, ReportOutput,
    },
    exit::{Ending, ExitCode, Refused},
    *,
};
use crate::{
    aggregate::SortKey,
    model::{Kind, Operation},
};

/// Notes what it was asked to do.
#[derive(Default)]
struct Fake {
    live: Mutex<Option<LiveConfig>>,
    report: Mutex<Option<ReportConfig>>,
    record: Mutex<Option<RecordConfig>>,
}

impl Commands for Fake {
    fn live(&self, config: &LiveConfig, _: &mut dyn Write) -> anyhow::Result<Ending> {
        *self.live.lock().unwrap() = Some(config.clone());
        Ok(Ending::Ok)
    }

    fn report(&self, config: &ReportConfig, _: &mut dyn Write) -> anyhow::Result<Ending> {
        *self.report.lock().unwrap() = Some(config.clone());
        Ok(Ending::OverBudget {
            copied_bytes: 2,
            budget_bytes: 1,
            blame: String::new(),
        })
    }

    fn record(&self, config: &RecordConfig, _: &mut dyn Write) -> anyhow::Result<Ending> {
        *self.record.lock().unwrap() = Some(config.clone());
        Ok(Ending::Ok)
    }

    fn mounts(&self, _: &MountsConfig, out: &mut dyn Write) -> anyhow::Result<Ending> {
        writeln!(out, "mounts")?;
        Ok(Ending::Ok)
    }

    fn doctor(&self, _: &DoctorConfig, _: &mut dyn Write) -> anyhow::Result<Ending> {
        Err(Refused("this kernel has no BTF".to_owned()).into())
    }
}

/// A reader that has gone.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
}

fn run_fake(fake: &Fake, line: &str) -> (ExitCode, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let args = line.split(' ').map(OsString::from);
    let code = run_with(args, Environment::default(), fake, &mut out, &mut err);
    (
        code,
        String::from_utf8(out).unwrap(),
        String::from_utf8(err).unwrap(),
    )
}

fn run(line: &str) -> (ExitCode, String, String) {
    run_fake(&Fake::default(), line)
}

fn live(line: &str) -> LiveConfig {
    let fake = Fake::default();
    let (code, _, err) = run_fake(&fake, line);
    assert_eq!(code, ExitCode::Ok, "{err}");
    fake.live.into_inner().unwrap().unwrap()
}

/// The first line of the error of a wrong command line.
fn complaint(line: &str) -> String {
    let (code, out, err) = run(line);
    assert_eq!(code, ExitCode::Usage, "{line}");
    assert_eq!(out, "");
    err.lines().next().unwrap().to_owned()
}

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn defaults_watch_everything() {
    let config = live("ovl-trace live");
    let observation = config.observation;
    assert_eq!(config.output, LiveOutput::Lines);
    assert_eq!(observation.sort, SortKey::CopiedBytes);
    assert_eq!(observation.top, 10);
    assert!(observation.duration.is_none() && observation.count.is_none());
    assert!(observation.ring_bytes.is_none() && observation.fail_over.is_none());
    assert!(observation.filter.totals_answerable());
    assert!(observation.filter.containers.is_empty());
}

#[test]
fn every_filter_arrives() {
    let filter = live(
        "ovl-trace live -c web,db -c cache -n prod -p web-0 --image shop/web --path /srv/** \
         --path **/*.bin --pid 7,8 --kind data,directory --trigger chown --trigger open,chmod \
         --min-bytes 64KiB --min-latency 10ms",
    )
    .observation
    .filter;
    assert_eq!(filter.containers, ["web", "db", "cache"]);
    assert_eq!(filter.namespaces, ["prod"]);
    assert_eq!(filter.pods, ["web-0"]);
    assert_eq!(filter.images, ["shop/web"]);
    assert_eq!(filter.pids, [7, 8]);
    assert_eq!(filter.kinds, [Kind::Data, Kind::Directory]);
    assert_eq!(
        filter.triggers,
        [Operation::Chown, Operation::Open, Operation::Chmod]
    );
    assert_eq!(filter.min_bytes, 65536);
    assert_eq!(filter.min_latency_ns, 10_000_000);
    let paths = filter.paths.unwrap();
    assert!(paths.is_match(b"/srv/a/b") && paths.is_match(b"/x/y.bin"));
    assert!(!paths.is_match(b"/etc/motd"));
}

#[test]
fn limits_arrive() {
    let fake = Fake::default();
    let (code, _, err) = run_fake(
        &fake,
        "ovl-trace report --duration 2s --count 5 --sort latency --top 3 --fail-over 1MB \
         --ring-size 4MiB --output json",
    );
    assert_eq!(code, ExitCode::Budget);
    assert_eq!(
        err,
        "ovl-trace: 2 B were copied up, more than '--fail-over 1 B' allows\n"
    );
    let config = fake.report.into_inner().unwrap().unwrap();
    let observation = config.observation;
    assert_eq!(config.output, ReportOutput::Json);
    assert_eq!(
        observation.duration,
        Some(std::time::Duration::from_secs(2))
    );
    assert_eq!(observation.count.map(u64::from), Some(5));
    assert_eq!(observation.sort, SortKey::Latency);
    assert_eq!(observation.top, 3);
    assert_eq!(observation.fail_over, Some(1_000_000));
    assert_eq!(observation.ring_bytes, Some(4 << 20));
}

#[test]
fn refusals_have_their_own_code() {
    assert_eq!(
        run("ovl-trace doctor"),
        (
            ExitCode::Refused,
            String::new(),
            "ovl-trace: this kernel has no BTF\n".to_owned()
        )
    );
}

#[test]
fn a_closed_pipe_is_success() {
    for line in ["ovl-trace mounts", "ovl-trace live", "ovl-trace --help"] {
        let args = line.split(' ').map(OsString::from);
        let mut err = Vec::new();
        let environment = Environment::default();
        let code = run_with(args, environment, &Fake::default(), &mut Closed, &mut err);
        assert_eq!((code, err), (ExitCode::Ok, Vec::new()), "{line}");
    }
}

#[test]
fn colour_on_a_terminal_only() {
    let on = |choice: ColourChoice, stdout_terminal, no_colour| {
        let environment = Environment {
            stdout_terminal,
            no_colour,
            ..Environment::default()
        };
        choice.style(environment).colour
    };
    assert!(on(ColourChoice::Auto, true, false));
    assert!(!on(ColourChoice::Auto, true, true));
    assert!(!on(ColourChoice::Auto, false, false));
    assert!(on(ColourChoice::Always, false, true));
    assert!(!on(ColourChoice::Never, true, false));
}

#[test]
fn wrong_values_are_explained() {
    let all: Vec<String> = [
        "--min-bytes 1XB",
        "--min-latency 10",
        "--min-latency 1000years",
        "--duration 0s",
        "--count 0",
        "--pid 0",
        "--pid init",
        "--kind file",
        "--trigger write",
        "--path *.pem",
        "--path /etc/[",
        "--container=",
        "--fail-over lots",
        "--ring-size 3MiB",
        "--top -1",
        "--sort size",
        "--output yaml",
        "--color red",
        "--frobnicate",
    ]
    .iter()
    .map(|flags| complaint(&format!("ovl-trace live {flags}")))
    .collect();
    insta::assert_snapshot!(all.join("\n"), @r"
    error: invalid value '1XB' for '--min-bytes <SIZE>': expected a size such as 64KiB, 1MB or 4096
    error: invalid value '10' for '--min-latency <DURATION>': time unit needed, for example 10sec or 10ms; expected a duration such as 10ms, 2s or 1m30s
    error: invalid value '1000years' for '--min-latency <DURATION>': out of range integral type conversion attempted: at most 584 years can be measured
    error: invalid value '0s' for '--duration <DURATION>': nothing can be observed in no time
    error: invalid value '0' for '--count <N>': number would be zero for non-zero type; expected 1 or more
    error: invalid value '0' for '--pid <PID>': expected a process id, 1 to 4194304
    error: invalid value 'init' for '--pid <PID>': expected a process id, 1 to 4194304
    error: invalid value 'file' for '--kind <KIND>': 'file' is not one of data, metadata, directory, symlink, special
    error: invalid value 'write' for '--trigger <OPERATION>': 'write' is not one of open, truncate, chmod, chown, utimes, setxattr, rename, link, unlink, create, mmap, fallocate, ioctl, other
    error: invalid value '*.pem' for '--path <GLOB>': it would match nothing, since paths start with '/'; did you mean '/*.pem' or '**/*.pem'?
    error: invalid value '/etc/[' for '--path <GLOB>': unclosed character class; missing ']'
    error: invalid value '' for '--container <NAME|ID>': an empty name matches nothing; leave the option out to match all
    error: invalid value 'lots' for '--fail-over <SIZE>': expected a size such as 64KiB, 1MB or 4096
    error: invalid value '3MiB' for '--ring-size <SIZE>': expected a power of two from 4KiB to 1GiB, such as 4MiB
    error: unexpected argument '-1' found
    error: invalid value 'size' for '--sort <KEY>'
    error: invalid value 'yaml' for '--output <FORMAT>'
    error: invalid value 'red' for '--color <WHEN>'
    error: unexpected argument '--frobnicate' found
    ");
}

#[test]
fn a_command_is_needed() {
    let (code, _, err) = run("ovl-trace");
    assert_eq!(code, ExitCode::Usage);
    assert!(err.contains("Usage: ovl-trace"), "{err}");
    assert_eq!(
        complaint("ovl-trace frobnicate"),
        "error: unrecognized subcommand 'frobnicate'"
    );
}
