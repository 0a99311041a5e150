//! Kernel symbols: which functions exist, and which one an address is in.

mod collect;
mod settled;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufRead, BufReader},
};

use collect::{Kept, Symbol};
pub use settled::load;

use super::KernelRoots;

/// Where overlayfs' code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlay {
    /// In the loaded module `overlay`.
    Module,
    /// In vmlinux.
    BuiltIn,
    /// Nowhere: not loaded, or not there at all.
    NotLoaded,
}

/// A function and where its code is.
#[derive(Clone, Debug)]
struct Function {
    start: u64,
    /// The next function's start, of overlayfs or not.
    end: u64,
    name: String,
}

/// Overlayfs' functions, and which of some others exist.
///
/// Names are kept as they are: `ovl_do_rename.isra.0` is not `ovl_do_rename`,
/// since its arguments are elsewhere.
#[derive(Clone, Debug)]
pub struct Symbols {
    overlay: Overlay,
    /// Sorted by address; empty if addresses are hidden.
    functions: Vec<Function>,
    /// Every kept name, and how often it occurs.
    names: BTreeMap<String, usize>,
    addresses_hidden: bool,
    /// From `/proc/kallsyms`.
    listed: bool,
    /// The modules whose functions are listed before those of overlayfs.
    passed: Vec<String>,
    /// A function of overlayfs is listed twice.
    repeats: bool,
}

impl Symbols {
    /// Reads `/proc/kallsyms`, keeping the functions of overlayfs and those
    /// named in `others`.
    ///
    /// # Errors
    ///
    /// Those of [`Self::parse`]; [`io::ErrorKind::ResourceBusy`] if modules came or went
    /// whenever it was read, for seconds.
    pub fn read(roots: &KernelRoots, others: &[&str]) -> io::Result<Self> {
        Self::read_within(settled::TRIES, roots, others)
    }

    /// As [`Self::read`], but gives up at once: for those who can wait for a better moment,
    /// and have something else to do.
    pub fn try_read(roots: &KernelRoots, others: &[&str]) -> io::Result<Self> {
        Self::read_within(1, roots, others)
    }

    fn read_within(tries: u32, roots: &KernelRoots, others: &[&str]) -> io::Result<Self> {
        let list = roots.proc.join("kallsyms");
        settled::read(roots, tries, || {
            Self::parse(
                BufReader::with_capacity(1 << 16, File::open(&list)?),
                others,
            )
        })
    }

    /// As [`Self::read`], from any source: vmlinux first, then one module after
    /// the other; what comes after overlayfs is not read. Lines that are not
    /// `address type name [module]` are skipped; a source without any function
    /// is an error, since nothing can be concluded from it.
    pub fn parse(mut source: impl BufRead, others: &[&str]) -> io::Result<Self> {
        let mut kept = Kept::default();
        let mut line = Vec::new();
        while !kept.is_complete() && source.read_until(b'\n', &mut line)? > 0 {
            // A line that cannot be understood is none.
            let _taken = Symbol::parse(&line).and_then(|symbol| kept.take(&symbol, others));
            line.clear();
        }
        if kept.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "it lists no functions",
            ));
        }
        Ok(kept.finish())
    }

    /// Where overlayfs' code is.
    pub const fn overlay(&self) -> Overlay {
        self.overlay
    }

    /// The kernel showed zeros instead of addresses (no `CAP_SYSLOG`, or
    /// `kernel.kptr_restrict=2`).
    pub const fn addresses_hidden(&self) -> bool {
        self.addresses_hidden
    }

    /// A function of exactly this name exists.
    pub fn contains(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// The functions of this name are not the ones that are meant by it: none exists, as far
    /// as probes are concerned.
    pub fn forget(&mut self, name: &str) {
        self.names.remove(name);
    }

    /// Several functions have this name, so that a probe on it is refused, or
    /// sits on any of them.
    pub fn is_ambiguous(&self, name: &str) -> bool {
        self.names.get(name).is_some_and(|&count| count > 1)
    }

    /// What `kprobe_events` calls the function: with the module's name, so
    /// that the probe survives the module's reload.
    pub fn event_symbol(&self, name: &str) -> String {
        if self.overlay == Overlay::Module && name.starts_with("ovl_") {
            format!("overlay:{name}")
        } else {
            name.to_owned()
        }
    }

    /// Overlayfs' functions: start, end and name of each.
    pub fn functions(&self) -> impl Iterator<Item = (u64, u64, &str)> {
        let functions = self.functions.iter();
        functions.map(|function| (function.start, function.end, function.name.as_str()))
    }

    /// From what [`Self::functions`] gave on another machine, in any order; good
    /// for [`Self::resolve`] only.
    pub fn of_functions(functions: Vec<(u64, u64, String)>) -> Self {
        let mut functions: Vec<_> = functions
            .into_iter()
            .map(|(start, end, name)| Function { start, end, name })
            .collect();
        functions.sort_by_key(|function| function.start);
        Self {
            overlay: Overlay::NotLoaded,
            functions,
            names: BTreeMap::new(),
            addresses_hidden: false,
            listed: true,
            passed: Vec::new(),
            repeats: false,
        }
    }

    /// From what says which functions exist but not where: [`Self::resolve`] knows
    /// nothing.
    pub fn of_names(overlay: Overlay, names: impl IntoIterator<Item = String>) -> Self {
        Self {
            overlay,
            functions: Vec::new(),
            names: names.into_iter().map(|name| (name, 1)).collect(),
            addresses_hidden: false,
            listed: false,
            passed: Vec::new(),
            repeats: false,
        }
    }

    /// Whether they were read from `/proc/kallsyms`, which has every function under the
    /// name that a probe needs.
    pub const fn are_listed(&self) -> bool {
        self.listed
    }

    /// The function of overlayfs that contains `address`, and the offset in
    /// it. `None` for an address elsewhere.
    ///
    /// A return address points behind a call, which may be its function's
    /// last instruction: ask for the byte before it.
    pub fn resolve(&self, address: u64) -> Option<(&str, u64)> {
        let after = self
            .functions
            .partition_point(|function| function.start <= address);
        let function = self.functions.get(after.checked_sub(1)?)?;
        (address < function.end).then(|| (function.name.as_str(), address - function.start))
    }
}
