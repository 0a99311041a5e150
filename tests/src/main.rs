//! End-to-end tests: the built `ovl-trace` against real containers on a real
//! kernel, as root, judged by what the upper directories hold afterwards.
//!
//! Without containers of Docker's: every system call (`ovl-trace-tests kernel`)
//! and real programs (`ovl-trace-tests workloads`).
//!
//! `cargo xtask test` runs this program in a guest; it also runs on a machine
//! of its own (`ovl-trace-tests [NAME…]`), since it only needs root, Docker
//! with overlay2 on ext4, and `ovl-trace` in `PATH`.

mod at_once;
mod bench;
mod cases;
mod command;
mod demo;
mod docker;
mod events;
mod harness;
mod image;
mod kernel;
mod loaded_programs;
mod oracle;
mod overlay;
mod runtimes;
mod tracer;
mod walk;
mod workloads;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((word, rest)) if word == "bench" => bench::main(rest),
        Some((word, _)) if word == "demo" => demo::main(),
        Some((word, names)) if word == "kernel" => kernel::main(names),
        Some((word, names)) if word == "runtimes" => runtimes::main(names),
        Some((word, names)) if word == "workloads" => workloads::main(names),
        _ => harness::main(cases::ALL, &arguments),
    }
}
