//! The toolchain for the kernel side: a compiler that can build `core` for
//! `bpfel-unknown-none`, and bpf-linker for that compiler's LLVM.
//!
//! There is no released compiler with a ready-made `core` for eBPF, so its
//! source is needed: from rustup's nightly, or from the distribution.

mod debian;
mod linker;
mod plan;
mod rustc;

use std::{path::PathBuf, process::Command, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};

use self::{
    plan::{Found, LinkerState, Step, Survey},
    rustc::{Compiler, Origin},
};
use crate::{
    cargo,
    host::{Host, say},
    packages::has_apt,
};

/// Longest wait for rustup: where nothing can be downloaded, it may hang.
const RUSTUP_LIMIT: Duration = Duration::from_secs(300);

/// A complete toolchain for the kernel side.
#[derive(Clone, Debug)]
pub(crate) struct Toolchain {
    compiler: Compiler,
    /// The path of bpf-linker.
    pub(crate) linker: PathBuf,
}

impl Toolchain {
    /// For people: which compiler and which linker.
    pub(crate) fn describe(&self) -> String {
        format!(
            "rustc {} ({}), {}",
            self.compiler.version.text,
            self.compiler.rustc.display(),
            self.linker.display()
        )
    }

    /// `cargo SUBCOMMAND` with this compiler.
    pub(crate) fn cargo(&self, host: &Host, subcommand: &str) -> Command {
        self.prepare(cargo::foreign(host, &self.compiler.cargo), subcommand)
    }

    /// `cargo clippy` with this compiler; installs clippy when it is missing.
    /// `None`: it is missing, and recorded as such.
    pub(crate) fn clippy(&self, host: &Host) -> Result<Option<Command>> {
        let program = self.compiler.cargo.with_file_name("cargo-clippy");
        if !program.is_file() {
            match self.compiler.origin {
                Origin::Distribution => debian::install_clippy(host)?,
                Origin::Rustup if !host.install => {
                    host.missing(
                        "clippy of rustup's nightly",
                        "rustup component add --toolchain nightly clippy",
                    );
                }
                Origin::Rustup => rustup(
                    host,
                    &["component", "add", "--toolchain", "nightly", "clippy"],
                )?,
            }
            if !program.is_file() {
                ensure!(
                    host.lacks_something(),
                    "'{}' is still missing",
                    program.display()
                );
                return Ok(None);
            }
        }
        let mut command = cargo::foreign(host, &program);
        // cargo-clippy starts the cargo that this names.
        command.env("CARGO", &self.compiler.cargo);
        Ok(Some(self.prepare(command, "clippy")))
    }

    fn prepare(&self, mut command: Command, subcommand: &str) -> Command {
        command.env("RUSTC", &self.compiler.rustc).arg(subcommand);
        if self.compiler.origin == Origin::Distribution {
            // A stable compiler refuses -Z flags without it.
            command.env("RUSTC_BOOTSTRAP", "1");
        }
        command
    }
}

/// The toolchain, installed when it is not there. An error under
/// `--no-install` when something is missing.
pub(crate) fn require(host: &Host) -> Result<Toolchain> {
    if let Some(toolchain) = ensure_toolchain(host)? {
        return Ok(toolchain);
    }
    host.report_missing()?;
    bail!("no eBPF toolchain: run `cargo xtask setup`")
}

/// Finds the toolchain, or installs it step by step. `None` under
/// `--no-install` when something is missing, which is then recorded.
pub(crate) fn ensure_toolchain(host: &Host) -> Result<Option<Toolchain>> {
    let mut tried = Vec::new();
    let mut failures = Vec::new();
    loop {
        let (compilers, survey) = look(host);
        match plan::next(survey, &tried) {
            Some(Step::Use(origin)) => return Ok(take(compilers, origin)),
            Some(step) if host.install => {
                if step == Step::AddPackages {
                    compilers.iter().for_each(say_why_left);
                }
                if let Err(error) = carry_out(host, step, &compilers) {
                    say(format_args!("no eBPF toolchain this way: {error:#}"));
                    failures.push(format!("{error:#}"));
                }
                tried.push(step);
            }
            Some(step) => {
                host.missing("an eBPF toolchain", &advice(step, &compilers));
                return Ok(None);
            }
            None => bail!(no_way_left(&failures)),
        }
    }
}

/// The packages that the next step towards a toolchain installs, and those after it.
pub(crate) fn packages(host: &Host) -> Result<Vec<String>> {
    let (_, survey) = look(host);
    match plan::next(survey, &[]) {
        Some(Step::AddPackages) => {
            host.update_lists()?;
            debian::packages()
        }
        _ => Ok(Vec::new()),
    }
}

/// A compiler that is installed, with the linker that works with it.
struct Candidate {
    compiler: Compiler,
    linker: Option<PathBuf>,
    found: Found,
}

