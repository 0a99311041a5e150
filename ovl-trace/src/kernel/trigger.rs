//! Why a copy-up was needed: from the function of overlayfs that asked for it
//! and the system call that was running.
//!
//! The caller of `ovl_copy_up_flags` is the better source: it is right for
//! `io_uring` and kernel threads, too, which have no system call. The system
//! call refines it, and decides alone where the caller is not known.

use crate::model::{OpenFlags, Operation, Trigger};

use super::{Architecture, open_flags, syscalls};

/// What a caller means.
#[derive(Clone, Copy)]
enum Meaning {
    /// Always this.
    Is(Operation),
    /// One of these, if the system call says so, else the first.
    OneOf(&'static [Operation]),
    /// `ovl_setattr`: truncate, chmod, chown, utimes.
    SetAttributes,
    /// An extended attribute. The kernel removes `security.capability` by itself before it
    /// changes owner or size of a file, or writes to the file (`cap_inode_killpriv`,
    /// `security/commoncap.c`): then the system call says what the task asked for.
    Attribute,
    /// `ovl_maybe_copy_up`: an open, or an ioctl of 5.10.
    Open,
}

use Operation::{
    Chmod, Chown, Create, Ioctl, Link, Open, Rename, Setxattr, Truncate, Unlink, Utimes,
};

/// Functions that call `ovl_copy_up_flags`, directly or by a jump through
/// `ovl_copy_up` or `ovl_copy_up_with_data` (fs/overlayfs/ of 5.10 to 6.18;
/// seen as return addresses on 5.10 to 7.3).
const CALLERS: &[(&str, Meaning)] = &[
    // From 6.8 `ovl_maybe_copy_up` jumps, and its caller is seen.
    ("ovl_open", Meaning::Open),
    ("ovl_maybe_copy_up", Meaning::Open),
    ("ovl_setattr", Meaning::SetAttributes),
    ("ovl_xattr_set", Meaning::Attribute),
    ("ovl_own_xattr_set", Meaning::Attribute),
    ("ovl_other_xattr_set", Meaning::Attribute),
    ("ovl_set_acl", Meaning::Attribute),
    ("ovl_set_or_remove_acl", Meaning::Attribute),
    ("ovl_posix_acl_xattr_set", Meaning::Attribute),
    ("ovl_fileattr_set", Meaning::Is(Ioctl)),
    ("ovl_link", Meaning::Is(Link)),
    ("ovl_rename", Meaning::Is(Rename)),
    ("ovl_rename_start", Meaning::Is(Rename)),
    // The parent directory of what is removed.
    ("ovl_do_remove", Meaning::Is(Unlink)),
    ("ovl_unlink", Meaning::Is(Unlink)),
    ("ovl_rmdir", Meaning::Is(Unlink)),
    // With index=on, the inode that loses or gains a link.
    ("ovl_nlink_start", Meaning::OneOf(&[Unlink, Rename, Link])),
    // The parent directory of what is made. Up to 6.6 `ovl_link` goes through
    // the first, too.
    ("ovl_create_or_link", Meaning::OneOf(&[Create, Link])),
    ("ovl_create_object", Meaning::Is(Create)),
    ("ovl_tmpfile", Meaning::Is(Create)),
];

/// Reads a copy-up's trigger.
///
/// `caller` is the symbol that contains the return address of
/// `ovl_copy_up_flags`, `open_flags` its second argument (`None` where only
/// totals are kept), `syscall` the system call's name; each `None` if unknown.
pub fn trigger(
    architecture: Architecture,
    caller: Option<&str>,
    open_flags: Option<u32>,
    syscall: Option<&'static str>,
) -> Trigger {
    let operation = operation(caller, open_flags, syscall);
    let flags = match (operation, open_flags) {
        (Open, Some(flags)) => OpenFlags::of(open_flags::names(architecture, flags)),
        _ => OpenFlags::default(),
    };
    Trigger {
        operation,
        flags,
        syscall,
    }
}

/// The operation alone. See [`trigger`] for the arguments.
pub fn operation(
    caller: Option<&str>,
    open_flags: Option<u32>,
    syscall: Option<&str>,
) -> Operation {
    let by_syscall = syscall.map_or(Operation::Other, syscalls::operation);
    // For the meaning, `ovl_open.isra.0` and `ovl_open.cold` are `ovl_open`.
    let caller = caller.and_then(|name| name.split('.').next());
    let meaning = CALLERS
        .iter()
        .find(|(name, _)| Some(*name) == caller)
        .map(|&(_, meaning)| meaning);
    match meaning {
        Some(Meaning::Is(operation)) => operation,
        Some(Meaning::OneOf(operations)) => operations
            .iter()
            .copied()
            .find(|&operation| operation == by_syscall)
            .unwrap_or(operations[0]),
        Some(Meaning::Attribute) if by_syscall == Operation::Other => Setxattr,
        None | Some(Meaning::Attribute) => by_syscall,
        // On 5.10 `FS_IOC_SETFLAGS` copies up as an open with O_WRONLY does.
        Some(Meaning::Open) if by_syscall == Ioctl => Ioctl,
        Some(Meaning::Open) => Open,
        Some(Meaning::SetAttributes) => set_attributes(open_flags, by_syscall),
    }
}

/// `ovl_setattr` passes `O_WRONLY` for a change of size, else 0.
fn set_attributes(open_flags: Option<u32>, by_syscall: Operation) -> Operation {
    match (open_flags, by_syscall) {
        (Some(1..), _) | (None, Truncate) => Truncate,
        (_, Chmod | Chown | Utimes) => by_syscall,
        // A file handed to io_uring, NFS, or a syscall that does this on the
        // way: which attribute is not known.
        _ => Operation::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(caller: &str, flags: u32, syscall: &'static str) -> String {
        let caller = (!caller.is_empty()).then_some(caller);
        let syscall = (!syscall.is_empty()).then_some(syscall);
        let trigger = trigger(Architecture::X86_64, caller, Some(flags), syscall);
        let mut words = vec![trigger.operation.name().into_owned()];
        words.extend(trigger.flags.names().map(str::to_owned));
        words.join(" ")
    }

    /// What was seen on 5.10 to 7.3 kernels.
    #[test]
    fn reads_what_kernels_were_seen_to_do() {
        let cases = [
            ("ovl_open", 0x8002, "openat", "open O_RDWR"),
            (
                "ovl_maybe_copy_up",
                0x8401,
                "open",
                "open O_WRONLY O_APPEND",
            ),
            ("ovl_open", 0x8200, "openat2", "open O_RDONLY O_TRUNC"),
            ("ovl_maybe_copy_up", 1, "ioctl", "ioctl"),
            ("ovl_fileattr_set", 0, "ioctl", "ioctl"),
            ("ovl_setattr", 1, "truncate", "truncate"),
            ("ovl_setattr", 1, "ftruncate", "truncate"),
            ("ovl_setattr", 0, "fchmodat", "chmod"),
            ("ovl_setattr", 0, "lchown", "chown"),
            ("ovl_setattr", 0, "utimensat", "utimes"),
            ("ovl_setattr", 0, "", "other"),
            ("ovl_xattr_set", 0, "removexattr", "setxattr"),
            ("ovl_set_acl", 0, "setxattr", "setxattr"),
            ("ovl_xattr_set", 0, "", "setxattr"),
            ("ovl_xattr_set", 0, "io_uring_enter", "setxattr"),
            // The kernel removes the capabilities of a file first.
            ("ovl_xattr_set", 0, "chown", "chown"),
            ("ovl_other_xattr_set", 0, "fchownat", "chown"),
            ("ovl_xattr_set", 0, "truncate", "truncate"),
            ("ovl_xattr_set", 0, "fallocate", "fallocate"),
            ("ovl_link", 0, "linkat", "link"),
            ("ovl_create_or_link", 0, "linkat", "link"),
            ("ovl_create_or_link", 0, "mkdir", "create"),
            ("ovl_create_object", 0, "openat", "create"),
            ("ovl_tmpfile", 0, "openat", "create"),
            ("ovl_rename", 0, "renameat2", "rename"),
            ("ovl_do_remove", 0, "rmdir", "unlink"),
            ("ovl_nlink_start", 0, "rename", "rename"),
            ("ovl_nlink_start", 0, "unlinkat", "unlink"),
            ("ovl_encode_fh", 0, "name_to_handle_at", "other"),
        ];
        for (caller, flags, syscall, expected) in cases {
            assert_eq!(
                named(caller, flags, syscall),
                expected,
                "{caller} {syscall}"
            );
        }
    }

    #[test]
    fn io_uring_is_known_by_its_caller() {
        assert_eq!(named("ovl_open", 0x8001, "io_uring_enter"), "open O_WRONLY");
        assert_eq!(named("ovl_do_remove", 0, ""), "unlink");
        assert_eq!(named("", 0x8001, "io_uring_enter"), "other");
    }

    #[test]
    fn an_unknown_caller_leaves_it_to_the_system_call() {
        assert_eq!(named("", 0x8001, "openat"), "open O_WRONLY");
        assert_eq!(named("arch_rethook_trampoline", 0, "fchmod"), "chmod");
        assert_eq!(named("ovl_copy_up", 0, "rename"), "rename");
        assert_eq!(named("", 0, ""), "other");
    }

    #[test]
    fn compiler_suffixes_do_not_change_the_meaning() {
        assert_eq!(named("ovl_open.isra.0", 0x8001, "openat"), "open O_WRONLY");
        assert_eq!(named("ovl_openly", 0, "chmod"), "chmod");
    }

    #[test]
    fn totals_know_no_flags() {
        let of = |caller, syscall| operation(Some(caller), None, Some(syscall));
        assert_eq!(of("ovl_setattr", "ftruncate"), Truncate);
        assert_eq!(of("ovl_setattr", "chmod"), Chmod);
        assert_eq!(of("ovl_open", "openat"), Open);
    }
}
