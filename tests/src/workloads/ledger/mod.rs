//! Compares what the events say with what the upper directory holds. Every
//! difference is a problem; nothing is tolerated.
//!
//! From the events to the upper directory: a copy is there, or its name was
//! removed or given to something else. A removed name is a whiteout, or taken
//! again, or below a directory that was removed. From the upper directory to
//! the events: everything with an origin, every whiteout and every opaque
//! directory was reported. A new file in the place of a lower one leaves no
//! other trace; such names are listed, so that a workload can say which ones
//! they must be.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::{self, Display, Formatter},
};

use anyhow::{Result, bail};

use super::{
    event::Event,
    layers::{Kind, Layers},
    replay::{Copied, Model},
    upper::{Entries, Entry, What},
};
use crate::kernel::sys::Handle;

/// What became of everything, when all agreed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Ledger {
    /// Successful copy-ups.
    pub(crate) copy_ups: BTreeMap<Kind, u64>,
    /// Bytes that were copied.
    pub(crate) bytes: u64,
    /// Whiteouts and opaque marks that were made.
    pub(crate) whiteouts: u64,
    /// Whiteouts that the upper directory holds.
    pub(crate) whiteouts_held: u64,
    /// Opaque directories that it holds.
    pub(crate) opaque_held: u64,
    /// Copies that it holds.
    pub(crate) copies_held: u64,
    /// Regular files among them that nobody wrote to since: their bytes are
    /// those of the event.
    pub(crate) unchanged: u64,
    /// Bytes of these.
    pub(crate) unchanged_bytes: u64,
    /// Copies that have another name now, or one more.
    pub(crate) moved: Vec<String>,
    /// Names of copies that something new took by rename, without removing it.
    pub(crate) replaced: Vec<String>,
    /// Names of lower files that something new took by rename.
    pub(crate) covered: Vec<String>,
    /// Names that were removed and are something new now.
    pub(crate) renewed: Vec<String>,
    /// Names that were removed more than once.
    pub(crate) again: Vec<String>,
    /// New names.
    pub(crate) created: u64,
}

/// How many problems are shown.
const SHOWN: usize = 12;

impl Ledger {
    /// Fails with the problems if anything does not agree.
    pub(crate) fn balance(events: &[Event], layers: &dyn Layers, upper: &Entries) -> Result<Self> {
        let model = Model::replay(events, layers)?;
        let mut balance = Balance {
            ledger: Self {
                bytes: model.bytes,
                whiteouts: model.whiteouts,
                ..Self::default()
            },
            layers,
            upper,
            found: HashMap::new(),
            problems: Vec::new(),
            model,
        };
        balance.explain_upper()?;
        balance.follow_events()?;
        balance.finish()
    }

    /// Copy-ups of a kind.
    pub(crate) fn of(&self, kind: Kind) -> u64 {
        self.copy_ups.get(&kind).copied().unwrap_or_default()
    }
}

impl Display for Ledger {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for kind in Kind::ALL {
            write!(f, "{} {}, ", self.of(kind), kind.name())?;
        }
        write!(
            f,
            "{} bytes, {} whiteouts; held: {} copies ({} unchanged files with {} bytes), \
             {} whiteouts, {} opaque, {} new",
            self.bytes,
            self.whiteouts,
            self.copies_held,
            self.unchanged,
            self.unchanged_bytes,
            self.whiteouts_held,
            self.opaque_held,
            self.created,
        )?;
        for (what, names) in [
            ("moved", &self.moved),
            ("replaced", &self.replaced),
            ("covered", &self.covered),
            ("renewed", &self.renewed),
            ("again", &self.again),
        ] {
            match names.as_slice() {
                [] => {}
                [first] => write!(f, "; {what} {first}")?,
                [first, ..] => write!(f, "; {what} {}, as {first}", names.len())?,
            }
        }
        Ok(())
    }
}

struct Balance<'a> {
    ledger: Ledger,
    layers: &'a dyn Layers,
    upper: &'a Entries,
    model: Model,
    /// Upper inode of each copy, by the name that it was copied under.
    found: HashMap<String, u64>,
    problems: Vec<String>,
}

