//! The kernel functions that are probed, and what each tells.
//!
//! All of them were seen, under these very names, in Debian's kernels 5.10,
//! 6.1, 6.12, 6.16 to 6.18, 7.2 and 7.3 for amd64, and in 6.1, 6.12 and 7.3
//! for arm64; the alternatives say what changed in between.

use super::kallsyms::Symbols;

/// A function to probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeSymbol {
    /// What it stands for, in messages and metrics.
    pub name: &'static str,
    /// Its names, the preferred one first; only one of them is probed.
    pub alternatives: &'static [&'static str],
    /// Without it nothing is traced.
    pub required: bool,
    /// What cannot be shown without it.
    pub lost: &'static str,
}

impl ProbeSymbol {
    /// The name under which this kernel has it, if it does. One that several
    /// functions share does not count.
    pub fn find(&self, symbols: &Symbols) -> Option<&'static str> {
        self.alternatives
            .iter()
            .copied()
            .find(|name| symbols.contains(name) && !symbols.is_ambiguous(name))
    }
}

const fn required(name: &'static str, alternatives: &'static [&'static str]) -> ProbeSymbol {
    ProbeSymbol {
        name,
        alternatives,
        required: true,
        lost: "everything",
    }
}

const fn optional(
    name: &'static str,
    alternatives: &'static [&'static str],
    lost: &'static str,
) -> ProbeSymbol {
    ProbeSymbol {
        name,
        alternatives,
        required: false,
        lost,
    }
}

/// The functions, in the order of a copy-up, then of a deletion.
pub const PROBES: &[ProbeSymbol] = &[
    // Entered by every operation that may need a copy-up, with the caller's
    // credentials; `ovl_copy_up` and `ovl_copy_up_with_data` jump to it.
    optional(
        "ovl_copy_up_flags",
        &["ovl_copy_up_flags"],
        "the operation behind a copy-up, where its syscall does not tell",
    ),
    // One call per inode. A compiler may inline it (seen in a trace of a
    // Clang build).
    optional(
        "ovl_copy_up_one",
        &["ovl_copy_up_one"],
        "failed and raced copy-ups, late data of metacopy files",
    ),
    // Takes the inode's copy-up lock, and releases it. Global functions of
    // another file: not inlined without LTO.
    required("ovl_copy_up_start", &["ovl_copy_up_start"]),
    required("ovl_copy_up_end", &["ovl_copy_up_end"]),
    // The length is argument 4 of the first, and of the second as 5.10 and 5.15 have it,
    // where there is no other (see [`Form`]).
    optional(
        "ovl_copy_up_file",
        &["ovl_copy_up_file", "ovl_copy_up_data"],
        "the time that the data took, and whether there was any",
    ),
    // Up to 6.6 the second calls the first; from 6.8 the first is gone.
    optional(
        "vfs_clone_file_range",
        &["do_clone_file_range", "vfs_clone_file_range"],
        "which files were reflinked",
    ),
    optional(
        "do_splice_direct",
        &["do_splice_direct"],
        "the bytes that were copied",
    ),
    // Ends the copying of data; with `fsync=strict` also that of attributes.
    optional("vfs_fsync", &["vfs_fsync"], "the time that syncing took"),
    // Called in `ovl_unlink`, `ovl_rmdir` and `ovl_rename` only, to decide
    // whether a whiteout is needed.
    optional("ovl_lower_positive", &["ovl_lower_positive"], "whiteouts"),
    // Members of `inode_operations`, so they always exist; without one of them
    // the ends of deletions could not be told apart.
    optional("ovl_unlink", &["ovl_unlink"], "whiteouts"),
    optional("ovl_rmdir", &["ovl_rmdir"], "whiteouts"),
    optional("ovl_rename", &["ovl_rename"], "whiteouts"),
    optional(
        "ovl_mkdir",
        &["ovl_mkdir"],
        "directories that were made opaque by mkdir",
    ),
    optional(
        "ovl_fill_super",
        &["ovl_fill_super"],
        "which process mounted an overlay",
    ),
    // A member of `super_operations`. Without it the next mount at the same
    // address would be taken for the one before.
    required("ovl_put_super", &["ovl_put_super"]),
];

