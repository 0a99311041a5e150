//! Overlay superblock → mount → container.
//!
//! The kernel names an overlay by its superblock and gives the `upperdir=` of
//! its mount; `/proc/PID/mountinfo` gives the rest of the mount; the runtimes'
//! own files say whose it is. Nothing here is guessed: an overlay whose owner
//! no record names has none.
//!
//! Names are resolved once per overlay, at its first sight, and kept for the
//! whole session: a container's files vanish with it, often before its last
//! events are read.

mod again;
mod bolt;
mod budget;
mod bundle;
mod by_process;
mod cached;
mod cgroup;
mod config;
mod containerd;
mod containers_storage;
mod database;
pub mod docker;
mod enricher;
mod entry;
mod image;
mod list;
mod mountinfo;
mod namespaces;
mod open;
mod options;
mod outside;
mod patterns;
mod process_arguments;
mod resolve;
mod root;
mod runtime;
mod sqlite;
mod table;
mod upper;
mod usage;
mod view;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;

pub use self::{
    config::EnrichConfig,
    enricher::Enricher,
    list::{MountRow, list_mounts, list_mounts_with_api},
    upper::{LayerFile, LayerFiles},
};
