//! Where the kernel takes the processor away from a task that runs in it.
//!
//! It decides by which means functions are probed. The kernel skips a program that a
//! trampoline calls while the same program is active on that CPU
//! (`__bpf_prog_enter_recur`, `kernel/bpf/trampoline.c`), and only switching off
//! migration, not preemption, keeps it there: where another task can take its place in
//! the middle, that one's call is skipped. A kprobe's program runs with preemption off.

use std::{fmt, fs, path::PathBuf};

use super::KernelRoots;

/// The model of preemption that is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preemption {
    /// Never.
    None,
    /// Where the kernel's own code gives way.
    Voluntary,
    /// One of the two: a kernel that was built with neither says nothing.
    NoneOrVoluntary,
    /// Anywhere.
    Full,
    /// Anywhere, but later.
    Lazy,
    /// Nearly anywhere, also under spinlocks (`PREEMPT_RT`).
    RealTime,
    /// Not told.
    Unknown,
}

impl Preemption {
    /// That of the running kernel. One that can be switched at run time
    /// (`PREEMPT_DYNAMIC`) tells the present model in debugfs only, which may be
    /// mounted nowhere, or locked.
    pub fn read(roots: &KernelRoots) -> Self {
        let version = fs::read_to_string(roots.proc.join("sys/kernel/version"));
        match version.as_deref().map(of_version) {
            Ok(Some(preemption)) => preemption,
            Ok(None) => switched(roots),
            Err(_unreadable) => Self::Unknown,
        }
    }

    /// Whether a task can lose the processor to another in the middle of a program
    /// that a trampoline calls. What is not known is taken for yes.
    pub const fn interrupts_programs(self) -> bool {
        !matches!(self, Self::None | Self::Voluntary | Self::NoneOrVoluntary)
    }

    fn of_word(word: &str) -> Self {
        match word {
            "none" => Self::None,
            "voluntary" => Self::Voluntary,
            "full" => Self::Full,
            "lazy" => Self::Lazy,
            _ => Self::Unknown,
        }
    }
}

impl fmt::Display for Preemption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Voluntary => "voluntary",
            Self::NoneOrVoluntary => "none or voluntary",
            Self::Full => "full",
            Self::Lazy => "lazy",
            Self::RealTime => "real-time",
            Self::Unknown => "unknown",
        })
    }
}

/// From `uname -v`: `#1 SMP PREEMPT_DYNAMIC Debian 6.12.117-1`, in some kernels
/// `PREEMPT(lazy)`. `None`: it can be switched.
fn of_version(version: &str) -> Option<Preemption> {
    let mut words = version.split_whitespace();
    let Some(word) = words.find_map(|word| word.strip_prefix("PREEMPT")) else {
        return Some(Preemption::NoneOrVoluntary);
    };
    Some(match word {
        "" => Preemption::Full,
        "_RT" => Preemption::RealTime,
        "_LAZY" => Preemption::Lazy,
        dynamic if dynamic.starts_with("_DYNAMIC") => return None,
        model if model.starts_with('(') => {
            in_parentheses(model).map_or(Preemption::Unknown, Preemption::of_word)
        }
        _ => Preemption::Unknown,
    })
}

/// `none (voluntary) full`: the one in use is in parentheses
/// (`sched_dynamic_show`, `kernel/sched/debug.c`, 5.13).
fn of_modes(modes: &str) -> Preemption {
    in_parentheses(modes).map_or(Preemption::Unknown, Preemption::of_word)
}

fn in_parentheses(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once('(')?;
    Some(rest.split_once(')')?.0)
}

fn switched(roots: &KernelRoots) -> Preemption {
    let mounts = fs::read_to_string(roots.proc.join("self/mounts")).unwrap_or_default();
    let mounted = mounts.lines().filter_map(debugfs);
    mounted
        .chain([roots.sys.join("kernel/debug")])
        .find_map(|root| fs::read_to_string(root.join("sched/preempt")).ok())
        .map_or(Preemption::Unknown, |modes| of_modes(&modes))
}

/// The mount point, if the line is one of debugfs.
fn debugfs(line: &str) -> Option<PathBuf> {
    let mut fields = line.split(' ').skip(1);
    let point = fields.next()?;
    (fields.next() == Some("debugfs")).then(|| PathBuf::from(point))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_tells_what_cannot_be_switched() {
        let of = |words: &str| of_version(&format!("#1 SMP {words} Debian 6.12.1-1 (2025-01-02)"));
        assert_eq!(of(""), Some(Preemption::NoneOrVoluntary));
        assert_eq!(of("PREEMPT"), Some(Preemption::Full));
        assert_eq!(of("PREEMPT_RT"), Some(Preemption::RealTime));
        assert_eq!(of("PREEMPT(voluntary)"), Some(Preemption::Voluntary));
        assert_eq!(of("PREEMPT(lazy)"), Some(Preemption::Lazy));
        assert_eq!(of("PREEMPT_DYNAMIC"), None);
        assert_eq!(of("PREEMPT_DYNAMIC(full)"), None);
        assert_eq!(of("PREEMPT_SOMETIMES"), Some(Preemption::Unknown));
        assert_eq!(of("PREEMPT_SOME(none)"), Some(Preemption::Unknown));
    }

    #[test]
    fn the_mode_in_parentheses_is_in_use() {
        assert_eq!(of_modes("none (voluntary) full\n"), Preemption::Voluntary);
        assert_eq!(of_modes("(none) voluntary full \n"), Preemption::None);
        assert_eq!(of_modes("full (lazy) \n"), Preemption::Lazy);
        assert_eq!(of_modes("none voluntary full"), Preemption::Unknown);
        assert_eq!(of_modes("(sometimes)"), Preemption::Unknown);
    }

    #[test]
    fn what_is_not_known_may_interrupt() {
        let safe = [
            Preemption::None,
            Preemption::Voluntary,
            Preemption::NoneOrVoluntary,
            Preemption::Full,
            Preemption::Lazy,
            Preemption::RealTime,
            Preemption::Unknown,
        ]
        .map(|preemption| !preemption.interrupts_programs());
        assert_eq!(safe, [true, true, true, false, false, false, false]);
    }

    #[test]
    fn debugfs_is_found_where_it_is_mounted() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let roots = KernelRoots {
            proc: at("proc"),
            sys: at("sys"),
            boot: at("boot"),
            modules: at("modules"),
            architecture: None,
        };
        let write = |name: &str, text: &str| {
            fs::create_dir_all(at(name).parent().unwrap()).unwrap();
            fs::write(at(name), text).unwrap();
        };
        assert_eq!(Preemption::read(&roots), Preemption::Unknown);
        write("proc/sys/kernel/version", "#1 SMP PREEMPT_DYNAMIC x\n");
        assert_eq!(Preemption::read(&roots), Preemption::Unknown);
        write("sys/kernel/debug/sched/preempt", "none (voluntary) full\n");
        assert_eq!(Preemption::read(&roots), Preemption::Voluntary);
        write("elsewhere/sched/preempt", "none voluntary (full)\n");
        let mount = format!("debugfs {} debugfs rw 0 0\n", at("elsewhere").display());
        write("proc/self/mounts", &mount);
        assert_eq!(Preemption::read(&roots), Preemption::Full);
        write("proc/sys/kernel/version", "#1 SMP Debian 5.10\n");
        assert_eq!(Preemption::read(&roots), Preemption::NoneOrVoluntary);
    }
}
