//! Everything below a directory.

use std::{
    fs::{self, Metadata},
    path::Path,
};

use anyhow::{Context as _, Result};

/// Calls `visit` for everything below `root`, without following links.
pub(crate) fn walk(
    root: &Path,
    visit: &mut dyn FnMut(&Path, &Metadata) -> Result<()>,
) -> Result<()> {
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in
            fs::read_dir(&directory).with_context(|| format!("reading {}", directory.display()))?
        {
            let path = entry?.path();
            let metadata = fs::symlink_metadata(&path)?;
            visit(&path, &metadata)?;
            if metadata.is_dir() {
                directories.push(path);
            }
        }
    }
    Ok(())
}
