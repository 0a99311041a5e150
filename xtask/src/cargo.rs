//! Cargo for this workspace, started from within `cargo run`.
//!
//! `cargo xtask` is itself run by cargo, which leaves its mark on the
//! environment: variables about the xtask package, and rustup's choice of
//! toolchain. What cargo is started from here must not see them.

use std::{
    env,
    ffi::{OsStr, OsString},
    path::Path,
    process::Command,
};

use crate::host::Host;

/// Variables of cargo that a build for another compiler keeps: where its home
/// is, and how it reaches the registry and the terminal.
const KEPT: [&str; 6] = [
    "CARGO_HOME",
    "CARGO_HTTP_",
    "CARGO_NET_",
    "CARGO_REGISTR",
    "CARGO_SOURCE_",
    "CARGO_TERM_",
];

/// `cargo SUBCOMMAND` with the toolchain that runs xtask.
pub(crate) fn host(host: &Host, subcommand: &str) -> Command {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.arg(subcommand);
    remove_variables(&mut command, is_about_xtask);
    clean_library_path(host, &mut command);
    command
}

/// Returns `cargo SUBCOMMAND` for programs that are linked with glibc statically. `--target`
/// keeps the flag from build scripts and procedural macros, which cannot be static. Incremental
/// compilation is off, because it makes the first build half as long again.
pub(crate) fn static_target(host: &Host, subcommand: &str) -> Command {
    let mut command = self::host(host, subcommand);
    command
        .args(["--target", &host_triple()])
        .env("RUSTFLAGS", "-Ctarget-feature=+crt-static")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    if env::var_os("CARGO_INCREMENTAL").is_none() {
        command.env("CARGO_INCREMENTAL", "0");
    }
    command
}

/// `program` in an environment that has nothing of the toolchain that runs
/// xtask: for another compiler.
pub(crate) fn foreign(host: &Host, program: &Path) -> Command {
    let mut command = Command::new(program);
    remove_variables(&mut command, is_about_toolchain);
    clean_library_path(host, &mut command);
    command
}

/// The triple of the machine that builds, as rustc names it.
pub(crate) fn host_triple() -> String {
    format!("{}-unknown-linux-gnu", env::consts::ARCH)
}

fn remove_variables(command: &mut Command, predicate: impl Fn(&str) -> bool) {
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(&predicate) {
            command.env_remove(name);
        }
    }
}

/// `cargo run` describes the package that it runs.
fn is_about_xtask(name: &str) -> bool {
    [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_",
        "CARGO_CRATE_",
    ]
    .iter()
    .any(|prefix| name.starts_with(prefix))
}

/// All that chooses a compiler, wraps it, or gives it flags.
fn is_about_toolchain(name: &str) -> bool {
    let of_cargo = name == "CARGO" || name.starts_with("CARGO_");
    let chooses = [
        "RUSTC",
        "RUSTDOC",
        "RUSTFLAGS",
        "RUSTUP_TOOLCHAIN",
        "RUST_RECURSION_COUNT",
    ];
    (of_cargo && !KEPT.iter().any(|kept| name.starts_with(kept)))
        || chooses.iter().any(|prefix| name.starts_with(prefix))
}

/// Cargo and rustup put their own directories before the user's in the
/// library path; another compiler would find the wrong libLLVM there.
fn clean_library_path(host: &Host, command: &mut Command) {
    const NAME: &str = "LD_LIBRARY_PATH";
    let Some(path) = env::var_os(NAME) else {
        return;
    };
    match without_toolchain(&path, &host.target) {
        Some(path) => command.env(NAME, path),
        None => command.env_remove(NAME),
    };
}

/// The library path without the directories of rustup and of the target
/// directory; `None` when nothing is left.
fn without_toolchain(path: &OsStr, target: &Path) -> Option<OsString> {
    let of_rustup = |dir: &Path| {
        dir.components()
            .any(|part| part.as_os_str() == "toolchains")
    };
    let kept: Vec<_> = env::split_paths(path)
        .filter(|dir| !dir.as_os_str().is_empty() && !dir.starts_with(target) && !of_rustup(dir))
        .collect();
    env::join_paths(&kept).ok().filter(|path| !path.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_chooses_a_compiler_is_removed_and_the_registry_kept() {
        for name in [
            "CARGO",
            "RUSTC",
            "RUSTC_WRAPPER",
            "RUSTFLAGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "RUSTUP_TOOLCHAIN",
            "CARGO_TARGET_DIR",
            "CARGO_BUILD_TARGET",
            "CARGO_PKG_NAME",
        ] {
            assert!(is_about_toolchain(name), "{name}");
        }
        for name in [
            "CARGO_HOME",
            "CARGO_NET_OFFLINE",
            "CARGO_HTTP_CAINFO",
            "CARGO_REGISTRIES_X_INDEX",
            "CARGO_TERM_COLOR",
            "RUST_BACKTRACE",
            "RUSTUP_HOME",
            "PATH",
        ] {
            assert!(!is_about_toolchain(name), "{name}");
        }
    }

    #[test]
    fn only_the_users_directories_stay_in_the_library_path() {
        let clean = |path: &str| without_toolchain(OsStr::new(path), Path::new("/src/target"));
        let path = "/src/target/debug/deps:/root/.rustup/toolchains/stable/lib:/opt/lib:";
        assert_eq!(clean(path), Some("/opt/lib".into()));
        assert_eq!(
            clean("/src/target/debug:/root/.rustup/toolchains/stable/lib"),
            None
        );
        assert_eq!(clean(""), None);
    }
}
