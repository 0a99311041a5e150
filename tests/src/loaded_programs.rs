//! The eBPF programs that running `ovl-trace` hold, as only their descriptors tell
//! (`bpf_prog_show_fdinfo`, kernel/bpf/syscall.c).

use std::fs;

use anyhow::Result;

/// A loaded program.
pub(crate) struct Loaded {
    /// As `bpftool` has it.
    pub(crate) id: u64,
    /// `enum bpf_prog_type`
    pub(crate) kind: u64,
    /// Instructions that the verifier walked (5.16).
    pub(crate) verified: Option<u64>,
}

/// One per descriptor.
pub(crate) fn all() -> Result<Vec<Loaded>> {
    let mut programs = Vec::new();
    for process in fs::read_dir("/proc")?.flatten() {
        let comm = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
        if comm.trim_end() != "ovl-trace" {
            continue;
        }
        for descriptor in fs::read_dir(process.path().join("fdinfo"))?.flatten() {
            let text = fs::read_to_string(descriptor.path()).unwrap_or_default();
            programs.extend(described(&text));
        }
    }
    Ok(programs)
}

/// `None` if the descriptor is something else's.
fn described(fdinfo: &str) -> Option<Loaded> {
    let number = |name: &str| {
        let line = fdinfo.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.trim().parse().ok())
    };
    Some(Loaded {
        id: number("prog_id:")?,
        kind: number("prog_type:")?,
        verified: number("verified_insns:"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_and_nothing_else() {
        let text = "pos:\t0\nflags:\t02000002\nprog_type:\t26\nprog_jited:\t1\nprog_id:\t41\n\
                    verified_insns:\t1203\n";
        let program = described(text).unwrap();
        assert_eq!((program.id, program.kind), (41, 26));
        assert_eq!(program.verified, Some(1203));
        let old = described("prog_type:\t2\nprog_id:\t7\n").unwrap();
        assert_eq!(old.verified, None);
        // A link names its program, too.
        let link = "link_type:\ttracing\nlink_id:\t3\nprog_id:\t41\n";
        assert!(described(link).is_none());
    }
}
