//! Which kernel functions are probed, by which program, and what is lost
//! without each. Data, with its provenance.
//!
//! Found present and never inlined, split or renamed in Debian's kernels 5.10,
//! 6.1, 6.12, 6.16, 6.17, 6.18, 7.2 and 7.3 on amd64, and in 6.1, 6.12 and 7.3
//! on arm64 (`nm overlay.ko`), unless said otherwise. Symbols are matched by
//! their whole name: `.cold`, `.isra` and `.constprop` parts are other code.

/// Where a symbol lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// In overlayfs: a module, or built in.
    Overlay,
    /// In the kernel proper.
    Kernel,
}

/// One probe.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    /// Name of the eBPF program, and of the trace event.
    pub program: &'static str,
    /// The function; of several names the first that exists.
    pub symbols: &'static [&'static str],
    /// Where it lives.
    pub home: Home,
    /// At its return instead of its entry.
    pub returns: bool,
    /// Without it nothing can be traced.
    pub required: bool,
    /// What is missing from the reports without it.
    pub lost: &'static str,
}

const fn entry(program: &'static str, symbols: &'static [&'static str], lost: &'static str) -> Probe {
    Probe {
        program,
        symbols,
        home: Home::Overlay,
        returns: false,
        required: false,
        lost,
    }
}

const fn returns(probe: Probe) -> Probe {
    Probe {
        returns: true,
        ..probe
    }
}

const fn required(probe: Probe) -> Probe {
    Probe {
        required: true,
        ..probe
    }
}

const fn in_kernel(probe: Probe) -> Probe {
    Probe {
        home: Home::Kernel,
        ..probe
    }
}

/// All probes, in the order of attaching: what ends a copy-up before what
/// begins it, so that none is begun whose end would be missed.
pub const PROBES: &[Probe] = &[
    // Identity. `ovl_put_super` is a member of `ovl_super_operations`.
    required(entry(
        "put_super",
        &["ovl_put_super"],
        "overlays cannot be told apart once one is unmounted",
    )),
    returns(entry(
        "fill_super_return",
        &["ovl_fill_super"],
        "containers that live very briefly may stay unnamed",
    )),
    entry("fill_super", &["ovl_fill_super"], "containers that live very briefly may stay unnamed"),
    // Whiteouts. The three operations are members of `ovl_dir_inode_operations`.
    returns(entry("unlink_return", &["ovl_unlink"], "whiteouts of unlink")),
    returns(entry("rmdir_return", &["ovl_rmdir"], "whiteouts of rmdir")),
    returns(entry("rename_return", &["ovl_rename"], "whiteouts of rename")),
    returns(entry("lower_positive_return", &["ovl_lower_positive"], "whiteouts")),
    entry("lower_positive", &["ovl_lower_positive"], "whiteouts"),
    // Data. 5.10 and 5.15 have no `ovl_copy_up_file`; `do_clone_file_range`
    // went away in 6.8, and where both exist one calls the other.
    returns(in_kernel(entry(
        "clone_return",
        &["do_clone_file_range", "vfs_clone_file_range"],
        "reflinked copy-ups look like copies of 0 bytes",
    ))),
    returns(in_kernel(entry("splice_return", &["do_splice_direct"], "copied bytes"))),
    returns(entry(
        "copy_up_data_return",
        &["ovl_copy_up_file", "ovl_copy_up_data"],
        "data and sync phases",
    )),
    entry(
        "copy_up_data",
        &["ovl_copy_up_file", "ovl_copy_up_data"],
        "the method, copied bytes, data and sync phases",
    ),
    // Copy-ups.
    returns(entry(
        "copy_up_one_return",
        &["ovl_copy_up_one"],
        "failed and raced copy-ups, late data of metacopy files",
    )),
    required(entry("copy_up_end", &["ovl_copy_up_end"], "all copy-ups")),
    returns(entry("copy_up_start_return", &["ovl_copy_up_start"], "lock waits")),
    entry("copy_up_flags", &["ovl_copy_up_flags"], "the operation that triggered a copy-up"),
    required(entry("copy_up_start", &["ovl_copy_up_start"], "all copy-ups")),
    // Clang may inline it; then a copy-up begins at `ovl_copy_up_start`.
    entry("copy_up_one", &["ovl_copy_up_one"], "time before the lock"),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::PROBES;

    #[test]
    fn every_program_appears_once() {
        let names: HashSet<_> = PROBES.iter().map(|probe| probe.program).collect();
        assert_eq!(names.len(), PROBES.len());
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
