//! Many tasks at once.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::{
    at_once::at_once,
    kernel::{case::Case, facts::Facts, layer::MIB, sys},
};

/// Tasks that want one file.
const RACERS: usize = 64;
/// Tasks that want a file each.
const MANY: usize = 500;

pub(super) fn cases(_: &Facts) -> Vec<Case> {
    vec![
        Case::new("concurrency::64_tasks_and_one_file")
            .lower(|layer| layer.file("f", 16 * MIB))
            .lower_on_tmpfs()
            .run(|merged| open_together(vec![merged.at("f"); RACERS]))
            .check(|events| {
                let copied: Vec<_> = with(events, "result", "ok");
                ensure!(copied.len() == 1, "{} copied it", copied.len());
                ensure!(copied[0]["copied_bytes"] == 16 * MIB, "{}", copied[0]);
                let raced = with(events, "result", "raced");
                ensure!(raced.len() + 1 == events.len(), "something else happened");
                ensure!(raced.len() < RACERS, "{} raced", raced.len());
                let written = raced.iter().find(|event| event["copied_bytes"] != 0);
                ensure!(written.is_none(), "a task that waited wrote: {written:?}");
                Ok(())
            }),
        Case::new("concurrency::500_tasks_and_files")
            .lower(|layer| {
                (0..MANY).try_for_each(|index| layer.file(&format!("file-{index}"), 4096))
            })
            .lower_on_tmpfs()
            .run(|merged| {
                let path = |index| merged.at(&format!("file-{index}"));
                open_together((0..MANY).map(path).collect())
            })
            .check(|events| {
                let mut paths: Vec<&str> = with(events, "result", "ok")
                    .into_iter()
                    .filter(|event| event["copied_bytes"] == 4096)
                    .filter_map(|event| event["path"].as_str())
                    .collect();
                paths.sort_unstable();
                paths.dedup();
                ensure!(
                    paths.len() == MANY && events.len() == MANY,
                    "{} files in {} events",
                    paths.len(),
                    events.len()
                );
                Ok(())
            }),
    ]
}

fn with<'a>(events: &[&'a Value], field: &str, value: &str) -> Vec<&'a Value> {
    events
        .iter()
        .copied()
        .filter(|event| event[field] == value)
        .collect()
}

/// Opens every path for writing at the same moment.
fn open_together(paths: Vec<PathBuf>) -> Result<()> {
    at_once(paths, |path| sys::open(path, libc::O_RDWR).map(drop))
}
