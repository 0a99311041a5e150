//! From the lines of `/proc/kallsyms` to what is kept of them.
//!
//! There are 200,000 lines of which some 200 are kept, so what a line is not is
//! decided by as few of its bytes as possible.

use std::collections::BTreeMap;

use super::{Function, Overlay, Symbols};
use crate::kernel::probe_table::ITS_OWN;

/// Most bytes that a function is taken to have when nothing is known to
/// follow it. The largest of overlayfs has 6 KiB (`ovl_fill_super`).
const FUNCTION_BYTES_MAX: u64 = 64 << 10;

/// One line that names code.
pub(super) struct Symbol<'a> {
    /// Hexadecimal digits.
    address: &'a [u8],
    name: &'a [u8],
    /// In brackets.
    module: Option<&'a [u8]>,
}

impl<'a> Symbol<'a> {
    /// `None` for a line that names data, or that is not
    /// `address type name [module]`.
    pub(super) fn parse(line: &'a [u8]) -> Option<Self> {
        // 16 digits on all supported machines.
        let digits = match line.get(16) {
            Some(b' ') => 16,
            _ => line.iter().position(|&byte| byte == b' ')?,
        };
        let (address, rest) = line.split_at(digits);
        let [b' ', b't' | b'T' | b'w' | b'W', b' ', rest @ ..] = rest else {
            return None;
        };
        let rest = rest.strip_suffix(b"\n").unwrap_or(rest);
        let (name, module) = match rest.strip_suffix(b"]") {
            Some(inner) => {
                let at = inner.iter().position(|&byte| byte == b'[')?;
                (rest[..at].trim_ascii_end(), Some(&inner[at + 1..]))
            }
            None => (rest, None),
        };
        Some(Self {
            address,
            name,
            module,
        })
    }

    /// `None` if the digits are none.
    fn address(&self) -> Option<u64> {
        u64::from_str_radix(str::from_utf8(self.address).ok()?, 16).ok()
    }

    fn has_address(&self) -> bool {
        self.address.iter().any(|&digit| digit != b'0')
    }

    fn name(&self) -> Option<String> {
        str::from_utf8(self.name).ok().map(str::to_owned)
    }
}

/// What is collected while reading.
#[derive(Default)]
pub(super) struct Kept {
    module: Vec<(u64, String)>,
    built_in: Vec<(u64, String)>,
    others: BTreeMap<String, usize>,
    /// Of vmlinux: its functions named `ovl_…`, and what comes after each.
    built_in_starts: Vec<u64>,
    /// The start of such a function whose end is still to come. The functions
    /// of vmlinux are in the order of their addresses.
    open: Option<u64>,
    /// Some function of vmlinux has an address other than 0.
    has_addresses: bool,
    /// Modules before overlayfs.
    passed: Vec<String>,
    /// Some function was seen.
    has_functions: bool,
    is_complete: bool,
}

impl Kept {
    /// Takes a line in. One whose address is no number is none.
    pub(super) fn take(&mut self, symbol: &Symbol<'_>, others: &[&str]) -> Option<()> {
        match symbol.module {
            Some(b"overlay") => {
                let address = symbol.address()?;
                self.module.push((address, symbol.name()?));
                self.has_functions = true;
            }
            None => {
                if !self.has_addresses {
                    symbol.address()?;
                    self.has_addresses = symbol.has_address();
                    self.has_functions = true;
                }
                self.built_in(symbol, others)?;
            }
            // vmlinux comes first, and then one module after the other
            // (`get_ksymbol_core`, `get_ksymbol_mod`, kernel/kallsyms.c).
            Some(module) => {
                self.is_complete = !self.module.is_empty() || self.is_built_in();
                let last = self.passed.last();
                if !self.is_complete && last.is_none_or(|last| last.as_bytes() != module) {
                    self.passed.push(str::from_utf8(module).ok()?.to_owned());
                }
            }
        }
        Some(())
    }

    fn built_in(&mut self, symbol: &Symbol<'_>, others: &[&str]) -> Option<()> {
        let is_ovl = symbol.name.starts_with(b"ovl_");
        if is_ovl || self.open.is_some() {
            let address = symbol.address()?;
            if is_ovl || self.open < Some(address) {
                self.built_in_starts.push(address);
                self.open = is_ovl.then_some(address);
            }
            if is_ovl {
                self.built_in.push((address, symbol.name()?));
            }
        }
        if let Some(name) = others.iter().find(|name| name.as_bytes() == symbol.name) {
            *self.others.entry((*name).to_owned()).or_default() += 1;
        }
        Some(())
    }

    fn is_built_in(&self) -> bool {
        self.built_in.iter().any(|(_, name)| name == ITS_OWN)
    }

    /// What follows in the file is of no interest.
    pub(super) const fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// No function was seen.
    pub(super) const fn is_empty(&self) -> bool {
        !self.has_functions
    }

    pub(super) fn finish(self) -> Symbols {
        let built_in = self.is_built_in();
        let (overlay, mut kept, mut starts, addresses_hidden) = if !self.module.is_empty() {
            let starts: Vec<u64> = self.module.iter().map(|(start, _)| *start).collect();
            let hidden = starts.iter().all(|&start| start == 0);
            (Overlay::Module, self.module, starts, hidden)
        } else if built_in {
            let (kept, starts) = (self.built_in, self.built_in_starts);
            (Overlay::BuiltIn, kept, starts, !self.has_addresses)
        } else {
            let hidden = !self.has_addresses;
            (Overlay::NotLoaded, Vec::new(), Vec::new(), hidden)
        };
        let mut names = self.others;
        for (_, name) in &kept {
            *names.entry(name.clone()).or_default() += 1;
        }
        if addresses_hidden {
            kept.clear();
        }
        starts.sort_unstable();
        kept.sort_unstable();
        let repeats = kept.windows(2).any(|two| two[0] == two[1]);
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
            listed: true,
            passed: self.passed,
            repeats,
        }
    }
}

/// Where the function at `start` ends at the latest.
fn end_of(start: u64, starts: &[u64]) -> u64 {
    let after = starts.partition_point(|&other| other <= start);
    let longest = start.saturating_add(FUNCTION_BYTES_MAX);
    starts.get(after).map_or(longest, |&next| next.min(longest))
}