fn look(host: &Host) -> (Vec<Candidate>, Survey) {
    let mut compilers = Vec::new();
    for compiler in [Compiler::nightly(), Compiler::distribution()]
        .into_iter()
        .flatten()
    {
        let linker = linker::find(host, &compiler).unwrap_or_else(|error| {
            say(format_args!("{error:#}"));
            None
        });
        let state = linker::state(&compiler, linker.as_deref());
        let found = Found {
            source: compiler.has_source,
            linker: state,
        };
        compilers.push(Candidate {
            compiler,
            linker,
            found,
        });
    }
    let found = |origin| {
        let of_origin = |candidate: &&Candidate| candidate.compiler.origin == origin;
        compilers
            .iter()
            .find(of_origin)
            .map(|candidate| candidate.found)
    };
    let survey = Survey {
        rustup: Host::find_program("rustup").is_some(),
        apt: has_apt(),
        binstall: Host::find_program("cargo-binstall").is_some(),
        nightly: found(Origin::Rustup),
        distribution: found(Origin::Distribution),
    };
    (compilers, survey)
}

/// A compiler that the user knows to be there deserves a word when another is
/// fetched all the same.
fn say_why_left(candidate: &Candidate) {
    let Candidate {
        compiler, found, ..
    } = candidate;
    let version = &compiler.version;
    if !found.source {
        say(format_args!(
            "rustc {} cannot be used: core's source is not there",
            version.text
        ));
    } else if found.linker == LinkerState::None {
        say(format_args!(
            "rustc {} cannot be used: it has LLVM {}, for which no bpf-linker is in sight",
            version.text, version.llvm
        ));
    }
}

fn take(compilers: Vec<Candidate>, origin: Origin) -> Option<Toolchain> {
    compilers.into_iter().find_map(
        |Candidate {
             compiler, linker, ..
         }| {
            (compiler.origin == origin).then_some(Toolchain {
                compiler,
                linker: linker?,
            })
        },
    )
}

fn carry_out(host: &Host, step: Step, compilers: &[Candidate]) -> Result<()> {
    match step {
        Step::Use(_) => Ok(()),
        Step::GetLinker(origin) => linker::install(host, &of(compilers, origin)?.compiler),
        Step::AddSource => rustup(
            host,
            &["component", "add", "--toolchain", "nightly", "rust-src"],
        ),
        Step::AddNightly => rustup(host, &ADD_NIGHTLY),
        Step::AddPackages => {
            host.update_lists()?;
            debian::install(host)
        }
    }
}

const ADD_NIGHTLY: [&str; 7] = [
    "toolchain",
    "install",
    "nightly",
    "--profile",
    "minimal",
    "--component",
    "rust-src,clippy",
];

fn rustup(host: &Host, args: &[&str]) -> Result<()> {
    let mut command = Command::new("rustup");
    command.args(args);
    host.run_within(
        RUSTUP_LIMIT,
        "a compiler with core's source, for the kernel side",
        &mut command,
    )
}

fn of(compilers: &[Candidate], origin: Origin) -> Result<&Candidate> {
    let of_origin = |candidate: &&Candidate| candidate.compiler.origin == origin;
    compilers
        .iter()
        .find(of_origin)
        .context("the compiler is no longer there")
}

/// The command for a step, for people.
fn advice(step: Step, compilers: &[Candidate]) -> String {
    let mut ways = Vec::new();
    match step {
        Step::Use(_) | Step::AddPackages => {}
        Step::GetLinker(origin) => {
            if let Ok(candidate) = of(compilers, origin) {
                return linker::advice(candidate.compiler.version.llvm);
            }
        }
        Step::AddSource => {
            ways.push("rustup component add --toolchain nightly rust-src".to_owned());
        }
        Step::AddNightly => ways.push(format!("rustup {}", ADD_NIGHTLY.join(" "))),
    }
    ways.extend(debian::advice());
    format!(
        "{}; and bpf-linker (https://github.com/aya-rs/bpf-linker)",
        ways.join(", or: ")
    )
}

fn no_way_left(failures: &[String]) -> String {
    let mut text =
        "no eBPF toolchain. It needs a rustc nightly with rust-src (or a distribution's \
         rustc with its source), and bpf-linker built for the same LLVM."
            .to_owned();
    for failure in failures {
        text.push_str("\n  tried: ");
        text.push_str(failure);
    }
    text.push_str("\n  get it with: rustup ");
    text.push_str(&ADD_NIGHTLY.join(" "));
    if let Some(way) = debian::advice() {
        text.push_str("\n  or: ");
        text.push_str(&way);
    }
    text.push_str("\n  and: cargo binstall bpf-linker (https://github.com/aya-rs/bpf-linker)");
    text
}
