//! System calls, as they are.

use std::{
    ffi::{CStr, CString},
    fs::File,
    io,
    os::{
        fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
        unix::ffi::OsStrExt as _,
    },
    path::Path,
};

/// A path for the kernel.
fn c_path(path: &Path) -> io::Result<CString> {
    Ok(CString::new(path.as_os_str().as_bytes())?)
}

/// The result of a system call.
fn done(result: impl Into<i64>) -> io::Result<i64> {
    match result.into() {
        -1 => Err(io::Error::last_os_error()),
        value => Ok(value),
    }
}

/// `open(2)` with mode 0644.
pub(crate) fn open(path: &Path, flags: i32) -> io::Result<File> {
    let path = c_path(path)?;
    // SAFETY: the path ends with NUL.
    let fd = done(unsafe { libc::open(path.as_ptr(), flags, 0o644) })?;
    // SAFETY: the descriptor was just opened and is nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) }.into())
}

macro_rules! path_calls {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) = $call:ident($($value:expr),*);)+) => {
        $($(#[$doc])*
        pub(crate) fn $name(path: &Path $(, $argument: $type)*) -> io::Result<()> {
            let path = c_path(path)?;
            // SAFETY: strings end with NUL, and the kernel keeps none of them.
            done(unsafe { libc::$call(path.as_ptr() $(, $value)*) }).map(drop)
        })+
    };
}

path_calls! {
    /// `chmod(2)`
    chmod(mode: u32) = chmod(mode);
    /// `chown(2)`, owner and group alike.
    chown(id: u32) = chown(id, id);
    /// `lchown(2)`, owner and group alike.
    lchown(id: u32) = lchown(id, id);
    /// `truncate(2)`
    truncate(length: i64) = truncate(length);
    /// `unlink(2)`
    unlink() = unlink();
    /// `rmdir(2)`
    rmdir() = rmdir();
    /// `mkdir(2)`
    mkdir() = mkdir(0o755);
    /// `mknod(2)`
    mknod(mode: u32, device: u64) = mknod(mode, device);
    /// `umount2(2)`, lazily.
    umount() = umount2(libc::MNT_DETACH);
    /// `lremovexattr(2)`
    removexattr(name: &CStr) = lremovexattr(name.as_ptr());
}

/// `utimensat(2)` to the beginning of time; of a symlink itself.
pub(crate) fn utimes(path: &Path) -> io::Result<()> {
    let path = c_path(path)?;
    let zero = libc::timespec {
        tv_sec: 1,
        tv_nsec: 0,
    };
    let times = [zero, zero];
    // SAFETY: the path ends with NUL, there are two times.
    let result = unsafe {
        libc::utimensat(
            libc::AT_FDCWD,
            path.as_ptr(),
            times.as_ptr(),
            libc::AT_SYMLINK_NOFOLLOW,
        )
    };
    done(result).map(drop)
}

/// `fchownat(2)` of the file itself that is held open, also with `O_PATH`; owner and group
/// alike.
pub(crate) fn chown_held(file: &File, id: u32) -> io::Result<()> {
    let (file, flags) = (file.as_raw_fd(), libc::AT_EMPTY_PATH);
    // SAFETY: an empty path, which ends with NUL.
    done(unsafe { libc::fchownat(file, c"".as_ptr(), id, id, flags) }).map(drop)
}

/// `lsetxattr(2)`
pub(crate) fn setxattr(path: &Path, name: &CStr, value: &[u8]) -> io::Result<()> {
    let path = c_path(path)?;
    // SAFETY: the strings end with NUL, the value has the given length.
    let result = unsafe {
        libc::lsetxattr(
            path.as_ptr(),
            name.as_ptr(),
            value.as_ptr().cast(),
            value.len(),
            0,
        )
    };
    done(result).map(drop)
}

/// `lgetxattr(2)`; `None` without the attribute.
pub(crate) fn getxattr(path: &Path, name: &CStr) -> io::Result<Option<Vec<u8>>> {
    let path = c_path(path)?;
    let mut value = vec![0_u8; 4096];
    // SAFETY: the strings end with NUL, the buffer has the given length.
    let result = unsafe {
        libc::lgetxattr(
            path.as_ptr(),
            name.as_ptr(),
            value.as_mut_ptr().cast(),
            value.len(),
        )
    };
    match done(result as i64) {
        Ok(length) => {
            value.truncate(usize::try_from(length).unwrap_or_default());
            Ok(Some(value))
        }
        Err(error) => match error.raw_os_error() {
            // A tmpfs without user attributes, or none for this type.
            Some(libc::ENODATA | libc::EOPNOTSUPP) => Ok(None),
            _ => Err(error),
        },
    }
}

/// `renameat2(2)`
pub(crate) fn rename(old: &Path, new: &Path, flags: u32) -> io::Result<()> {
    let (old, new) = (c_path(old)?, c_path(new)?);
    // SAFETY: the paths end with NUL.
    let result = unsafe {
        libc::syscall(
            libc::SYS_renameat2,
            libc::AT_FDCWD,
            old.as_ptr(),
            libc::AT_FDCWD,
            new.as_ptr(),
            flags,
        )
    };
    done(result).map(drop)
}

