//! Kernel symbols: which functions exist, and which one an address is in.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufRead, BufReader},
    path::Path,
};

/// Most bytes that a function is taken to have when nothing is known to
/// follow it. The largest of overlayfs has 6 KiB (`ovl_fill_super`).
const FUNCTION_BYTES_MAX: u64 = 64 << 10;

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
}

impl Symbols {
    /// Reads `/proc/kallsyms`, keeping the functions of overlayfs and those
    /// named in `others`.
    pub fn read(path: &Path, others: &[&str]) -> io::Result<Self> {
        Self::parse(BufReader::with_capacity(1 << 16, File::open(path)?), others)
    }

    /// As [`Self::read`], from any source. Lines that are not
    /// `address type name [module]` are skipped; a source without any function
    /// is an error, since nothing can be concluded from it.
    pub fn parse(mut source: impl BufRead, others: &[&str]) -> io::Result<Self> {
        let mut kept = Kept::default();
        let mut line = Vec::new();
        while source.read_until(b'\n', &mut line)? > 0 {
            if let Some(symbol) = Symbol::parse(&line) {
                kept.take(&symbol, others);
            }
            line.clear();
        }
        if kept.built_in_starts.is_empty() && kept.module_starts.is_empty() {
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

    /// Several functions have this name, so that a probe on it is refused, or
    /// sits on any of them.
    pub fn is_ambiguous(&self, name: &str) -> bool {
        self.names.get(name).is_some_and(|&count| count > 1)
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

/// One line.
struct Symbol<'a> {
    address: u64,
    is_code: bool,
    name: &'a str,
    module: Option<&'a str>,
}

impl<'a> Symbol<'a> {
    fn parse(line: &'a [u8]) -> Option<Self> {
        let line = str::from_utf8(line).ok()?;
        let mut words = line.split_ascii_whitespace();
        let address = u64::from_str_radix(words.next()?, 16).ok()?;
        let kind = words.next()?;
        let name = words.next()?;
        let module = match words.next() {
            None => None,
            Some(word) => Some(word.strip_prefix('[')?.strip_suffix(']')?),
        };
        Some(Self {
            address,
            is_code: matches!(kind, "t" | "T" | "w" | "W"),
            name,
            module,
        })
    }
}

/// What is collected while reading.
#[derive(Default)]
struct Kept {
    module: Vec<(u64, String)>,
    built_in: Vec<(u64, String)>,
    others: BTreeMap<String, usize>,
    /// Starts of all functions, to know where each ends.
    module_starts: Vec<u64>,
    built_in_starts: Vec<u64>,
}

impl Kept {
    fn take(&mut self, symbol: &Symbol<'_>, others: &[&str]) {
        if !symbol.is_code {
            return;
        }
        match symbol.module {
            Some("overlay") => {
                self.module_starts.push(symbol.address);
                self.module.push((symbol.address, symbol.name.to_owned()));
            }
            None => {
                self.built_in_starts.push(symbol.address);
                if symbol.name.starts_with("ovl_") {
                    self.built_in.push((symbol.address, symbol.name.to_owned()));
                }
                if others.contains(&symbol.name) {
                    *self.others.entry(symbol.name.to_owned()).or_default() += 1;
                }
            }
            Some(_) => {}
        }
    }

    fn finish(self) -> Symbols {
        // Any driver may name a function `ovl_…`; this one is overlayfs' own.
        let built_in = self.built_in.iter().any(|(_, name)| name == "ovl_copy_up");
        let (overlay, mut kept, mut starts) = if !self.module.is_empty() {
            (Overlay::Module, self.module, self.module_starts)
        } else if built_in {
            (Overlay::BuiltIn, self.built_in, self.built_in_starts)
        } else {
            (Overlay::NotLoaded, Vec::new(), self.built_in_starts)
        };
        let mut names = self.others;
        for (_, name) in &kept {
            *names.entry(name.clone()).or_default() += 1;
        }
        let addresses_hidden = starts.iter().all(|&start| start == 0);
        if addresses_hidden {
            kept.clear();
        }
        starts.sort_unstable();
        kept.sort_unstable();
        // Aliases: the first name stands for the address.
        kept.dedup_by_key(|(start, _)| *start);
        let functions = kept
            .into_iter()
            .map(|(start, name)| Function {
                end: end_of(start, &starts),
                start,
                name,
            })
            .collect();
        Symbols {
            overlay,
            functions,
            names,
            addresses_hidden,
        }
    }
}

/// Where the function at `start` ends at the latest.
fn end_of(start: u64, starts: &[u64]) -> u64 {
    let after = starts.partition_point(|&other| other <= start);
    let longest = start.saturating_add(FUNCTION_BYTES_MAX);
    starts.get(after).map_or(longest, |&next| next.min(longest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MODULE: &str = "\
ffffffff81000000 T _stext
ffffffff81200000 T do_splice_direct
ffffffff81200400 t vfs_fsync
ffffffff81200800 D ovl_data
ffffffffc0002000 t ovl_open\t[overlay]
ffffffffc0001000 t ovl_setattr\t[overlay]
ffffffffc0001100 t ovl_do_rename.constprop.0\t[overlay]
ffffffffc0001800 t ovl_do_rename.constprop.0\t[overlay]
ffffffffc0001a00 r ovl_table\t[overlay]
ffffffffc0009000 t ovl_other\t[omapdrm]
";

    fn parsed(text: &str) -> Symbols {
        Symbols::parse(text.as_bytes(), &["do_splice_direct", "vfs_fsync"]).unwrap()
    }

    #[test]
    fn finds_the_module() {
        let symbols = parsed(MODULE);
        assert_eq!(symbols.overlay(), Overlay::Module);
        assert!(!symbols.addresses_hidden());
        assert!(symbols.contains("ovl_open"));
        assert!(symbols.contains("vfs_fsync"));
        assert!(!symbols.contains("ovl_do_rename"));
        assert!(!symbols.contains("ovl_table"));
        assert!(!symbols.contains("ovl_other"));
        assert!(!symbols.contains("_stext"));
        assert!(symbols.is_ambiguous("ovl_do_rename.constprop.0"));
        assert!(!symbols.is_ambiguous("ovl_open"));
    }

    #[test]
    fn resolves_to_the_function_below() {
        let symbols = parsed(MODULE);
        let at = |address| symbols.resolve(address);
        assert_eq!(at(0xffff_ffff_c000_104f), Some(("ovl_setattr", 0x4f)));
        assert_eq!(at(0xffff_ffff_c000_1000), Some(("ovl_setattr", 0)));
        assert_eq!(at(0xffff_ffff_c000_2010), Some(("ovl_open", 0x10)));
        // Below the first, far beyond the last, and elsewhere.
        assert_eq!(at(0xffff_ffff_c000_0fff), None);
        assert_eq!(at(0xffff_ffff_c00f_0000), None);
        assert_eq!(at(0xffff_ffff_8120_0010), None);
        assert_eq!(at(0), None);
        assert_eq!(at(u64::MAX), None);
    }

    #[test]
    fn built_in_functions_end_where_others_start() {
        let symbols = parsed(
            "ffffffff81100000 t ovl_driver\n\
             ffffffff81200000 T ovl_copy_up\n\
             ffffffff81200100 T not_overlayfs\n\
             ffffffff81200200 t ovl_open\n",
        );
        assert_eq!(symbols.overlay(), Overlay::BuiltIn);
        assert_eq!(
            symbols.resolve(0xffff_ffff_8120_00ff),
            Some(("ovl_copy_up", 0xff))
        );
        assert_eq!(symbols.resolve(0xffff_ffff_8120_0110), None);
    }

    #[test]
    fn notices_hidden_addresses() {
        let symbols = parsed(
            "0000000000000000 T do_splice_direct\n\
             0000000000000000 t ovl_open\t[overlay]\n\
             0000000000000000 t ovl_setattr\t[overlay]\n",
        );
        assert!(symbols.addresses_hidden());
        assert!(symbols.contains("ovl_setattr"));
        assert!(!symbols.is_ambiguous("ovl_open"));
        assert_eq!(symbols.resolve(0), None);
    }

    #[test]
    fn nothing_is_concluded_from_nothing() {
        assert!(Symbols::parse("".as_bytes(), &[]).is_err());
        assert!(Symbols::parse(&b"\0\xff\n"[..], &[]).is_err());
    }

    #[test]
    fn other_functions_named_ovl_are_not_overlayfs() {
        let symbols = parsed("ffffffff81100000 t ovl_driver\n");
        assert_eq!(symbols.overlay(), Overlay::NotLoaded);
        assert!(!symbols.contains("ovl_driver"));
    }

    proptest! {
        #[test]
        fn any_text_is_survived(
            text in "([0-9a-f]{0,17} [tTd] (ovl_[a-z]{0,3}|x)(\t\\[overlay\\])?\n?){0,20}",
            address: u64,
        ) {
            if let Ok(symbols) = Symbols::parse(text.as_bytes(), &["x"])
                && let Some((name, _)) = symbols.resolve(address)
            {
                prop_assert!(symbols.contains(name));
            }
        }
    }
}