/// A function of which only an older form is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// Its name.
    pub name: &'static str,
    /// How many parameters it has in that form.
    pub parameters: usize,
    /// The first release with another one, for kernels that do not describe it.
    pub until: (u32, u32),
}

/// `ovl_copy_up_data(ofs, old, new, len)` of 5.10 and 5.15 is `ovl_copy_up_data(c, temp)` in
/// 6.1, without a length, and also called for directories (`fs/overlayfs/copy_up.c`). It
/// is all that is left where a compiler has inlined `ovl_copy_up_file`.
pub const FORMS: [Form; 1] = [Form {
    name: "ovl_copy_up_data",
    parameters: 4,
    until: (6, 1),
}];

impl Form {
    /// Whether the function of a kernel is in this form; `parameters` is how many its types
    /// say that it has.
    pub fn is_that_of(&self, release: (u32, u32), parameters: Option<usize>) -> bool {
        parameters.map_or(release < self.until, |count| count == self.parameters)
    }
}

/// Functions outside of overlayfs whose symbols are needed: those of
/// [`PROBES`], `register_kprobe`, which exists if the kernel has kprobes, and
/// [`TYPED_TASK`].
pub fn other_symbols() -> Vec<&'static str> {
    PROBES
        .iter()
        .flat_map(|probe| probe.alternatives)
        .copied()
        .filter(|name| !name.starts_with("ovl_"))
        .chain([REGISTER_KPROBE])
        .chain(TYPED_TASK)
        .collect()
}

/// Helpers of eBPF programs, which are functions of the kernel that has them: 5.11 and
/// 5.15 (`kernel/trace/bpf_trace.c`, `kernel/bpf/helpers.c`). What they return, a
/// program may read without a helper.
pub const TYPED_TASK: [&str; 2] = ["bpf_get_current_task_btf", "bpf_task_pt_regs"];

/// Without this function of vmlinux, overlayfs is not in it: any driver may name
/// a function `ovl_…`.
pub const ITS_OWN: &str = "ovl_copy_up";

/// Exists in a kernel with `CONFIG_KPROBES`.
pub const REGISTER_KPROBE: &str = "register_kprobe";

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<Option<&'static str>> {
        let symbols = Symbols::parse(text.as_bytes(), &other_symbols()).unwrap();
        PROBES[4..6]
            .iter()
            .map(|probe| probe.find(&symbols))
            .collect()
    }

    #[test]
    fn the_first_alternative_wins() {
        let new = "1 t ovl_copy_up_file [overlay]\n2 t ovl_copy_up_data [overlay]\n\
                   3 T vfs_clone_file_range\n";
        let old = "1 t ovl_copy_up_data [overlay]\n\
                   2 T vfs_clone_file_range\n3 T do_clone_file_range\n";
        assert_eq!(
            found(new),
            [Some("ovl_copy_up_file"), Some("vfs_clone_file_range")]
        );
        assert_eq!(
            found(old),
            [Some("ovl_copy_up_data"), Some("do_clone_file_range")]
        );
        assert_eq!(found("1 T x\n"), [None, None]);
    }

    #[test]
    fn types_tell_the_form_and_else_the_release() {
        let [data] = FORMS;
        assert!(data.is_that_of((5, 10), None));
        assert!(data.is_that_of((0, 0), Some(4)));
        assert!(!data.is_that_of((5, 15), Some(2)));
        assert!(!data.is_that_of((6, 1), None));
    }

    #[test]
    fn a_variant_or_an_ambiguous_name_is_not_probed() {
        let text = "1 t ovl_copy_up_file.isra.0 [overlay]\n\
                    2 t ovl_copy_up_data [overlay]\n3 t ovl_copy_up_data [overlay]\n";
        assert_eq!(found(text), [None, None]);
    }
}
