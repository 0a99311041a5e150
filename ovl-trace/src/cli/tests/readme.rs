//! The README against the command line that it describes.

use std::ffi::OsString;

use clap::{CommandFactory as _, Parser as _};

use crate::cli::{Cli, config::Environment, exit::ExitCode, run::Agent, run_with};

const README: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md"));

/// The lines of its code blocks.
fn code() -> impl Iterator<Item = &'static str> {
    README
        .split("\n```")
        .skip(1)
        .step_by(2)
        .flat_map(str::lines)
}

/// The arguments of the lines that call `ovl-trace`, up to a redirection, a
/// pipe or a comment.
fn calls() -> Vec<Vec<OsString>> {
    code()
        .map(|line| {
            line.trim_start_matches(['$', '#', ' '])
                .trim_start_matches("sudo ")
        })
        .filter(|line| line.starts_with("ovl-trace "))
        .map(|line| {
            line.split_whitespace()
                .take_while(|word| !matches!(*word, ">" | "|" | "#" | "2>" | "&&"))
                .map(|word| OsString::from(word.trim_matches('\'')))
                .collect()
        })
        .collect()
}

#[test]
fn every_command_has_an_example() {
    for command in Cli::command().get_subcommands() {
        let name = command.get_name();
        assert!(
            calls().iter().any(|words| words[1] == name),
            "README.md shows no 'ovl-trace {name}' in a code block"
        );
    }
}

#[test]
fn every_example_is_a_valid_command() {
    for words in calls() {
        let outcome = Cli::try_parse_from(&words).map_err(|error| error.kind());
        assert_eq!(outcome.err(), None, "README.md: {words:?}");
    }
}

#[test]
fn every_option_is_named() {
    for command in Cli::command().get_subcommands() {
        for long in command.get_opts().filter_map(clap::Arg::get_long) {
            assert!(
                README.contains(&format!("`--{long}")),
                "README.md does not name '--{long}' of 'ovl-trace {}'",
                command.get_name()
            );
        }
    }
}

/// What a command prints on a terminal of 100 columns, in a file of which the path
/// is relative to the workspace.
fn printed(command: &str) -> String {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/");
    let args = command
        .split_whitespace()
        .map(|word| OsString::from(word.replace("tests/", root)));
    let environment = Environment {
        width: Some(100),
        ..Environment::default()
    };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = run_with(args, environment, &Agent, &mut out, &mut err);
    assert_eq!(code, ExitCode::Ok, "{command}");
    String::from_utf8(out).unwrap()
}

/// Between `[…]` every line is there, one after the other.
fn assert_is_excerpt(shown: &str, printed: &str) {
    let mut rest = printed;
    for (index, part) in shown.split("[…]\n").enumerate() {
        let found = match index {
            0 => rest.starts_with(part).then_some(0),
            _ => rest.find(part),
        };
        let start = found.unwrap_or_else(|| panic!("README.md has\n{part}\nbut it is\n{rest}"));
        rest = &rest[start + part.len()..];
    }
    assert!(shown.ends_with("[…]\n") || rest.is_empty(), "{rest}");
}

#[test]
fn what_is_printed_of_a_recording_is_what_is_shown() {
    let blocks = README
        .split("\n```console\n$ ")
        .skip(1)
        .filter_map(|block| block.split_once("\n```")?.0.split_once('\n'))
        .filter(|(command, _)| command.contains("--from tests/"));
    let mut commands = 0;
    for (command, shown) in blocks {
        commands += 1;
        assert_is_excerpt(&format!("{shown}\n"), &printed(command));
    }
    assert_eq!(commands, 2);
}

/// A new code does not compile here before it is in the list.
#[test]
fn every_exit_code_has_a_row() {
    use ExitCode::{Budget, Ok, Refused, Runtime, Usage};
    for code in [Ok, Runtime, Usage, Refused, Budget] {
        let number = match code {
            Ok | Runtime | Usage | Refused | Budget => code as u8,
        };
        assert!(
            README.contains(&format!("\n| {number} |")),
            "README.md has no row for the exit code {number}"
        );
    }
}
