//! A kernel that seems to lack functions: another `/proc/kallsyms` and other types.

use std::{fs, io::Write as _, path::Path};

use anyhow::Result;

use super::sys;

/// Lines of `/proc/kallsyms`.
const SYMBOLS: &str = "/proc/kallsyms";

/// Where types and functions are described.
const TYPES: [&str; 2] = ["/sys/kernel/btf/vmlinux", "/sys/kernel/btf/overlay"];

/// Another `/proc/kallsyms` and other types, until it is dropped.
pub(super) struct Doctored {
    _files: Vec<Covered>,
}

impl Doctored {
    pub(super) fn hide(names: &[&str]) -> Result<Self> {
        let shown: String = fs::read_to_string(SYMBOLS)?
            .lines()
            .filter(|line| {
                let name = line.split_ascii_whitespace().nth(2);
                !name.is_some_and(|name| names.contains(&name))
            })
            .flat_map(|line| [line, "\n"])
            .collect();
        let mut files = vec![Covered::new(SYMBOLS, shown.as_bytes())?];
        for types in TYPES.iter().filter(|types| Path::new(types).exists()) {
            files.push(Covered::new(types, &renamed(fs::read(types)?, names))?);
        }
        Ok(Self { _files: files })
    }
}

/// BTF in which the functions have other names of the same length.
fn renamed(mut types: Vec<u8>, names: &[&str]) -> Vec<u8> {
    for name in names {
        let string = format!("\0{name}\0");
        let places: Vec<usize> = types
            .windows(string.len())
            .enumerate()
            .filter(|(_, bytes)| *bytes == string.as_bytes())
            .map(|(place, _)| place)
            .collect();
        for place in places {
            types[place + 1] = b'x';
        }
    }
    types
}

/// A file with another one over it.
struct Covered {
    path: &'static str,
    _by: tempfile::NamedTempFile,
}

impl Covered {
    fn new(path: &'static str, content: &[u8]) -> Result<Self> {
        let mut by = tempfile::NamedTempFile::new()?;
        by.write_all(content)?;
        let from = by.path().display().to_string();
        sys::mount(&from, Path::new(path), "", libc::MS_BIND, "")?;
        Ok(Self { path, _by: by })
    }
}

impl Drop for Covered {
    fn drop(&mut self) {
        // Without it the cases that follow fail, and say what is missing.
        let _unmounted = sys::umount(Path::new(self.path));
    }
}
