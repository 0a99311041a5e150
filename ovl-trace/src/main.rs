//! The `ovl-trace` command: parse, run, exit with a meaning.

use std::process::ExitCode;

fn main() -> ExitCode {
    ovl_trace::cli::main()
}
