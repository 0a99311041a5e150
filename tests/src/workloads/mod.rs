//! Real programs in containers of runc's over a real root file system. What is
//! reported must be what the upper directory holds, to the byte and the
//! whiteout, and nothing may be lost.
//!
//! `ovl-trace-tests workloads [NAME…]`; a name is a part of `workloads::CASE`.

mod container;
mod database;
mod event;
mod holes;
mod layers;
mod ledger;
mod ownership;
mod packages;
mod reading;
mod replay;
mod repository;
mod sqlite;
mod synchronisation;
mod unpacking;
mod upper;

use std::process::ExitCode;

use crate::harness::{self, Case};

/// Runs the workloads that the arguments choose (all without names).
pub(crate) fn main(names: &[String]) -> ExitCode {
    harness::main(CASES, names)
}

macro_rules! cases {
    ($($topic:ident::$name:ident),+ $(,)?) => {
        &[$(Case { name: concat!("workloads::", stringify!($name)), run: $topic::$name },)+]
    };
}

const CASES: &[Case] = cases![
    packages::apt_installs,
    packages::apt_upgrades,
    packages::apt_purges,
    repository::git_checks_out,
    synchronisation::rsync_deletes,
    ownership::chown_goes_down_a_tree,
    ownership::real_trees_are_owned_and_removed,
    unpacking::tar_unpacks,
    sqlite::sqlite_writes,
    database::postgresql_starts,
    reading::reading_costs_nothing,
];
