//! Text and JSON for people and programs. Everything here is pure: values in,
//! bytes out to a `Write`; no clock, no `/proc`, no terminal queries.
//!
//! Every name (path, comm, container, image) is hostile: it is written by
//! somebody else and shown to an administrator. Text passes through
//! [`sanitize`]; JSON through [`json::to_writer`].

pub mod errno;
mod grid;
pub mod html;
pub mod json;
pub mod lines;
pub mod markdown;
pub mod mounts;
pub mod report_json;
pub mod sanitize;
pub(crate) mod sheets;
pub mod style;
pub mod table;
pub mod units;
mod wrap;

#[cfg(test)]
pub(crate) mod agree;
#[cfg(test)]
pub(crate) mod test_report;
