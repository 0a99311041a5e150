//! Containers as Docker writes them down: its records, without its daemon, which would take
//! hours for a thousand where instructions are counted.

use std::{fs, path::Path};

use anyhow::Result;

use super::growth::Overlay;

/// A record of a real one (Docker 20.10), with all that stands in such a file.
const RECORD: &str = include_str!(
    "../../fixtures/docker-20.10-overlay2/data-root/containers/\
     34cf4f6734a1b5aacfcad27001c50b444c3087bf46cdc96e5d4e02f65a34f736/config.v2.json"
);
const ID: &str = "34cf4f6734a1b5aacfcad27001c50b444c3087bf46cdc96e5d4e02f65a34f736";
const NAME: &str = "\"/web-1\"";

/// Records a container below Docker's data root; returns the directories of its overlay by
/// the graph driver overlay2, which are not made.
pub(super) fn record(data_root: &Path, number: usize) -> Result<Overlay> {
    let id = format!("{number:064x}");
    let layer = format!("{:064x}", number + (1 << 32));
    let mounts = data_root.join("image/overlay2/layerdb/mounts").join(&id);
    fs::create_dir_all(&mounts)?;
    fs::write(mounts.join("mount-id"), &layer)?;
    let directory = data_root.join("containers").join(&id);
    fs::create_dir_all(&directory)?;
    let record = RECORD
        .replace(ID, &id)
        .replace(NAME, &format!("\"/web-{number}\""));
    fs::write(directory.join("config.v2.json"), record)?;
    let at = data_root.join("overlay2").join(layer);
    Ok(Overlay {
        upper: at.join("diff"),
        work: at.join("work"),
        merged: at.join("merged"),
    })
}
