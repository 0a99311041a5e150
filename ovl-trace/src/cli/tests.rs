use std::sync::Mutex;

use clap::CommandFactory as _;

use super::{
    config::{DoctorConfig, LiveConfig, LiveOutput, MountsConfig, ReportConfig, TableOutput},
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
        })
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
    let code = run_with(args, &Environment::default(), fake, &mut out, &mut err);
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
    assert!(paths.is_match("/srv/a/b") && paths.is_match("/x/y.bin"));
    assert!(!paths.is_match("/etc/motd"));
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
    assert_eq!(config.output, TableOutput::Json);
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
        let code = run_with(args, &environment, &Fake::default(), &mut Closed, &mut err);
        assert_eq!((code, err), (ExitCode::Ok, Vec::new()), "{line}");
    }
}

#[test]
fn colour_on_a_terminal_only() {
    let on = |choice: config::ColourChoice, stdout_terminal, no_colour| {
        let environment = Environment {
            stdout_terminal,
            no_colour,
            ..Environment::default()
        };
        choice.style(&environment).colour
    };
    use config::ColourChoice::{Always, Auto, Never};
    assert!(on(Auto, true, false));
    assert!(!on(Auto, true, true));
    assert!(!on(Auto, false, false));
    assert!(on(Always, false, true));
    assert!(!on(Never, true, false));
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
    error: invalid value '3MiB' for '--ring-size <SIZE>': expected a power of two from 64KiB to 1GiB, such as 4MiB
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

/// Help is wrapped to the terminal's width, so tests fix it.
fn help(command: &str) -> String {
    let mut cli = Cli::command().term_width(100);
    cli.build();
    let command = match command {
        "" => &mut cli,
        name => cli.find_subcommand_mut(name).unwrap(),
    };
    command.clone().term_width(100).render_help().to_string()
}

#[test]
fn help_of_the_program() {
    insta::assert_snapshot!(help(""), @r"
    Shows overlayfs copy-ups and whiteouts per container: which file, how many bytes, how long it took,
    and why

    Usage: ovl-trace [OPTIONS] <COMMAND>

    Commands:
      live    Watch copy-ups and whiteouts as they happen
      report  Observe, then report per container
      mounts  List the overlay mounts of this host, and whose they are
      doctor  Check what this kernel, these privileges and these runtimes allow

    Options:
      -v, --verbose...    Write the tool's own log to standard error; repeat for more
          --color <WHEN>  When to use colours [default: auto] [possible values: auto, always, never]
      -h, --help          Print help (see more with '--help')
      -V, --version       Print version

    Examples:
      ovl-trace doctor                       what can be traced on this machine
      ovl-trace live                         watch copy-ups and whiteouts
      ovl-trace report --duration 60s        one minute, summed up per container

    Exit codes: 0 ok, 1 runtime error, 2 usage, 3 the kernel or the privileges do
    not allow it, 4 more was copied up than --fail-over allows.
    ");
}

#[test]
fn help_of_live() {
    insta::assert_snapshot!(help("live"), @r"
    Watch copy-ups and whiteouts as they happen

    Usage: ovl-trace live [OPTIONS]

    Options:
      -o, --output <FORMAT>      What to write per event [default: lines] [possible values: lines, json]
      -d, --duration <DURATION>  Stop after this time (else at Ctrl-C)
          --count <N>            Stop after this many events
          --fail-over <SIZE>     Exit with 4 if more bytes than this were copied up
          --sort <KEY>           Order of the report: copied_bytes, size_bytes, copy_ups, latency,
                                 whiteouts, name [default: copied_bytes]
      -v, --verbose...           Write the tool's own log to standard error; repeat for more
          --color <WHEN>         When to use colours [default: auto] [possible values: auto, always,
                                 never]
          --top <N>              Files to list per container in the report [default: 10]
          --ring-size <SIZE>     Size of the buffer between kernel and agent: a power of two
      -h, --help                 Print help (see more with '--help')

    Filters (lists: repeat, or separate by commas):
      -c, --container <NAME|ID>     Container: its name, its id, or 4 or more digits of the id
      -n, --namespace <NS>          Namespace of Kubernetes or containerd
      -p, --pod <POD>               Pod
          --image <REF>             Image; a reference without tag stands for all tags
          --path <GLOB>             Path in the container: '*' stays in its directory, '**' does not
          --pid <PID>               Process, by its id on the host
          --kind <KIND>             Kind of copy-up: data, metadata, directory, symlink, special
          --trigger <OPERATION>     Operation that needed the copy-up: open, truncate, chmod, chown, ...
          --min-bytes <SIZE>        Copy-ups of files of at least this size
          --min-latency <DURATION>  Copy-ups that took at least this long

    Examples:
      ovl-trace live
      ovl-trace live -c web --min-bytes 1MiB
      ovl-trace live --output json --duration 60s > events.jsonl
      ovl-trace live --trigger chown,chmod --path '/var/lib/**'

    Ctrl-C ends it with a summary per container.
    ");
}

#[test]
fn help_of_report() {
    let help = help("report");
    let (head, _) = help.split_once("Filters").unwrap();
    insta::assert_snapshot!(head, @r"
    Observe, then report per container

    Usage: ovl-trace report [OPTIONS]

    Options:
      -o, --output <FORMAT>      Format of the report [default: table] [possible values: table, json]
      -d, --duration <DURATION>  Stop after this time (else at Ctrl-C)
          --count <N>            Stop after this many events
          --fail-over <SIZE>     Exit with 4 if more bytes than this were copied up
          --sort <KEY>           Order of the report: copied_bytes, size_bytes, copy_ups, latency,
                                 whiteouts, name [default: copied_bytes]
      -v, --verbose...           Write the tool's own log to standard error; repeat for more
          --color <WHEN>         When to use colours [default: auto] [possible values: auto, always,
                                 never]
          --top <N>              Files to list per container in the report [default: 10]
          --ring-size <SIZE>     Size of the buffer between kernel and agent: a power of two
      -h, --help                 Print help (see more with '--help')
    ");
    insta::assert_snapshot!(help.split_once("Examples").unwrap().1, @r"
    :
      ovl-trace report --duration 60s
      ovl-trace report -c web --top 20 --sort latency
      ovl-trace report --duration 5m --output json --fail-over 100MiB > report.json
    ");
}

#[test]
fn help_of_mounts_and_doctor() {
    insta::assert_snapshot!(help("mounts"), @r"
    List the overlay mounts of this host, and whose they are

    Usage: ovl-trace mounts [OPTIONS]

    Options:
      -o, --output <FORMAT>  Format of the list [default: table] [possible values: table, json]
      -v, --verbose...       Write the tool's own log to standard error; repeat for more
          --color <WHEN>     When to use colours [default: auto] [possible values: auto, always, never]
      -h, --help             Print help (see more with '--help')

    Examples:
      ovl-trace mounts
      ovl-trace mounts --output json

    Needs no eBPF. Mounts in other mount namespaces need root.
    ");
    insta::assert_snapshot!(help("doctor"), @r"
    Check what this kernel, these privileges and these runtimes allow

    Usage: ovl-trace doctor [OPTIONS]

    Options:
      -o, --output <FORMAT>  Format of the list [default: table] [possible values: table, json]
      -v, --verbose...       Write the tool's own log to standard error; repeat for more
          --color <WHEN>     When to use colours [default: auto] [possible values: auto, always, never]
      -h, --help             Print help (see more with '--help')

    Examples:
      ovl-trace doctor
      ovl-trace doctor --output json

    Exits with 3 if nothing can be traced.
    ");
}

#[test]
fn every_command_shows_an_example() {
    for command in Cli::command().get_subcommands() {
        let help = help(command.get_name());
        assert!(
            help.contains(&format!("Examples:\n  ovl-trace {}", command.get_name())),
            "{help}"
        );
    }
}
