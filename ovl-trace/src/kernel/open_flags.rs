//! Open flags by name.

use super::Architecture;

/// Flags of all architectures (`include/uapi/asm-generic/fcntl.h`), a
/// combination before its parts.
const COMMON: &[(u32, &str)] = &[
    (0o100, "O_CREAT"),
    (0o200, "O_EXCL"),
    (0o400, "O_NOCTTY"),
    (0o1000, "O_TRUNC"),
    (0o2000, "O_APPEND"),
    (0o4000, "O_NONBLOCK"),
    (0o4_010_000, "O_SYNC"),
    (0o10_000, "O_DSYNC"),
    (0o20_000, "O_ASYNC"),
    (0o1_000_000, "O_NOATIME"),
    (0o2_000_000, "O_CLOEXEC"),
    (0o10_000_000, "O_PATH"),
];

/// `__O_TMPFILE`; `O_TMPFILE` contains `O_DIRECTORY`, too.
const TMPFILE: u32 = 0o20_000_000;

/// The flags whose value depends on the architecture.
struct Own {
    direct: u32,
    directory: u32,
    nofollow: u32,
}

/// `O_LARGEFILE` is not named: the kernel sets it for every 64-bit program.
const fn own(architecture: Architecture) -> Own {
    match architecture {
        // include/uapi/asm-generic/fcntl.h
        Architecture::X86_64 => Own {
            direct: 0o40_000,
            directory: 0o200_000,
            nofollow: 0o400_000,
        },
        // arch/arm64/include/uapi/asm/fcntl.h
        Architecture::Aarch64 => Own {
            direct: 0o200_000,
            directory: 0o40_000,
            nofollow: 0o100_000,
        },
    }
}

/// The names of open flags, the access mode first. Bits that user space does
/// not know, and `O_LARGEFILE`, have none.
pub(super) fn names(architecture: Architecture, flags: u32) -> Vec<&'static str> {
    let own = own(architecture);
    let mut rest = flags;
    let mut names = vec![match flags & 3 {
        0 => "O_RDONLY",
        1 => "O_WRONLY",
        2 => "O_RDWR",
        // For ioctl only: neither read nor write permission.
        _ => "O_ACCMODE",
    }];
    let arch_flags = [
        (TMPFILE | own.directory, "O_TMPFILE"),
        (own.directory, "O_DIRECTORY"),
        (own.nofollow, "O_NOFOLLOW"),
        (own.direct, "O_DIRECT"),
    ];
    for &(bits, name) in COMMON.iter().chain(&arch_flags) {
        if rest & bits == bits {
            rest &= !bits;
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn x86(flags: u32) -> String {
        names(Architecture::X86_64, flags).join("|")
    }

    /// Flags seen at `ovl_copy_up_flags` of a 6.12 kernel.
    #[test]
    fn names_what_the_kernel_passes() {
        assert_eq!(x86(0x8002), "O_RDWR");
        assert_eq!(x86(0x8401), "O_WRONLY|O_APPEND");
        assert_eq!(x86(0x8201), "O_WRONLY|O_TRUNC");
        assert_eq!(x86(0x8200), "O_RDONLY|O_TRUNC");
        assert_eq!(x86(0x2_8242), "O_RDWR|O_CREAT|O_TRUNC|O_NOFOLLOW");
        assert_eq!(x86(0x10_1001), "O_WRONLY|O_SYNC");
        assert_eq!(x86(0x1001), "O_WRONLY|O_DSYNC");
        assert_eq!(x86(0x41_0002), "O_RDWR|O_TMPFILE");
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn agrees_with_libc() {
        let all = [
            (libc::O_APPEND, "O_APPEND"),
            (libc::O_ASYNC, "O_ASYNC"),
            (libc::O_CLOEXEC, "O_CLOEXEC"),
            (libc::O_CREAT, "O_CREAT"),
            (libc::O_DIRECT, "O_DIRECT"),
            (libc::O_DIRECTORY, "O_DIRECTORY"),
            (libc::O_DSYNC, "O_DSYNC"),
            (libc::O_EXCL, "O_EXCL"),
            (libc::O_NOATIME, "O_NOATIME"),
            (libc::O_NOCTTY, "O_NOCTTY"),
            (libc::O_NOFOLLOW, "O_NOFOLLOW"),
            (libc::O_NONBLOCK, "O_NONBLOCK"),
            (libc::O_PATH, "O_PATH"),
            (libc::O_SYNC, "O_SYNC"),
            (libc::O_TMPFILE, "O_TMPFILE"),
            (libc::O_TRUNC, "O_TRUNC"),
        ];
        for (flag, name) in all {
            assert_eq!(x86(flag.unsigned_abs()), format!("O_RDONLY|{name}"));
        }
    }

    /// The same bits mean other flags on arm64.
    #[test]
    fn arm64_has_its_own() {
        let arm = |flags| names(Architecture::Aarch64, flags).join("|");
        assert_eq!(arm(0x1_0001), "O_WRONLY|O_DIRECT");
        assert_eq!(arm(0x2_0002), "O_RDWR");
        assert_eq!(arm(0x8001), "O_WRONLY|O_NOFOLLOW");
        assert_eq!(arm(0x40_4002), "O_RDWR|O_TMPFILE");
    }

    #[test]
    fn unknown_bits_have_no_name() {
        assert_eq!(x86(0x0400_8001), "O_WRONLY");
        assert_eq!(names(Architecture::X86_64, u32::MAX)[0], "O_ACCMODE");
    }
}
