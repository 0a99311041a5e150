//! Reading `/proc/kallsyms` while modules come and go.
//!
//! The kernel finds a module's symbol by counting those of all modules before it, each time
//! anew (`s_next`, `get_ksymbol_mod`, `module_get_kallsym`; 5.10 to 7.2). New modules come
//! first, and once one has started it loses the symbols of its init sections
//! (`do_init_module`). So a list that was read meanwhile lacks functions, or has some twice.

use std::{fs, io, os::unix::fs::MetadataExt as _, thread, time::Duration};

use super::{Overlay, Symbols};
use crate::kernel::KernelRoots;

/// How often the list is read until no module came or went meanwhile, before anything is
/// observed. It takes some 0.1 s.
pub(super) const TRIES: u32 = 50;

/// Between two of them: a module that is just being loaded needs no longer than that.
const PAUSE: Duration = Duration::from_millis(10);

/// What `read` gives when nothing happened to the modules that decides on it.
///
/// # Errors
///
/// Those of `read`; [`io::ErrorKind::ResourceBusy`] if that was so none of `tries` times.
pub(super) fn read(
    roots: &KernelRoots,
    tries: u32,
    mut read: impl FnMut() -> io::Result<Symbols>,
) -> io::Result<Symbols> {
    let mut before = Modules::look(roots);
    for left in (0..tries).rev() {
        let symbols = read()?;
        let after = Modules::look(roots);
        if is_whole(&symbols, &before, &after) {
            return Ok(symbols);
        }
        before = after;
        if left > 0 {
            thread::sleep(PAUSE);
        }
    }
    Err(io::Error::new(
        io::ErrorKind::ResourceBusy,
        "modules were loaded or unloaded while it was read",
    ))
}

/// The list has all functions of overlayfs, and each once.
fn is_whole(symbols: &Symbols, before: &Modules, after: &Modules) -> bool {
    match symbols.overlay() {
        // vmlinux does not change.
        Overlay::BuiltIn => true,
        Overlay::NotLoaded => before.overlay().is_none() && after.overlay().is_none(),
        // Where no modules are listed, nothing is known of them.
        Overlay::Module if after.loaded.is_empty() => true,
        Overlay::Module => {
            before == after
                && after.overlay().is_some_and(|it| it.state == "Live")
                && !symbols.repeats
                // None was there only for a while.
                && symbols.passed.iter().all(|name| after.named(name).is_some())
        }
    }
}

/// A number that is another one after the module `overlay` was loaded again; `None` if
/// it is built in or not loaded.
pub fn load(roots: &KernelRoots) -> Option<u64> {
    // A new file with each load.
    let state = fs::metadata(roots.sys.join("module/overlay/initstate"));
    state.ok().map(|file| file.ino())
}

/// What decides on the symbols of the modules.
#[derive(PartialEq, Eq)]
struct Modules {
    /// Of each: its size tells whether it has its init sections still.
    loaded: Vec<Module>,
    /// Which load of overlayfs it is.
    load: Option<u64>,
}

#[derive(PartialEq, Eq)]
struct Module {
    name: String,
    size: String,
    state: String,
    address: String,
}

impl Modules {
    fn look(roots: &KernelRoots) -> Self {
        // A kernel without modules has no list of them.
        let list = fs::read_to_string(roots.proc.join("modules"));
        Self {
            loaded: list.map_or_else(|_| Vec::new(), |list| parsed(&list)),
            load: load(roots),
        }
    }

    fn named(&self, name: &str) -> Option<&Module> {
        self.loaded.iter().find(|module| module.name == name)
    }

    fn overlay(&self) -> Option<&Module> {
        self.named("overlay")
    }
}