impl Balance<'_> {
    fn problem(&mut self, path: &str, what: &str) {
        self.problems.push(format!("{path}: {what}"));
    }

    /// Everything in the upper directory follows from the events.
    fn explain_upper(&mut self) -> Result<()> {
        let names: HashMap<Handle, String> = self
            .model
            .copied
            .iter()
            .filter_map(|(path, copied)| Some((copied.lower.origin.clone()?, path.clone())))
            .collect();
        for (path, entry) in self.upper {
            if entry.opaque {
                self.ledger.opaque_held += 1;
                if !self.model.opaque.contains(path) {
                    self.problem(path, "it is opaque, which was not reported");
                }
            }
            match &entry.what {
                What::Whiteout => {
                    self.ledger.whiteouts_held += 1;
                    if !self.model.removed.contains(path) {
                        self.problem(path, "a whiteout that was not reported");
                    }
                }
                What::Copy(origin) => match names.get(origin) {
                    Some(name) => self.copy(path, entry, name),
                    None => self.problem(path, "a copy that was not reported"),
                },
                What::Fresh(kind) => self.fresh(path, entry, *kind)?,
            }
        }
        Ok(())
    }

    /// `path` is a copy of the lower file `name`.
    fn copy(&mut self, path: &str, entry: &Entry, name: &str) {
        match self.found.insert(name.to_owned(), entry.inode) {
            None => self.held(path, entry, name),
            Some(other) if other == entry.inode => {}
            Some(_) => self.problem(path, "a second copy of a file that was reported once"),
        }
        if path != name {
            self.ledger.moved.push(path.to_owned());
        }
    }

    /// `path` is the first name of a copy of `name`. What nobody wrote to since
    /// must have the size of the lower file, and the bytes of the event.
    fn held(&mut self, path: &str, entry: &Entry, name: &str) {
        self.ledger.copies_held += 1;
        let Some(Copied {
            lower,
            bytes: Some(bytes),
        }) = self.model.copied.get(name)
        else {
            return;
        };
        if lower.kind != Kind::Data || lower.written != entry.bytes.written {
            return;
        }
        self.ledger.unchanged += 1;
        self.ledger.unchanged_bytes += bytes;
        if (lower.size, *bytes) != (entry.bytes.size, entry.bytes.held) {
            let what = format!("{bytes} bytes were reported: {:?}, {lower:?}", entry.bytes);
            self.problem(path, &what);
        }
    }

    /// `path` has no origin.
    fn fresh(&mut self, path: &str, entry: &Entry, kind: Kind) -> Result<()> {
        if !self.model.shows_lower(path) {
            self.ledger.created += 1;
            return Ok(());
        }
        if self.model.removed.contains(path) {
            self.ledger.renewed.push(path.to_owned());
            return Ok(());
        }
        if let Some(Copied { lower, .. }) = self.model.copied.get(path) {
            if lower.origin.is_none() && lower.kind == kind {
                self.held(path, entry, path);
            } else if kind == Kind::Directory && !entry.opaque {
                self.problem(path, "a directory without an origin that was copied up");
            } else {
                self.ledger.replaced.push(path.to_owned());
            }
            return Ok(());
        }
        match self.layers.find(path)? {
            None => self.ledger.created += 1,
            Some(lower) if lower.origin.is_none() && lower.kind == kind => self.problem(
                path,
                "the lower file has several links: this may be a copy that was not reported",
            ),
            Some(_) if kind == Kind::Directory && !entry.opaque => {
                self.problem(path, "a directory in the place of a lower file");
            }
            Some(_) => self.ledger.covered.push(path.to_owned()),
        }
        Ok(())
    }

    /// Everything in the events has left its trace in the upper directory.
    fn follow_events(&mut self) -> Result<()> {
        let model = std::mem::take(&mut self.model);
        self.problems.extend(model.problems.iter().cloned());
        for (path, copied) in &model.copied {
            *self.ledger.copy_ups.entry(copied.lower.kind).or_default() += 1;
            if !self.upper.contains_key(path) && !model.removed.contains(path) {
                self.problem(path, "it was copied up, and is not there");
            }
        }
        for path in &model.removed {
            if !self.upper.contains_key(path) && model.shows_lower(path) {
                self.problem(path, "it was removed, but there is no whiteout");
            }
        }
        for path in &model.opaque {
            let is_opaque = self.upper.get(path).is_some_and(|entry| entry.opaque);
            if !is_opaque && self.layers.find(path)?.is_some() {
                self.problem(path, "it was marked opaque, and is not");
            }
        }
        self.ledger.again = model.again;
        Ok(())
    }

    fn finish(self) -> Result<Ledger> {
        let mut problems = self.problems;
        if problems.is_empty() {
            return Ok(self.ledger);
        }
        let count = problems.len();
        problems.truncate(SHOWN);
        bail!("{count} problems: {}", problems.join("; "))
    }
}

#[cfg(test)]
mod tests;
