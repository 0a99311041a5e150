//! `cargo xtask`: set-up, build, guest, demo and tests.

fn main() {}
