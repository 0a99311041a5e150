//! Files that others watch, and directories that are made in one step.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

/// What the names of directories that are being made start with.
const UNFINISHED: &str = ".unfinished-";

/// A new directory in `dir`, in which something is made before it is renamed.
/// What killed runs left in its place is removed, so the caller holds the lock
/// under which such directories are made.
pub(crate) fn unfinished_in(dir: &Path) -> Result<TempDir> {
    for left in left_in(dir) {
        // What cannot be removed is in nobody's way.
        drop(fs::remove_dir_all(left));
    }
    new_unfinished_in(dir)
}

/// The same, and what killed runs left stays.
pub(crate) fn new_unfinished_in(dir: &Path) -> Result<TempDir> {
    fs::create_dir_all(dir).with_context(|| format!("cannot make '{}'", dir.display()))?;
    tempfile::Builder::new()
        .prefix(UNFINISHED)
        .tempdir_in(dir)
        .with_context(|| format!("cannot write to '{}'", dir.display()))
}

/// What killed runs left in `dir`.
pub(crate) fn left_in(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(UNFINISHED))
        .map(|entry| entry.path())
        .collect()
}

/// Copies a file when its content differs, in one step, so that what depends
/// on it is rebuilt only then and never sees half of it.
pub(crate) fn replace_if_changed(from: &Path, to: &Path) -> Result<()> {
    let new = fs::read(from).with_context(|| format!("cannot read '{}'", from.display()))?;
    match fs::read(to) {
        Ok(old) if old == new => return Ok(()),
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot read '{}'", to.display()));
        }
        _ => {}
    }
    let dir = to.parent().context("a file needs a directory")?;
    fs::create_dir_all(dir).with_context(|| format!("cannot make '{}'", dir.display()))?;
    let temporary = tempfile::NamedTempFile::new_in(dir)
        .with_context(|| format!("cannot write to '{}'", dir.display()))?;
    // With the permissions of the original: programs stay executable.
    fs::copy(from, temporary.path())
        .with_context(|| format!("cannot write to '{}'", dir.display()))?;
    temporary
        .persist(to)
        .with_context(|| format!("cannot replace '{}'", to.display()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    use super::*;

    #[test]
    fn a_file_is_replaced_only_when_it_differs() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let (from, to) = (dir.path().join("from"), dir.path().join("out/to"));
        fs::write(&from, "one")?;
        fs::set_permissions(&from, fs::Permissions::from_mode(0o755))?;
        replace_if_changed(&from, &to)?;
        let first = fs::metadata(&to)?;
        assert_eq!(first.permissions().mode() & 0o777, 0o755);
        replace_if_changed(&from, &to)?;
        assert_eq!(
            fs::metadata(&to)?.ino(),
            first.ino(),
            "unchanged: the same file"
        );
        fs::write(&from, "two")?;
        replace_if_changed(&from, &to)?;
        assert_eq!(fs::read_to_string(&to)?, "two");
        Ok(())
    }

    #[test]
    fn what_a_killed_run_left_is_removed() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let killed = unfinished_in(dir.path())?.keep();
        fs::write(killed.join("half"), "")?;
        fs::write(dir.path().join("done"), "")?;
        let new = unfinished_in(dir.path())?;
        assert_eq!(left_in(dir.path()), [new.path()]);
        assert!(dir.path().join("done").exists());
        Ok(())
    }

    #[test]
    fn a_missing_file_is_named() {
        let text =
            replace_if_changed(Path::new("/nonexistent/a"), Path::new("/tmp/b")).unwrap_err();
        assert_eq!(text.to_string(), "cannot read '/nonexistent/a'");
    }
}
