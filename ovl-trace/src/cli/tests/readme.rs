//! The README against the command line that it describes.

use std::ffi::OsString;

use clap::{CommandFactory as _, Parser as _};

use crate::cli::{Cli, exit::ExitCode};

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
