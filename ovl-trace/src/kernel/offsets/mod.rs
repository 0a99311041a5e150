//! Where this kernel keeps the fields that the program reads.
//!
//! Offsets come from the kernel's BTF and not from its version: layouts change
//! within a stable series and between distributions (6.12.117 and 6.18.15
//! differ in the middle of `struct ovl_fs`, 5.15.0 and 5.15.135 in `struct
//! ovl_inode`).

mod fallback;
mod table;
#[cfg(test)]
mod tests;

use ovl_trace_common::offsets::{ABSENT, Offsets};

use super::{Architecture, Release};
use ovl_trace_btf::Btf;

/// What the offsets are resolved from.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// `/sys/kernel/btf/vmlinux`
    pub vmlinux: &'a Btf<'a>,
    /// `/sys/kernel/btf/overlay`: absent where overlayfs is built in (its
    /// types are in vmlinux then), and where modules have no BTF (5.10).
    pub overlay: Option<&'a Btf<'a>>,
    /// Decides only where nothing describes overlayfs' types.
    pub release: &'a Release,
    /// Decides how a system call number is found.
    pub architecture: Architecture,
    /// Page size in bytes: arm64's kernel stacks are never smaller.
    pub page_bytes: u32,
}

/// A field that was not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingField {
    /// `structure.member`
    pub name: &'static str,
    /// What cannot be shown without it; `None` if nothing can be.
    pub lost: Option<&'static str>,
}

/// Fills in every offset, and says which are missing.
pub fn resolve(sources: &Sources<'_>) -> (Offsets, Vec<MissingField>) {
    let mut offsets = Offsets::ABSENT;
    for field in table::fields(sources.architecture) {
        let btf = sources.overlay.unwrap_or(sources.vmlinux);
        let found = field
            .paths
            .iter()
            .find_map(|path| btf.member_offset(field.structure, path));
        if let Some(found) = found {
            *(field.place)(&mut offsets) = found;
        }
    }
    resolve_sizes(sources, &mut offsets);
    offsets.task_status = task_status(sources);
    offsets.rename_old_argument = rename_old_argument(sources.vmlinux);
    if !resolve_inode(sources, &mut offsets) {
        fallback::fill(sources.release.version(), &mut offsets);
    }
    let missing = missing(sources.architecture, &mut offsets);
    (offsets, missing)
}

fn resolve_sizes(sources: &Sources<'_>, offsets: &mut Offsets) {
    let size = |structure| sources.vmlinux.size_of(structure).unwrap_or(ABSENT);
    offsets.inode_bytes = size("inode");
    offsets.regs_bytes = size("pt_regs");
    offsets.stack_bytes = match sources.architecture {
        // `THREAD_SIZE` (arch/x86/include/asm/page_64_types.h). A kernel with
        // KASAN doubles it; the program checks the saved `cs` before it
        // believes what it finds.
        Architecture::X86_64 => 16 << 10,
        // `THREAD_SIZE` (arch/arm64/include/asm/memory.h): 16 KiB, with
        // VMAP_STACK at least a page.
        Architecture::Aarch64 => sources.page_bytes.max(16 << 10),
    };
}

/// Resolves what lies behind the VFS inode in `struct ovl_inode`: the upper
/// dentry, and from 6.5 the pointer to the lower layers. False if nothing
/// describes that structure.
fn resolve_inode(sources: &Sources<'_>, offsets: &mut Offsets) -> bool {
    let btf = sources.overlay.unwrap_or(sources.vmlinux);
    let Some(inode) = btf.member_offset("ovl_inode", "vfs_inode") else {
        return false;
    };
    let behind = |name| btf.member_offset("ovl_inode", name)?.checked_sub(inode);
    // Equal to sizeof(struct inode) in every kernel seen (5.10 to 7.3).
    if let Some(upper) = behind("__upperdentry") {
        offsets.inode_bytes = upper;
    }
    offsets.ovl_inode_oe = behind("oe").unwrap_or(ABSENT);
    true
}

/// The place where x86-64 notes that a task is in a 32-bit system call. Without it, one that
/// a 64-bit program makes by `int 0x80` is taken for a 64-bit one, which hardly any does: so
/// its absence is no fault of the machine's.
fn task_status(sources: &Sources<'_>) -> u32 {
    let found = match sources.architecture {
        Architecture::X86_64 => sources
            .vmlinux
            .member_offset("task_struct", "thread_info.status"),
        Architecture::Aarch64 => None,
    };
    found.unwrap_or(ABSENT)
}

/// `ovl_rename` has the parameters of `inode_operations.rename`: five up to
/// 5.11 (directory, old dentry, …), six since a user namespace or idmap comes
/// first.
fn rename_old_argument(vmlinux: &Btf<'_>) -> u32 {
    match vmlinux.function_parameter_count("inode_operations", "rename") {
        Some(5) => 1,
        Some(6) => 2,
        _ => ABSENT,
    }
}

fn missing(architecture: Architecture, offsets: &mut Offsets) -> Vec<MissingField> {
    table::fields(architecture)
        .chain(table::COMPUTED)
        .filter(|field| *(field.place)(offsets) == ABSENT)
        .map(|field| MissingField {
            name: field.name,
            lost: field.lost,
        })
        .collect()
}
