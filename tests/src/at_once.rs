//! The same with many files, at the same moment.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Barrier},
    thread,
};

use anyhow::{Context as _, Result};

/// Each by a thread of its own. Fails if one does.
pub(crate) fn at_once(
    paths: Vec<PathBuf>,
    act: impl Fn(&Path) -> io::Result<()> + Copy + Send + 'static,
) -> Result<()> {
    let barrier = Arc::new(Barrier::new(paths.len()));
    let threads: Vec<_> = paths
        .into_iter()
        .map(|path| {
            let barrier = Arc::clone(&barrier);
            thread::Builder::new().stack_size(64 << 10).spawn(move || {
                barrier.wait();
                act(&path)
            })
        })
        .collect::<Result<_, _>>()?;
    for thread in threads {
        thread.join().ok().context("a thread panicked")??;
    }
    Ok(())
}