/// Lines of `name size users used-by state address` (`m_show`, kernel/module).
fn parsed(lines: &str) -> Vec<Module> {
    let module = |line: &str| {
        let mut fields = line.split_whitespace().map(str::to_owned);
        let (name, size) = (fields.next()?, fields.next()?);
        // Its users come and go all the time.
        let state = fields.nth(2)?;
        let address = fields.next()?;
        Some(Module {
            name,
            size,
            state,
            address,
        })
    };
    lines.lines().filter_map(module).collect()
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, path::Path};

    use super::*;

    const LIVE: &str = "\
overlay 155648 0 - Live 0xffffffffc0700000
loop 40960 2 - Live 0xffffffffc0600000
";
    const LOADING: &str = "\
overlay 159744 1 - Loading 0xffffffffc0700000
loop 40960 2 - Live 0xffffffffc0600000
";
    const ABSENT: &str = "loop 40960 2 - Live 0xffffffffc0600000\n";

    fn roots(directory: &Path) -> KernelRoots {
        KernelRoots {
            proc: directory.to_owned(),
            sys: directory.to_owned(),
            ..KernelRoots::host()
        }
    }

    /// How often a list of overlayfs' symbols is read, and whether there is an answer then,
    /// while the modules are as `states` say, first before the first time.
    fn times_of(overlay: Overlay, states: &[&str]) -> (u32, bool) {
        times_to_read(&Symbols::of_names(overlay, []), states)
    }

    fn times_to_read(symbols: &Symbols, states: &[&str]) -> (u32, bool) {
        let directory = tempfile::tempdir().unwrap();
        let times = Cell::new(0);
        let show = || {
            let state = states.get(times.get()).or(states.last()).unwrap();
            fs::write(directory.path().join("modules"), state).unwrap();
        };
        show();
        let read = read(&roots(directory.path()), TRIES, || {
            times.set(times.get() + 1);
            show();
            Ok(symbols.clone())
        });
        if let Err(error) = &read {
            assert_eq!(error.kind(), io::ErrorKind::ResourceBusy);
        }
        (u32::try_from(times.get()).unwrap(), read.is_ok())
    }

    fn times(states: &[&str]) -> (u32, bool) {
        times_of(Overlay::Module, states)
    }

    #[test]
    fn once_if_nothing_happens() {
        assert_eq!(times(&[LIVE]), (1, true));
        assert_eq!(times_of(Overlay::NotLoaded, &[ABSENT]), (1, true));
    }

    /// Nothing of it can be missed.
    #[test]
    fn what_others_do_does_not_matter_without_the_module() {
        for overlay in [Overlay::NotLoaded, Overlay::BuiltIn] {
            let states = [ABSENT, "", "fuse 1 0 - Loading 0xffffffffc0800000"];
            assert_eq!(times_of(overlay, &states), (1, true));
        }
    }

    /// Symbols of what comes before overlayfs were counted, and are not there any more.
    #[test]
    fn again_when_another_came_and_went() {
        let text = |module| format!("1000 t probe\t[{module}]\n2000 t ovl_open\t[overlay]\n");
        let list = |module| Symbols::parse(text(module).as_bytes(), &[]).unwrap();
        assert_eq!(times_to_read(&list("loop"), &[LIVE]), (1, true));
        assert_eq!(times_to_read(&list("floppy"), &[LIVE]), (TRIES, false));
    }

    /// What comes before overlayfs became more meanwhile.
    #[test]
    fn again_when_a_function_is_listed_twice() {
        let text =
            |address| format!("2000 t ovl_open\t[overlay]\n{address} t ovl_open\t[overlay]\n");
        let list = |address| Symbols::parse(text(address).as_bytes(), &[]).unwrap();
        assert_eq!(times_to_read(&list("3000"), &[LIVE]), (1, true));
        assert_eq!(times_to_read(&list("2000"), &[LIVE]), (TRIES, false));
    }

    /// Their number of users changes all the time.
    #[test]
    fn users_come_and_go() {
        let used = LIVE.replace("155648 0 -", "155648 3 fuse,");
        assert_eq!(times(&[LIVE, &used]), (1, true));
    }

    #[test]
    fn again_while_overlayfs_is_loaded() {
        assert_eq!(times(&[ABSENT, LOADING, LOADING, LIVE]), (4, true));
    }

    /// The list of symbols is another one when the module has started.
    #[test]
    fn again_when_a_beginning_is_given_back() {
        let trimmed = LIVE.replace("40960", "36864");
        assert_eq!(times(&[LIVE, &trimmed]), (2, true));
    }

    #[test]
    fn again_after_a_reload() {
        let elsewhere = LIVE.replace("c0700000", "c0800000");
        assert_eq!(times(&[LIVE, &elsewhere]), (2, true));
    }

    /// At the same address.
    #[test]
    fn again_after_a_reload_that_shows_nowhere_else() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join("module/overlay").join(name);
        fs::create_dir_all(at("")).unwrap();
        fs::write(at("initstate"), "live").unwrap();
        fs::write(directory.path().join("modules"), LIVE).unwrap();
        let mut times = 0;
        let read = read(&roots(directory.path()), TRIES, || {
            times += 1;
            if times == 1 {
                // The old one is there still, so the new one is another.
                fs::write(at("new"), "live").unwrap();
                fs::rename(at("new"), at("initstate")).unwrap();
            }
            Ok(Symbols::of_names(Overlay::Module, []))
        });
        assert!(read.is_ok());
        assert_eq!(times, 2);
    }

    /// It was there only while the list was read, which may lack some of it.
    #[test]
    fn never_a_list_of_what_is_gone() {
        assert_eq!(times(&[ABSENT]), (TRIES, false));
        assert_eq!(times_of(Overlay::NotLoaded, &[LIVE]), (TRIES, false));
    }

    #[test]
    fn not_for_ever() {
        assert_eq!(times(&[LOADING]), (TRIES, false));
    }

    #[test]
    fn without_modules() {
        let roots = roots(Path::new("/nonexistent"));
        let symbols = read(&roots, 1, || Ok(Symbols::of_names(Overlay::BuiltIn, []))).unwrap();
        assert_eq!(symbols.overlay(), Overlay::BuiltIn);
    }

    #[test]
    fn an_error_is_given_at_once() {
        let roots = roots(Path::new("/nonexistent"));
        let error = read(&roots, TRIES, || Err(io::ErrorKind::NotFound.into()));
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
