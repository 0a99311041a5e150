//! The programs of the eBPF object: on which function each sits, and what the
//! reports lack without it. (What is known about the functions themselves is
//! in `kernel::probe_table`.)

use std::collections::BTreeMap;

use crate::kernel::{kallsyms::Symbols, probe_table as functions};

/// Functions of `kernel::probe_table::PROBES` that could not be probed although they exist,
/// and why.
pub(super) type Refused = BTreeMap<&'static str, String>;

/// Most instances that the kernel grants a return probe (`KRETPROBE_MAXACTIVE_MAX`,
/// `include/linux/kprobes.h`).
const POOL_MAX: u32 = 4096;

/// Return probes by function, with as many instances as calls that may be under way at once.
/// An instance is taken for as long as the function runs, and a call that finds none is
/// missed and counted. The kernel's default of a few per processor would miss most copy-ups,
/// which sleep.
///
/// From 6.7 on an instance costs memory on every possible processor, and hypervisors announce
/// up to 256 of them. There `objpool_init` (`lib/objpool.c`) gives each processor a table with
/// room for all instances of a probe, in whole pages: for 4,096 instances 9 pages, for 1,024
/// three, for 512 two, for 256 one. All pools together take 24 pages on each processor, which
/// is 24 MiB on 256.
const POOLS: [(&str, u32); 11] = [
    // A task that waits for a copy-up of another is in both of these.
    ("ovl_copy_up_one", POOL_MAX),
    ("ovl_copy_up_start", 1024),
    // Once in each copy-up of data.
    ("vfs_clone_file_range", 512),
    ("do_splice_direct", 512),
    // Of every file of the machine.
    ("vfs_fsync", 512),
    // The kernel holds the lock of the directory, so one call per directory is under way.
    ("ovl_unlink", 256),
    ("ovl_rmdir", 256),
    ("ovl_rename", 256),
    ("ovl_mkdir", 256),
    ("ovl_lower_positive", 256),
    ("ovl_fill_super", 256),
];

/// One probe.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    /// Name of the eBPF program.
    pub program: &'static str,
    /// Name of the function in `kernel::probe_table::PROBES`.
    pub function: &'static str,
    /// At its return instead of its entry.
    pub returns: bool,
    /// Without it nothing can be traced.
    pub required: bool,
    /// Never by a trampoline. Its program reads registers, which that does not have; or
    /// none of its returns may be missed: when anybody changes a function's trampoline, the
    /// returns of calls that are running then are skipped, and not counted
    /// (`bpf_tramp_image_put`, `kernel/bpf/trampoline.c`). Then neither its entry: both on
    /// one function cost more than two kprobes.
    pub only_kprobe: bool,
    /// Functions without which it is not attached: what it begins would never
    /// end.
    pub needs: &'static [&'static str],
    /// What is missing from the reports without it.
    pub lost: &'static str,
}

impl Probe {
    /// How many instances its return probe needs; `None` for an entry probe, which needs none.
    pub(super) fn return_pool(&self) -> Option<u32> {
        let mut pools = POOLS.iter();
        let pool = pools.find(|(function, _)| *function == self.function);
        self.returns
            .then(|| pool.map_or(POOL_MAX, |(_, instances)| *instances))
    }

    /// The symbol to probe, as trace events want it; else why there is none: this kernel
    /// has none, or none for what it needs, or it `refused` to have a probe there.
    pub(super) fn symbol(&self, symbols: &Symbols, refused: &Refused) -> Result<String, String> {
        let find = |name: &'static str| {
            let function = functions::PROBES.iter().find(|known| known.name == name);
            let found = function.and_then(|function| function.find(symbols));
            match refused.get(name) {
                Some(why) => Err(why.clone()),
                None => found.ok_or_else(|| {
                    "this kernel has no such function, or none of those it works with".to_owned()
                }),
            }
        };
        for name in self.needs {
            find(name)?;
        }
        Ok(symbols.event_symbol(find(self.function)?))
    }
}

