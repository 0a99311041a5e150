//! Embeds the eBPF object, which `cargo xtask build` makes: it needs another
//! compiler, so it is not built from here.
//!
//! Without it the agent still builds (for lints, editors and unit tests), and
//! says at run time that it has no program.

use std::{
    env, fs,
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

fn main() -> ExitCode {
    match embed() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to tell that this could not be told.
            drop(writeln!(io::stdout(), "cargo::error={error}"));
            ExitCode::FAILURE
        }
    }
}

fn embed() -> io::Result<()> {
    let chosen = env::var_os("OVL_TRACE_BPF").map(PathBuf::from);
    let object = chosen.clone().unwrap_or_else(built_object);
    let bytes = match fs::read(&object) {
        Ok(bytes) => bytes,
        // An object that was asked for by name must be there.
        Err(error) if chosen.is_none() && error.kind() == io::ErrorKind::NotFound => {
            let mut out = io::stdout();
            writeln!(
                out,
                "cargo::warning='{}' is not there, so this ovl-trace cannot trace: run `cargo xtask build`",
                object.display()
            )?;
            Vec::new()
        }
        Err(error) => {
            let object = object.display();
            return Err(io::Error::other(format!(
                "cannot read the eBPF object '{object}': {error}"
            )));
        }
    };
    let mut out = io::stdout();
    writeln!(out, "cargo::rerun-if-env-changed=OVL_TRACE_BPF")?;
    writeln!(out, "cargo::rerun-if-env-changed=CARGO_TARGET_DIR")?;
    writeln!(out, "cargo::rerun-if-changed={}", object.display())?;
    let embedded = variable("OUT_DIR")?.join("ovl-trace.bpf");
    fs::write(embedded, bytes)
}

/// Where `cargo xtask build` puts the object.
fn built_object() -> PathBuf {
    let workspace = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let target = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    workspace.join(target).join("bpf/ovl-trace")
}

fn variable(name: &str) -> io::Result<PathBuf> {
    env::var_os(name)
        .map(PathBuf::from)
        .ok_or_else(|| io::Error::other(format!("cargo does not set '{name}'")))
}
