//! From the lines of `/proc/kallsyms` to what is kept of them.

use std::collections::BTreeMap;

use super::{Function, Overlay, Symbols};

/// Most bytes that a function is taken to have when nothing is known to
/// follow it. The largest of overlayfs has 6 KiB (`ovl_fill_super`).
const FUNCTION_BYTES_MAX: u64 = 64 << 10;

/// One line.
pub(super) struct Symbol<'a> {
    address: u64,
    is_code: bool,
    name: &'a str,
    module: Option<&'a str>,
}

impl<'a> Symbol<'a> {
    pub(super) fn parse(line: &'a [u8]) -> Option<Self> {
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
pub(super) struct Kept {
    module: Vec<(u64, String)>,
    built_in: Vec<(u64, String)>,
    others: BTreeMap<String, usize>,
    /// Starts of all functions, to know where each ends.
    module_starts: Vec<u64>,
    built_in_starts: Vec<u64>,
}

impl Kept {
    pub(super) fn take(&mut self, symbol: &Symbol<'_>, others: &[&str]) {
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

    /// No function was seen.
    pub(super) fn is_empty(&self) -> bool {
        self.built_in_starts.is_empty() && self.module_starts.is_empty()
    }

    pub(super) fn finish(self) -> Symbols {
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
