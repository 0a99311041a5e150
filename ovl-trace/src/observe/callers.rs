//! Which function of overlayfs an address is in.

use std::{
    borrow::Cow,
    cell::{Cell, OnceCell, RefCell},
    collections::HashMap,
    io,
    time::{Duration, Instant},
};

use crate::{
    kernel::{KernelRoots, Survey, kallsyms::Symbols},
    load::Names,
};

/// Addresses that are remembered. A machine has some twenty.
const REMEMBERED_MAX: usize = 256;

/// Between two readings of all functions of which the first failed: one takes 0.1 s, and
/// there may be an event each microsecond.
const PAUSE: Duration = Duration::from_secs(1);

/// From addresses to functions.
pub(super) struct Callers {
    /// All functions, once they are needed.
    list: OnceCell<Symbols>,
    /// The kernel is asked for each address, where it can be: `None` if it cannot.
    names: OnceCell<Option<Names>>,
    /// What it answered.
    known: RefCell<HashMap<u64, Option<String>>>,
    /// When all functions could not be read.
    failed: Cell<Option<Instant>>,
}

impl Callers {
    /// Of a table.
    pub(super) fn listed(symbols: Symbols) -> Self {
        Self {
            list: OnceCell::from(symbols),
            ..Self::asked()
        }
    }

    /// Nothing is known before it is asked.
    pub(super) fn asked() -> Self {
        Self {
            list: OnceCell::new(),
            names: OnceCell::new(),
            known: RefCell::default(),
            failed: Cell::new(None),
        }
    }

    pub(super) fn are_listed(&self) -> bool {
        self.list.get().is_some()
    }

    /// The table, read now if it was not before.
    pub(super) fn list(&mut self) -> io::Result<&Symbols> {
        if let Some(symbols) = self.list.take() {
            return Ok(self.list.get_or_init(|| symbols));
        }
        let symbols = Survey::list(&KernelRoots::host())?;
        Ok(self.list.get_or_init(|| symbols))
    }

    /// The function of overlayfs that contains `address`. The running kernel is asked
    /// only if `is_current`: it may have put another function there. `None`: no function
    /// does. An error: that is not known now, but may be later.
    pub(super) fn function(
        &self,
        address: u64,
        is_current: impl FnOnce() -> bool,
    ) -> io::Result<Option<Cow<'_, str>>> {
        if let Some(symbols) = self.list.get() {
            return Ok(symbols.resolve(address).map(|(name, _)| name.into()));
        }
        if let Some(known) = self.known.borrow().get(&address) {
            return Ok(known.clone().map(Cow::Owned));
        }
        if !is_current() {
            return Err(io::ErrorKind::NotFound.into());
        }
        let Some(names) = self.names() else {
            let symbols = self.try_list()?;
            return Ok(symbols.resolve(address).map(|(name, _)| name.into()));
        };
        let symbol = names.name(address)?;
        let name = symbol.as_deref().and_then(of_overlayfs).map(str::to_owned);
        let mut known = self.known.borrow_mut();
        if known.len() >= REMEMBERED_MAX {
            known.clear();
        }
        known.insert(address, name.clone());
        Ok(name.map(Cow::Owned))
    }

    /// The table. What cannot be read now is not asked for again by the next event.
    fn try_list(&self) -> io::Result<&Symbols> {
        let failed = self.failed.get();
        if failed.is_some_and(|failed| failed.elapsed() < PAUSE) {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        let symbols = Survey::try_list(&KernelRoots::host()).inspect_err(|error| {
            tracing::warn!("/proc/kallsyms cannot be read: {error}");
            self.failed.set(Some(Instant::now()));
        })?;
        Ok(self.list.get_or_init(|| symbols))
    }

    fn names(&self) -> Option<&Names> {
        let names = self.names.get_or_init(|| {
            Names::load()
                .inspect_err(|error| tracing::debug!("the kernel names no addresses: {error}"))
                .ok()
        });
        names.as_ref()
    }
}

/// The function's name in what the kernel says of it: `ovl_open [overlay]`, or without
/// brackets where overlayfs is built in. Other modules' functions have names like it.
fn of_overlayfs(symbol: &str) -> Option<&str> {
    match symbol.split_once(' ') {
        Some((name, "[overlay]")) => Some(name),
        Some(_) => None,
        None => symbol.starts_with("ovl_").then_some(symbol),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_overlayfs_counts() {
        assert_eq!(of_overlayfs("ovl_open [overlay]"), Some("ovl_open"));
        assert_eq!(of_overlayfs("ovl_open"), Some("ovl_open"));
        assert_eq!(of_overlayfs("ovl_open [omapdrm]"), None);
        assert_eq!(of_overlayfs("vfs_open"), None);
        assert_eq!(of_overlayfs(""), None);
    }

    #[test]
    fn a_table_is_never_asked_for_twice() {
        let table = vec![(0x1000, 0x2000, "ovl_open".to_owned())];
        let mut callers = Callers::listed(Symbols::of_functions(table));
        let ask = |callers: &Callers, address| {
            let found = callers.function(address, || panic!("the kernel is asked"));
            found.unwrap().map(Cow::into_owned)
        };
        assert_eq!(ask(&callers, 0x1fff).as_deref(), Some("ovl_open"));
        assert_eq!(ask(&callers, 0x2000), None);
        assert_eq!(callers.list().unwrap().functions().count(), 1);
        assert!(callers.are_listed());
    }

    #[test]
    fn an_address_of_a_module_that_is_gone_is_not_asked_for() {
        let callers = Callers::asked();
        assert!(callers.function(0x1000, || false).is_err());
        assert!(callers.names.get().is_none());
        callers
            .known
            .borrow_mut()
            .insert(0x1000, Some("ovl_open".to_owned()));
        let known = callers.function(0x1000, || false).unwrap();
        assert_eq!(known.as_deref(), Some("ovl_open"));
    }
}