/// `mount(2)`
pub(crate) fn mount(
    source: &str,
    target: &Path,
    kind: &str,
    flags: u64,
    options: &str,
) -> io::Result<()> {
    let (source, kind, options) = (
        CString::new(source)?,
        CString::new(kind)?,
        CString::new(options)?,
    );
    let target = c_path(target)?;
    // SAFETY: all strings end with NUL.
    let result = unsafe {
        libc::mount(
            source.as_ptr(),
            target.as_ptr(),
            kind.as_ptr(),
            flags,
            options.as_ptr().cast(),
        )
    };
    done(result).map(drop)
}

/// Flags of an inode (`include/uapi/linux/fs.h`).
pub(crate) const FS_IMMUTABLE_FL: libc::c_long = 0x10;
pub(crate) const FS_APPEND_FL: libc::c_long = 0x20;

/// `ioctl(2)` `FS_IOC_SETFLAGS`
pub(crate) fn set_flags(file: &File, flags: libc::c_long) -> io::Result<()> {
    // SAFETY: the ioctl reads one integer, which lives until it returns.
    done(unsafe { libc::ioctl(file.as_raw_fd(), libc::FS_IOC_SETFLAGS, &raw const flags) })
        .map(drop)
}

/// `fallocate(2)`
pub(crate) fn fallocate(file: &File, mode: i32, offset: i64, length: i64) -> io::Result<()> {
    // SAFETY: no memory is involved.
    done(unsafe { libc::fallocate(file.as_raw_fd(), mode, offset, length) }).map(drop)
}

/// Writes one byte through a shared mapping.
pub(crate) fn write_mapped(file: &File) -> io::Result<()> {
    // SAFETY: a new mapping of one page, that is used and removed here.
    unsafe {
        let address = libc::mmap(
            std::ptr::null_mut(),
            4096,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED,
            file.as_raw_fd(),
            0,
        );
        if address == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        address.cast::<u8>().write(b'm');
        done(libc::munmap(address, 4096)).map(drop)
    }
}

/// A file handle: its type and its bytes.
pub(crate) type Handle = (u8, Vec<u8>);

/// `name_to_handle_at(2)`, of a symlink itself.
pub(crate) fn handle(path: &Path) -> io::Result<Handle> {
    /// `struct file_handle` with room for `MAX_HANDLE_SZ` bytes.
    #[repr(C)]
    struct Buffer {
        bytes: u32,
        kind: i32,
        handle: [u8; 128],
    }
    let path = c_path(path)?;
    let mut buffer = Buffer {
        bytes: 128,
        kind: 0,
        handle: [0; 128],
    };
    let mut mount: i32 = 0;
    // SAFETY: the path ends with NUL, the buffer is as large as it says.
    let result = unsafe {
        libc::syscall(
            libc::SYS_name_to_handle_at,
            libc::AT_FDCWD,
            path.as_ptr(),
            &raw mut buffer,
            &raw mut mount,
            0,
        )
    };
    done(result)?;
    let bytes = buffer.handle[..buffer.bytes as usize].to_vec();
    Ok((buffer.kind.to_le_bytes()[0], bytes))
}

/// Shows the tree at `from` also at `to`, with owners mapped by a user
/// namespace: `open_tree(2)`, `mount_setattr(2)`, `move_mount(2)`.
pub(crate) fn bind_mapped(from: &Path, to: &Path, namespace: &File) -> io::Result<()> {
    let (from, to) = (c_path(from)?, c_path(to)?);
    let flags = libc::OPEN_TREE_CLONE | libc::O_CLOEXEC.cast_unsigned();
    // SAFETY: the path ends with NUL.
    let tree =
        done(unsafe { libc::syscall(libc::SYS_open_tree, libc::AT_FDCWD, from.as_ptr(), flags) })?;
    // SAFETY: the descriptor was just opened and is nobody else's.
    let tree = unsafe { OwnedFd::from_raw_fd(tree as i32) };
    let attributes = libc::mount_attr {
        attr_set: libc::MOUNT_ATTR_IDMAP,
        attr_clr: 0,
        propagation: 0,
        userns_fd: i64::from(namespace.as_raw_fd()).cast_unsigned(),
    };
    // SAFETY: an empty path, and a structure of the given size.
    done(unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            tree.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    })?;
    // SAFETY: both paths end with NUL.
    done(unsafe {
        libc::syscall(
            libc::SYS_move_mount,
            tree.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_FDCWD,
            to.as_ptr(),
            libc::MOVE_MOUNT_F_EMPTY_PATH,
        )
    })
    .map(drop)
}

/// Binds this thread to a CPU, where it runs only when nobody else wants to.
pub(crate) fn run_when_idle_on(cpu: usize) -> io::Result<()> {
    // SAFETY: a set of CPUs is plain data, for which zeros are valid.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the number of a CPU is smaller than the set.
    unsafe { libc::CPU_SET(cpu, &mut set) };
    let idle = libc::sched_param { sched_priority: 0 };
    // SAFETY: the set outlives the call; 0 is this thread.
    done(unsafe { libc::sched_setaffinity(0, size_of_val(&set), &raw const set) })?;
    // SAFETY: likewise.
    done(unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const idle) })?;
    Ok(())
}
