//! Reading `/proc/kallsyms` while modules come and go.
//!
//! The kernel finds a module's symbol by counting those of all modules before it, anew for
//! each page that is read (`get_ksymbol_mod`, `module_get_kallsym`; 5.10 to 7.2). New modules
//! come first, and once a module has started it loses the symbols of its beginning
//! (`do_init_module`). So a list that was read meanwhile lacks functions, or has some twice.

use std::{fs, io, path::Path, thread, time::Duration};

use super::Symbols;

/// How often the list is read until no module came or went meanwhile. It takes some 0.1 s.
const TRIES: u32 = 50;

/// Between two of them: a module that is just being loaded needs no longer than that.
const PAUSE: Duration = Duration::from_millis(10);

/// What `read` gives when it was left alone with the modules: none of those in `/proc/modules`
/// (`modules`) changed meanwhile, and overlayfs was not on its way in or out.
///
/// # Errors
///
/// Those of `read`; [`io::ErrorKind::ResourceBusy`] if it never was.
pub(super) fn read(
    modules: &Path,
    mut read: impl FnMut() -> io::Result<Symbols>,
) -> io::Result<Symbols> {
    // A kernel without modules has no such file.
    let modules = || Modules::parse(&fs::read_to_string(modules).unwrap_or_default());
    let mut before = modules();
    for _ in 0..TRIES {
        let symbols = read()?;
        let after = modules();
        if before == after && !after.overlay_changes {
            return Ok(symbols);
        }
        before = after;
        thread::sleep(PAUSE);
    }
    Err(io::Error::new(
        io::ErrorKind::ResourceBusy,
        format!("modules were loaded or unloaded each of the {TRIES} times it was read"),
    ))
}

/// What decides on the symbols of the modules.
#[derive(PartialEq, Eq)]
struct Modules {
    /// Name, size and address of each. The size tells whether it has its beginning still.
    loaded: Vec<[String; 3]>,
    /// Overlayfs is neither live nor absent.
    overlay_changes: bool,
}

impl Modules {
    /// From lines of `name size users used-by state address` (`m_show`, kernel/module).
    fn parse(lines: &str) -> Self {
        let mut overlay_changes = false;
        let loaded = lines
            .lines()
            .map(|line| {
                let mut fields = line.split_whitespace();
                let mut next = || fields.next().unwrap_or_default();
                let (name, size, _, _, state, address) =
                    (next(), next(), next(), next(), next(), next());
                overlay_changes |= name == "overlay" && state != "Live";
                [name, size, address].map(str::to_owned)
            })
            .collect();
        Self {
            loaded,
            overlay_changes,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::kernel::kallsyms::Overlay;

    const LIVE: &str = "\
overlay 155648 0 - Live 0xffffffffc0700000
loop 40960 2 - Live 0xffffffffc0600000
";
    const LOADING: &str = "\
overlay 159744 1 - Loading 0xffffffffc0700000
loop 40960 2 - Live 0xffffffffc0600000
";

    /// Reads while `/proc/modules` is as `states` say, first before the first time. Returns
    /// how often it was read, and whether there was an answer.
    fn times(states: &[&str]) -> (usize, bool) {
        let directory = tempfile::tempdir().unwrap();
        let modules = directory.path().join("modules");
        let times = Cell::new(0);
        let show = || {
            let state = states.get(times.get()).or(states.last()).unwrap();
            fs::write(&modules, state).unwrap();
        };
        show();
        let read = read(&modules, || {
            times.set(times.get() + 1);
            show();
            Ok(Symbols::of_names(Overlay::Module, []))
        });
        if let Err(error) = &read {
            assert_eq!(error.kind(), io::ErrorKind::ResourceBusy);
        }
        (times.get(), read.is_ok())
    }

    #[test]
    fn once_if_nothing_happens() {
        assert_eq!(times(&[LIVE]), (1, true));
    }

    /// Their number of users changes all the time.
    #[test]
    fn users_come_and_go() {
        let used = LIVE.replace("155648 0 -", "155648 3 fuse,");
        assert_eq!(times(&[LIVE, &used]), (1, true));
    }

    #[test]
    fn again_while_overlayfs_is_loaded() {
        assert_eq!(times(&["", LOADING, LOADING, LIVE]), (4, true));
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

    #[test]
    fn not_for_ever() {
        assert_eq!(times(&[LOADING]), (TRIES as usize, false));
    }

    #[test]
    fn without_modules() {
        let nowhere = Path::new("/nonexistent/modules");
        let symbols = read(nowhere, || Ok(Symbols::of_names(Overlay::BuiltIn, []))).unwrap();
        assert_eq!(symbols.overlay(), Overlay::BuiltIn);
    }

    #[test]
    fn an_error_is_given_at_once() {
        let error = read(Path::new("/nonexistent/modules"), || {
            Err(io::ErrorKind::NotFound.into())
        });
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
