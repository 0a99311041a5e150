//! System calls that can cause a copy-up or a deletion: their numbers, and
//! the operation that each of them stands for.

use crate::model::Operation;

use super::Architecture;

/// No such system call in this table.
const NONE: u16 = u16::MAX;

/// One system call.
struct Row {
    name: &'static str,
    operation: Operation,
    x86_64: u16,
    i386: u16,
    arm64: u16,
    arm: u16,
}

const fn row(
    name: &'static str,
    operation: Operation,
    x86_64: u16,
    i386: u16,
    arm64: u16,
    arm: u16,
) -> Row {
    Row {
        name,
        operation,
        x86_64,
        i386,
        arm64,
        arm,
    }
}

/// Name, operation, and the numbers of x86-64, i386, arm64 and 32-bit ARM
/// (`arch/x86/entry/syscalls/syscall_64.tbl`, `syscall_32.tbl`,
/// `include/uapi/asm-generic/unistd.h`, `arch/arm/tools/syscall.tbl`).
///
/// `socketcall` is i386's entry to `bind` and twenty others; like those that
/// do many things (`io_uring_enter`), it stands for no operation.
#[rustfmt::skip]
const TABLE: &[Row] = &[
    row("open", Operation::Open, 2, 5, NONE, 5),
    row("openat", Operation::Open, 257, 295, 56, 322),
    row("openat2", Operation::Open, 437, 437, 437, 437),
    row("creat", Operation::Open, 85, 8, NONE, 8),
    row("open_by_handle_at", Operation::Open, 304, 342, 265, 371),
    row("truncate", Operation::Truncate, 76, 92, 45, 92),
    row("ftruncate", Operation::Truncate, 77, 93, 46, 93),
    row("truncate64", Operation::Truncate, NONE, 193, NONE, 193),
    row("ftruncate64", Operation::Truncate, NONE, 194, NONE, 194),
    row("chmod", Operation::Chmod, 90, 15, NONE, 15),
    row("fchmod", Operation::Chmod, 91, 94, 52, 94),
    row("fchmodat", Operation::Chmod, 268, 306, 53, 333),
    row("fchmodat2", Operation::Chmod, 452, 452, 452, 452),
    row("chown", Operation::Chown, 92, 182, NONE, 182),
    row("fchown", Operation::Chown, 93, 95, 55, 95),
    row("lchown", Operation::Chown, 94, 16, NONE, 16),
    row("fchownat", Operation::Chown, 260, 298, 54, 325),
    row("chown32", Operation::Chown, NONE, 212, NONE, 212),
    row("fchown32", Operation::Chown, NONE, 207, NONE, 207),
    row("lchown32", Operation::Chown, NONE, 198, NONE, 198),
    row("utime", Operation::Utimes, 132, 30, NONE, NONE),
    row("utimes", Operation::Utimes, 235, 271, NONE, 269),
    row("futimesat", Operation::Utimes, 261, 299, NONE, 326),
    row("utimensat", Operation::Utimes, 280, 320, 88, 348),
    row("utimensat_time64", Operation::Utimes, NONE, 412, NONE, 412),
    row("setxattr", Operation::Setxattr, 188, 226, 5, 226),
    row("lsetxattr", Operation::Setxattr, 189, 227, 6, 227),
    row("fsetxattr", Operation::Setxattr, 190, 228, 7, 228),
    row("setxattrat", Operation::Setxattr, 463, 463, 463, 463),
    row("removexattr", Operation::Setxattr, 197, 235, 14, 235),
    row("lremovexattr", Operation::Setxattr, 198, 236, 15, 236),
    row("fremovexattr", Operation::Setxattr, 199, 237, 16, 237),
    row("removexattrat", Operation::Setxattr, 466, 466, 466, 466),
    row("link", Operation::Link, 86, 9, NONE, 9),
    row("linkat", Operation::Link, 265, 303, 37, 330),
    row("rename", Operation::Rename, 82, 38, NONE, 38),
    row("renameat", Operation::Rename, 264, 302, 38, 329),
    row("renameat2", Operation::Rename, 316, 353, 276, 382),
    row("unlink", Operation::Unlink, 87, 10, NONE, 10),
    row("unlinkat", Operation::Unlink, 263, 301, 35, 328),
    row("rmdir", Operation::Unlink, 84, 40, NONE, 40),
    row("mkdir", Operation::Create, 83, 39, NONE, 39),
    row("mkdirat", Operation::Create, 258, 296, 34, 323),
    row("mknod", Operation::Create, 133, 14, NONE, 14),
    row("mknodat", Operation::Create, 259, 297, 33, 324),
    row("symlink", Operation::Create, 88, 83, NONE, 83),
    row("symlinkat", Operation::Create, 266, 304, 36, 331),
    row("bind", Operation::Create, 49, 361, 200, 282),
    row("socketcall", Operation::Other, NONE, 102, NONE, NONE),
    row("ioctl", Operation::Ioctl, 16, 54, 29, 54),
    row("file_setattr", Operation::Ioctl, 469, 469, 469, 469),
    row("mmap", Operation::Mmap, 9, 90, 222, NONE),
    row("mmap2", Operation::Mmap, NONE, 192, NONE, 192),
    row("fallocate", Operation::Fallocate, 285, 324, 47, 352),
    row("execve", Operation::Other, 59, 11, 221, 11),
    row("execveat", Operation::Other, 322, 358, 281, 387),
    row("acct", Operation::Other, 163, 51, 89, 51),
    row("name_to_handle_at", Operation::Other, 303, 341, 264, 370),
    row("io_uring_enter", Operation::Other, 426, 426, 426, 426),
];

