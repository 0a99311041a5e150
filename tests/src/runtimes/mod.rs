//! Real container runtimes, each with its own way to load, run and remove.
//! `ovl-trace-tests runtimes [NAME…]` runs the cases whose name contains one of
//! the names; what a runtime needs must be installed then.

mod archive;
mod build;
mod common;
mod containerd;
mod cri;
mod daemon;
mod docker;
mod engine;
mod grpc;
mod judge;
mod many;
mod nested;
mod podman;
mod protobuf;
mod subject;

use std::process::ExitCode;

use anyhow::Result;

use self::{
    containerd::Ctr,
    cri::Pod,
    docker::{Docker, Store},
    podman::Podman,
};
use crate::{
    command::output,
    harness::{self, Case},
};

/// Whether a program is there to run.
fn is_installed(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
    })
}

/// Runs the cases.
pub(crate) fn main(names: &[String]) -> ExitCode {
    for command in VERSIONS {
        if let Some((program, arguments)) = command.split_first()
            && let Ok(output) = output(program, arguments)
        {
            let text = String::from_utf8_lossy(&output.stdout);
            harness::note(text.lines().next().unwrap_or_default());
        }
    }
    let exit = harness::main(ALL, names);
    docker::end();
    containerd::end();
    exit
}

/// What says which versions these cases ran with.
const VERSIONS: &[&[&str]] = &[
    &["dockerd", "--version"],
    &["containerd", "--version"],
    &["podman", "--version"],
    &["buildah", "--version"],
    &["runc", "--version"],
    &["crun", "--version"],
];

macro_rules! cases {
    ($($name:literal: $run:expr;)+) => { &[$(Case { name: $name, run: $run },)+] };
}

const ALL: &[Case] = cases![
    "docker_overlay2::two_containers": || common::two_containers(&overlay2()?);
    "docker_overlay2::forty_layers": || common::forty_layers(&overlay2()?);
    "docker_overlay2::options_longer_than_a_page": ||
        common::options_longer_than_a_page(&overlay2()?, 85);
    "docker_overlay2::twenty_brief_ones": || many::of_docker(&overlay2()?, 20);
    "docker_overlay2::docker_in_docker": nested::two_containers;
    "docker_overlay2::build_steps": || build::of_docker(&overlay2()?);
    "docker_snapshots::two_containers": || common::two_containers(&snapshots()?);
    "docker_snapshots::options_longer_than_a_page": ||
        common::options_longer_than_a_page(&snapshots()?, 65);
    "docker_snapshots::five_brief_ones": || many::of_docker(&snapshots()?, 5);
    "docker_snapshots::build_steps": || build::of_docker(&snapshots()?);
    "containerd::two_containers": || common::two_containers(&Ctr::new("shop")?);
    "containerd::options_longer_than_a_page": ||
        common::options_longer_than_a_page(&Ctr::new("shop")?, 65);
    "cri::two_containers": || common::two_containers(&Pod::start("shop")?);
    "cri::two_hundred_in_a_pod": many::two_hundred_in_a_pod;
    "podman::two_containers": || common::two_containers(&Podman::root()?);
    "podman::options_longer_than_a_page": ||
        common::options_longer_than_a_page(&Podman::in_a_long_directory()?, 18);
    "podman::build_steps": build::of_podman;
    "podman::buildah": build::of_buildah;
    "podman::in_a_pod": || common::two_containers(&Podman::in_pod()?);
    "podman::rootless": || common::two_containers(&Podman::rootless()?);
];

fn overlay2() -> Result<Docker> {
    Docker::with(Store::Overlay2)
}

fn snapshots() -> Result<Docker> {
    Docker::with(Store::Containerd)
}
