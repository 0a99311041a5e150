//! Help is documentation: its text is fixed here.

use clap::CommandFactory as _;

use crate::cli::Cli;

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
      live         Watch copy-ups and whiteouts as they happen
      report       Observe, then report per container
      record       Record, to look at it later or elsewhere
      mounts       List the overlay mounts of this host, and whose they are
      doctor       Check what this kernel, these privileges and these runtimes allow
      completions  Print completions for a shell
      man          Print the man page, or write all of them

    Options:
      -v, --verbose...    Write the tool's own log to standard error; repeat for more
          --color <WHEN>  Colours: auto (on a terminal, unless NO_COLOR is set), always, never [default:
                          auto]
      -h, --help          Print help
      -V, --version       Print version

    Examples:
      ovl-trace doctor                       what can be traced on this machine
      ovl-trace live                         watch copy-ups and whiteouts
      ovl-trace report --duration 60s        one minute, summed up per container
      ovl-trace record -w a.ovlrec           for another time, or another machine

    Exit codes: 0 ok, 1 runtime error, 2 usage, 3 the kernel or the privileges do
    not allow it, 4 more was copied up than --fail-over allows.
    ");
}

#[test]
fn help_of_live() {
    insta::assert_snapshot!(help("live"), @"
    Watch copy-ups and whiteouts as they happen

    Usage: ovl-trace live [OPTIONS]

    Options:
      -o, --output <FORMAT>      How to show it: screen, lines, json [default: screen on a terminal,
                                 else lines]
      -d, --duration <DURATION>  Stop after this time (else at Ctrl-C)
          --count <N>            Stop after this many events
          --from <FILE>          Read a recording instead of observing; '-' is standard input
          --fail-over <SIZE>     Exit with 4 if more bytes than this were copied up
          --sort <KEY>           Order of the report: copied_bytes, size_bytes, copy_ups, latency,
                                 whiteouts, name [default: copied_bytes]
          --top <N>              Files to list per container in the report [default: 10]
          --ring-size <SIZE>     Size of the buffer between kernel and agent: a power of two (1/512 of
                                 the memory, at least 256KiB, at most 4MiB)
      -v, --verbose...           Write the tool's own log to standard error; repeat for more
          --color <WHEN>         Colours: auto (on a terminal, unless NO_COLOR is set), always, never
                                 [default: auto]
          --table-size <ROWS>    Rows of each of the kernel's tables of totals, overlays and running
                                 copy-ups (8192; 16384 of overlays)
      -h, --help                 Print help

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
      ovl-trace live --from today.ovlrec -c web
      ovl-trace live --trigger chown,chmod --path '/var/lib/**'

    Ctrl-C, or 'q' on a terminal, ends it with a summary per container; there, '?'
    shows all keys.
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
      -o, --output <FORMAT>      Format of the report: table, json, markdown, html [default: table]
          --totals-only          Count only: no files, no processes. Costs the observed least
      -d, --duration <DURATION>  Stop after this time (else at Ctrl-C)
          --count <N>            Stop after this many events
          --from <FILE>          Read a recording instead of observing; '-' is standard input
          --fail-over <SIZE>     Exit with 4 if more bytes than this were copied up
          --sort <KEY>           Order of the report: copied_bytes, size_bytes, copy_ups, latency,
                                 whiteouts, name [default: copied_bytes]
          --top <N>              Files to list per container in the report [default: 10]
      -v, --verbose...           Write the tool's own log to standard error; repeat for more
          --color <WHEN>         Colours: auto (on a terminal, unless NO_COLOR is set), always, never
                                 [default: auto]
          --ring-size <SIZE>     Size of the buffer between kernel and agent: a power of two (1/512 of
                                 the memory, at least 256KiB, at most 4MiB)
          --table-size <ROWS>    Rows of each of the kernel's tables of totals, overlays and running
                                 copy-ups (8192; 16384 of overlays)
      -h, --help                 Print help
    ");
    insta::assert_snapshot!(help.split_once("Examples").unwrap().1, @r"
    :
      ovl-trace report --duration 60s
      ovl-trace report -c web --top 20 --sort latency
      ovl-trace report --from today.ovlrec
      ovl-trace report --duration 5m --output json --fail-over 100MiB > report.json
      ovl-trace report --duration 10m --output html > report.html
      ovl-trace report --duration 60s --output markdown > issue.md

    A report in HTML is one file with charts that needs no network: open it in a
    browser, or send it to somebody.
    ");
}

#[test]
fn help_of_record() {
    let help = help("record");
    let (head, _) = help.split_once("Filters").unwrap();
    insta::assert_snapshot!(head, @"
    Record, to look at it later or elsewhere

    Usage: ovl-trace record [OPTIONS] --write <FILE>

    Options:
      -w, --write <FILE>         The recording, by custom FILE.ovlrec; '-' is standard output
          --force                Overwrite FILE if it is there
          --max-size <SIZE>      Stop when the recording has about this size
      -d, --duration <DURATION>  Stop after this time (else at Ctrl-C)
          --count <N>            Stop after this many events
          --ring-size <SIZE>     Size of the buffer between kernel and agent: a power of two (1/512 of
                                 the memory, at least 256KiB, at most 4MiB)
          --table-size <ROWS>    Rows of each of the kernel's tables of totals, overlays and running
                                 copy-ups (8192; 16384 of overlays)
      -v, --verbose...           Write the tool's own log to standard error; repeat for more
          --color <WHEN>         Colours: auto (on a terminal, unless NO_COLOR is set), always, never
                                 [default: auto]
      -h, --help                 Print help
    ");
    insta::assert_snapshot!(help.split_once("Examples").unwrap().1, @r"
    :
      ovl-trace record -w today.ovlrec --duration 10m
      ovl-trace record -w web.ovlrec -c web --max-size 100MiB
      ovl-trace record -w - | ssh desk ovl-trace live --from -

    'live --from FILE' and 'report --from FILE' read it, on any machine, without
    privileges. It names files and processes: only its owner may read it.
    ");
}

#[test]
fn help_of_mounts_and_doctor() {
    insta::assert_snapshot!(help("mounts"), @r"
    List the overlay mounts of this host, and whose they are

    Usage: ovl-trace mounts [OPTIONS]

    Options:
      -o, --output <FORMAT>  Format of the list: table, json [default: table]
          --layers           Show the image layers of each mount, and how many containers share each
          --size             Add up what each container's writable layer takes up (reads all of it)
      -v, --verbose...       Write the tool's own log to standard error; repeat for more
          --color <WHEN>     Colours: auto (on a terminal, unless NO_COLOR is set), always, never
                             [default: auto]
      -h, --help             Print help

    Examples:
      ovl-trace mounts
      ovl-trace mounts --layers
      ovl-trace mounts --size --output json

    Needs no eBPF. Mounts in other mount namespaces need root.
    ");
    insta::assert_snapshot!(help("doctor"), @r"
    Check what this kernel, these privileges and these runtimes allow

    Usage: ovl-trace doctor [OPTIONS]

    Options:
      -o, --output <FORMAT>  Format of the list: table, json [default: table]
      -v, --verbose...       Write the tool's own log to standard error; repeat for more
          --color <WHEN>     Colours: auto (on a terminal, unless NO_COLOR is set), always, never
                             [default: auto]
      -h, --help             Print help

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

/// Clap's long layout, of a paragraph per option, is chosen as soon as one
/// option has a long text.
#[test]
fn help_stays_compact() {
    for command in Cli::command().get_subcommands() {
        let (name, long) = (command.get_name(), command.clone().render_long_help());
        assert!(!long.to_string().contains("Possible values:"), "{name}");
        assert!(help(name).contains("-h, --help"), "{name}");
        assert!(!help(name).contains("(see more with '--help')"), "{name}");
    }
}