/// The name of a system call, from the number that the kernel side read from
/// the task's registers; `compat` if the call is a 32-bit one. `None` if it is not in the
/// table.
pub fn name(architecture: Architecture, compat: bool, number: i32) -> Option<&'static str> {
    let number = u16::try_from(number).ok().filter(|&it| it != NONE)?;
    let column: fn(&Row) -> u16 = match (architecture, compat) {
        (Architecture::X86_64, false) => |row| row.x86_64,
        (Architecture::X86_64, true) => |row| row.i386,
        (Architecture::Aarch64, false) => |row| row.arm64,
        (Architecture::Aarch64, true) => |row| row.arm,
    };
    TABLE
        .iter()
        .find(|row| column(row) == number)
        .map(|row| row.name)
}

/// The operation that a system call stands for; [`Operation::Other`] if it is
/// none in particular.
pub fn operation(name: &str) -> Operation {
    TABLE
        .iter()
        .find(|row| row.name == name)
        .map_or(Operation::Other, |row| row.operation)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn numbers_have_their_names() {
        use Architecture::{Aarch64, X86_64};
        assert_eq!(name(X86_64, false, 257), Some("openat"));
        assert_eq!(name(X86_64, true, 5), Some("open"));
        assert_eq!(name(Aarch64, false, 56), Some("openat"));
        assert_eq!(name(X86_64, false, 1), None);
        assert_eq!(name(X86_64, false, -1), None);
        assert_eq!(name(X86_64, false, 65535), None);
        assert_eq!(
            name(Aarch64, true, 15),
            Some("chmod"),
            "arm64 has lremovexattr"
        );
        assert_eq!(name(Aarch64, true, 94), Some("fchmod"));
        assert_eq!(name(Aarch64, true, 322), Some("openat"));
        assert_eq!(name(Aarch64, true, 56), None);
        assert_eq!(name(X86_64, false, i32::MAX), None);
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn numbers_agree_with_libc() {
        let pairs = [
            ("open", libc::SYS_open),
            ("ftruncate", libc::SYS_ftruncate),
            ("fchmodat", libc::SYS_fchmodat),
            ("lchown", libc::SYS_lchown),
            ("utimensat", libc::SYS_utimensat),
            ("fremovexattr", libc::SYS_fremovexattr),
            ("renameat2", libc::SYS_renameat2),
            ("unlinkat", libc::SYS_unlinkat),
            ("rmdir", libc::SYS_rmdir),
            ("mknodat", libc::SYS_mknodat),
            ("ioctl", libc::SYS_ioctl),
            ("name_to_handle_at", libc::SYS_name_to_handle_at),
        ];
        for (wanted, number) in pairs {
            let number = i32::try_from(number).unwrap();
            assert_eq!(name(Architecture::X86_64, false, number), Some(wanted));
        }
    }

    #[test]
    fn no_name_or_number_twice() {
        let mut names = HashSet::new();
        let mut numbers = HashSet::new();
        for row in TABLE {
            assert!(names.insert(row.name), "{}", row.name);
            let columns = [row.x86_64, row.i386, row.arm64, row.arm];
            for (column, number) in columns.iter().enumerate() {
                assert!(*number == NONE || numbers.insert((column, *number)));
            }
        }
    }
}
