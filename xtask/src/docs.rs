//! The documents of the repository, held against the repository: what they
//! name exists, and what they tell a reader to run can be run.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Parser as _;

use crate::cli::Cli;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn document(name: &str) -> String {
    fs::read_to_string(workspace().join(name)).unwrap()
}

/// The text between the heading `title` and the next one of the same level.
fn section<'a>(text: &'a str, title: &str) -> &'a str {
    let (_, rest) = text.split_once(&format!("\n## {title}\n")).unwrap();
    rest.split("\n## ").next().unwrap()
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The paths of the code map: the first cell of each row, below the crate that
/// the heading above the table names.
fn code_map(text: &str) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    let mut base = "";
    for line in section(text, "Code map").lines() {
        if let Some(heading) = line.strip_prefix("### ") {
            base = quoted(heading).next().unwrap_or("");
            paths.push(PathBuf::from(base));
        } else if let Some(row) = line.strip_prefix("| `") {
            let cell = row.split(" |").next().unwrap();
            paths.extend(quoted(&format!("`{cell}")).map(|path| Path::new(base).join(path)));
        }
    }
    paths
}

/// `cargo xtask …` commands: alone on a line of a code block, or in backticks.
fn tasks(text: &str) -> Vec<&str> {
    text.lines()
        .filter(|line| line.starts_with("cargo xtask "))
        .chain(quoted(text).filter(|words| words.starts_with("cargo xtask ")))
        .map(|line| line.split('#').next().unwrap_or(line).trim())
        .collect()
}

#[test]
fn the_code_map_names_what_is_there() {
    let paths = code_map(&document("ARCHITECTURE.md"));
    assert!(paths.len() > 50, "the code map was not found: {paths:?}");
    for path in paths {
        assert!(
            workspace().join(&path).exists(),
            "ARCHITECTURE.md names '{}', which does not exist",
            path.display()
        );
    }
}

#[test]
fn the_code_map_has_every_module_of_the_agent() {
    let paths = code_map(&document("ARCHITECTURE.md"));
    for entry in fs::read_dir(workspace().join("ovl-trace/src")).unwrap() {
        let name = PathBuf::from(entry.unwrap().file_name());
        let path = Path::new("ovl-trace/src").join(name);
        assert!(
            paths.contains(&path),
            "the code map of ARCHITECTURE.md lacks '{}'",
            path.display()
        );
    }
}

#[test]
fn the_readme_begins_with_demo_and_test() {
    let readme = document("README.md");
    let first: Vec<&str> = readme
        .lines()
        .filter(|line| line.starts_with("cargo "))
        .take(2)
        .collect();
    assert_eq!(first, ["cargo xtask demo", "cargo xtask test"]);
}

#[test]
fn every_task_that_a_document_names_exists() {
    for name in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"] {
        for task in tasks(&document(name)) {
            let words = task.split_whitespace().skip(1);
            let outcome = Cli::try_parse_from(words).map_err(|error| error.kind());
            assert_eq!(outcome.err(), None, "{name}: '{task}'");
        }
    }
}

#[test]
fn links_between_documents_lead_somewhere() {
    for name in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
    ] {
        let text = document(name);
        for link in text.split("](").skip(1) {
            let target = link.split([')', '#']).next().unwrap_or_default();
            assert!(
                target.contains("://") || workspace().join(target).exists(),
                "{name} links to '{target}', which does not exist"
            );
        }
    }
}