const fn entry(program: &'static str, function: &'static str, lost: &'static str) -> Probe {
    Probe {
        program,
        function,
        returns: false,
        required: false,
        only_kprobe: false,
        needs: &[],
        lost,
    }
}

const fn returns(program: &'static str, function: &'static str, lost: &'static str) -> Probe {
    Probe {
        returns: true,
        ..entry(program, function, lost)
    }
}

/// `ovl_lower_positive` does not say in which of the three it is called.
const fn deletions(probe: Probe) -> Probe {
    Probe {
        needs: &["ovl_unlink", "ovl_rmdir", "ovl_rename"],
        ..probe
    }
}

const fn only_kprobe(probe: Probe) -> Probe {
    Probe {
        only_kprobe: true,
        ..probe
    }
}

const fn required(probe: Probe) -> Probe {
    Probe {
        required: true,
        ..probe
    }
}

/// All probes, in the order of attaching: what ends a copy-up before what
/// begins it, so that none is begun whose end would be missed.
pub const PROBES: &[Probe] = &[
    // Identity.
    required(entry(
        "put_super",
        "ovl_put_super",
        "telling overlays apart once one is unmounted",
    )),
    returns(
        "fill_super_return",
        "ovl_fill_super",
        "the names of containers that live very briefly",
    ),
    entry(
        "fill_super",
        "ovl_fill_super",
        "the names of containers that live very briefly",
    ),
    // Whiteouts.
    only_kprobe(returns("unlink_return", "ovl_unlink", "whiteouts")),
    only_kprobe(returns("rmdir_return", "ovl_rmdir", "whiteouts")),
    only_kprobe(returns("rename_return", "ovl_rename", "whiteouts")),
    only_kprobe(deletions(returns(
        "lower_positive_return",
        "ovl_lower_positive",
        "whiteouts",
    ))),
    only_kprobe(deletions(entry(
        "lower_positive",
        "ovl_lower_positive",
        "whiteouts",
    ))),
    // Opaque marks.
    only_kprobe(returns(
        "mkdir_return",
        "ovl_mkdir",
        "opaque marks of mkdir",
    )),
    only_kprobe(entry("mkdir", "ovl_mkdir", "opaque marks of mkdir")),
    only_kprobe(entry("rename", "ovl_rename", "opaque marks of rename")),
    // Data.
    only_kprobe(returns(
        "clone_return",
        "vfs_clone_file_range",
        "reflinks: they look like copies of 0 bytes",
    )),
    only_kprobe(returns(
        "splice_return",
        "do_splice_direct",
        "copied bytes, the phase data",
    )),
    returns("sync_return", "vfs_fsync", "the phase sync"),
    entry("sync", "vfs_fsync", "the phase sync"),
    entry(
        "copy_up_data",
        "ovl_copy_up_file",
        "the method, copied bytes, the phase data",
    ),
    // Copy-ups.
    returns(
        "copy_up_one_return",
        "ovl_copy_up_one",
        "failed and raced copy-ups, late data of metacopy files",
    ),
    required(entry("copy_up_end", "ovl_copy_up_end", "all copy-ups")),
    returns(
        "copy_up_start_return",
        "ovl_copy_up_start",
        "the phase lock; without 'ovl_copy_up_one' also failed and raced copy-ups",
    ),
    only_kprobe(entry(
        "copy_up_flags",
        "ovl_copy_up_flags",
        "the operation behind a copy-up, where its syscall does not tell",
    )),
    required(entry("copy_up_start", "ovl_copy_up_start", "all copy-ups")),
    // Where it was inlined a copy-up begins at `ovl_copy_up_start`.
    entry("copy_up_one", "ovl_copy_up_one", "the time before the lock"),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use ovl_trace_common::program;

    use super::{PROBES, Refused};
    use crate::kernel::{
        kallsyms::{Overlay, Symbols},
        probe_table,
    };

    #[test]
    fn a_refused_function_is_none() {
        let names = probe_table::PROBES
            .iter()
            .map(|function| function.alternatives[0].to_owned());
        let symbols = Symbols::of_names(Overlay::Module, names);
        let of = |program, refused: &Refused| {
            let probe = PROBES.iter().find(|probe| probe.program == program);
            probe.unwrap().symbol(&symbols, refused)
        };
        let none = Refused::new();
        let unlink = "overlay:ovl_unlink".to_owned();
        assert_eq!(of("unlink_return", &none), Ok(unlink));
        let why = "too many open files".to_owned();
        let refused = Refused::from([("ovl_unlink", why.clone())]);
        assert_eq!(of("unlink_return", &refused), Err(why.clone()));
        assert_eq!(of("lower_positive", &refused), Err(why), "it needs that");
        assert!(of("rename_return", &refused).is_ok());
        let nothing = Symbols::of_names(Overlay::Module, []);
        let probe = PROBES.iter().find(|probe| probe.program == "rename");
        assert!(probe.unwrap().symbol(&nothing, &none).is_err());
    }

    /// Bytes that a return probe takes on a machine with so many possible processors
    /// (`objpool_init_percpu_slots`, 6.7 and later).
    fn pool_bytes(instances: u64, processors: u64) -> u64 {
        /// `struct objpool_slot`, without its entries.
        const SLOT_BYTES: u64 = 16;
        /// `struct kretprobe_instance`, which is a `struct rethook_node`.
        const INSTANCE_BYTES: u64 = 48;
        let entries = 8 * instances.next_power_of_two();
        let own = INSTANCE_BYTES * instances.div_ceil(processors);
        (SLOT_BYTES + entries + own).next_multiple_of(4096) * processors
    }

    #[test]
    fn pools_of_return_probes_fit_into_24_mib_on_256_processors() {
        let pools = PROBES.iter().filter_map(super::Probe::return_pool);
        let bytes: u64 = pools.map(|pool| pool_bytes(pool.into(), 256)).sum();
        assert_eq!(bytes, 24 << 20);
    }

    #[test]
    fn every_return_probe_has_a_pool_and_no_other() {
        for probe in PROBES {
            assert_eq!(probe.return_pool().is_some(), probe.returns);
        }
        let returning: HashSet<_> = PROBES
            .iter()
            .filter(|probe| probe.returns)
            .map(|probe| probe.function)
            .collect();
        assert_eq!(returning, super::POOLS.map(|(function, _)| function).into());
        assert!(
            super::POOLS
                .iter()
                .all(|(_, pool)| *pool <= super::POOL_MAX)
        );
    }

    #[test]
    fn every_program_appears_once() {
        let names: HashSet<_> = PROBES.iter().map(|probe| probe.program).collect();
        assert_eq!(names.len(), PROBES.len());
    }

    #[test]
    fn every_program_has_a_number() {
        let names: HashSet<_> = PROBES.iter().map(|probe| probe.program).collect();
        assert_eq!(names, program::NAMES.into());
    }

    #[test]
    fn every_function_is_described_and_probed() {
        let described: HashSet<_> = probe_table::PROBES.iter().map(|probe| probe.name).collect();
        let probed: HashSet<_> = PROBES.iter().map(|probe| probe.function).collect();
        assert_eq!(described, probed);
    }

    #[test]
    fn both_tables_agree_on_what_is_required() {
        for function in probe_table::PROBES {
            let required = PROBES
                .iter()
                .any(|probe| probe.function == function.name && probe.required);
            assert_eq!(required, function.required, "{}", function.name);
        }
    }

    #[test]
    fn ends_are_attached_before_beginnings() {
        let place = |program| PROBES.iter().position(|probe| probe.program == program);
        assert!(place("copy_up_end") < place("copy_up_start"));
        assert!(place("copy_up_one_return") < place("copy_up_one"));
        assert!(place("lower_positive_return") < place("lower_positive"));
        assert!(place("unlink_return") < place("lower_positive"));
        assert!(place("fill_super_return") < place("fill_super"));
    }
}
