//! The events of one overlay, as the ledger needs them.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// An event that changed an upper directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    CopyUp(CopyUp),
    Whiteout { path: String, cause: String },
}

/// A copy-up that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CopyUp {
    pub(crate) path: String,
    pub(crate) kind: String,
    pub(crate) method: String,
    pub(crate) size: u64,
    pub(crate) copied: u64,
    /// It was opened with `O_TRUNC`.
    pub(crate) truncates: bool,
}

impl Event {
    /// `None`: it changed nothing (a copy-up that failed, or that another task
    /// did; how far one is).
    pub(crate) fn parse(event: &Value) -> Result<Option<Self>> {
        let text = |name: &str| -> Result<String> {
            let text = event[name].as_str();
            Ok(text
                .with_context(|| format!("no '{name}' in {event}"))?
                .to_owned())
        };
        let number = |name: &str| {
            let number = event[name].as_u64();
            number.with_context(|| format!("no '{name}' in {event}"))
        };
        ensure!(event["path_bytes"].is_null(), "a name is no text: {event}");
        if event["type"] == "whiteout" {
            return Ok(Some(Self::Whiteout {
                path: text("path")?,
                cause: text("cause")?,
            }));
        }
        if event["type"] != "copy_up" || event["result"] != "ok" {
            return Ok(None);
        }
        let flags = event["trigger"]["flags"].as_array();
        Ok(Some(Self::CopyUp(CopyUp {
            path: text("path")?,
            kind: text("kind")?,
            method: text("method")?,
            size: number("size_bytes")?,
            copied: number("copied_bytes")?,
            truncates: flags.is_some_and(|flags| flags.iter().any(|flag| flag == "O_TRUNC")),
        })))
    }
}
