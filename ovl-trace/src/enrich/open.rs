//! Opening files in a directory tree that others control.
//!
//! A path is first resolved to a descriptor that can only describe (`O_PATH`). Devices,
//! FIFOs and files of the kernel's own file systems are recognised there and are never
//! opened: opening alone can arm a watchdog or consume a log.

use std::{
    ffi::{CString, OsStr, OsString},
    fs::{self, File, Metadata},
    io,
    os::{
        fd::{AsRawFd, FromRawFd, OwnedFd},
        unix::{
            ffi::{OsStrExt, OsStringExt},
            fs::{MetadataExt, OpenOptionsExt},
        },
    },
    path::{Component, Path, PathBuf},
};

/// As many symbolic links as the kernel follows (`MAXSYMLINKS`, `include/linux/namei.h`).
const LINKS_MAX: u32 = 40;

/// File systems that keep data, by `f_type` (`include/uapi/linux/magic.h`, and the sources
/// of each). FUSE is not among them: its server may never answer.
const FILE_SYSTEMS: [u32; 23] = [
    0xef53,      // ext2, ext3, ext4
    0x5846_5342, // xfs
    0x9123_683e, // btrfs
    0x0102_1994, // tmpfs
    0x8584_58f6, // ramfs
    0x794c_7630, // overlay
    0xf2f5_2010, // f2fs
    0x2fc1_2fc1, // zfs
    0xca45_1a4e, // bcachefs
    0x5265_4973, // reiserfs
    0x3153_464a, // jfs
    0x3434,      // nilfs2
    0x0116_1970, // gfs2
    0x7461_636f, // ocfs2
    0xf15f,      // ecryptfs
    0x4d44,      // vfat
    0x2011_bab0, // exfat
    0x6969,      // nfs
    0x00c3_6400, // ceph
    0x0bd0_0bd0, // lustre
    0x7371_7368, // squashfs
    0xe0f5_e1e2, // erofs
    0x9660,      // isofs
];

/// Says whether a symbolic link at the end of a path is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LastLink {
    /// The path leads to the link's target.
    Follow,
    /// The path leads to the link itself.
    Keep,
}

/// Resolves `path` as a process with the root directory `root` would, to a descriptor
/// that only describes.
///
/// Magic links are refused. A symbolic link of a user other than root must lead to a file or
/// directory of the same user, so that users cannot make root read the files of others.
pub(super) fn resolve(root: &Path, path: &Path, last: LastLink) -> io::Result<File> {
    let root = File::options()
        .read(true)
        .custom_flags(libc::O_PATH | libc::O_DIRECTORY)
        .open(root)?;
    match open_without_links(&root, path, last) {
        // `ELOOP`: there is a link on the way.
        Err(error) if error.raw_os_error() == Some(libc::ELOOP) => walk(root, path, last),
        result => result,
    }
}

/// Opens a regular file that was resolved, for reading.
pub(super) fn reopen_file(file: &File) -> io::Result<(File, Metadata)> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(refused("it is not a regular file"));
    }
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    Ok((reopen(file, flags)?, metadata))
}

/// Opens a directory that was resolved, for listing.
pub(super) fn reopen_directory(file: &File) -> io::Result<File> {
    reopen(file, libc::O_DIRECTORY)
}

/// Returns the type of the file system that a file is on.
pub(super) fn file_system(file: &File) -> io::Result<u32> {
    // SAFETY: `statfs` is plain integers.
    let mut buffer: libc::statfs = unsafe { std::mem::zeroed() };
    // SAFETY: a live descriptor and a buffer of the right type.
    if unsafe { libc::fstatfs(file.as_raw_fd(), &raw mut buffer) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // All magic numbers have 32 bits; the type of the field differs by architecture.
    Ok(buffer.f_type.cast_unsigned() as u32)
}

/// Opens what a descriptor describes, if that is on a file system that keeps data.
fn reopen(file: &File, flags: i32) -> io::Result<File> {
    let kind = file_system(file)?;
    if !FILE_SYSTEMS.contains(&kind) {
        let text = format!("it is on a file system of type {kind:#x}, which holds no stores");
        return Err(refused(&text));
    }
    File::options()
        .read(true)
        .custom_flags(flags)
        .open(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

/// Resolves a path that has no symbolic links, with one system call.
fn open_without_links(root: &File, path: &Path, last: LastLink) -> io::Result<File> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    let flags = match last {
        LastLink::Follow => libc::O_PATH,
        LastLink::Keep => libc::O_PATH | libc::O_NOFOLLOW,
    };
    // SAFETY: `open_how` is plain integers; all zero is its default.
    let mut how: libc::open_how = unsafe { std::mem::zeroed() };
    how.flags = u64::from((flags | libc::O_CLOEXEC).cast_unsigned());
    how.resolve = libc::RESOLVE_IN_ROOT | libc::RESOLVE_NO_MAGICLINKS | libc::RESOLVE_NO_SYMLINKS;
    // SAFETY: a live descriptor, a NUL-terminated path, and `how` with its own size.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_openat2,
            root.as_raw_fd(),
            path.as_ptr(),
            &raw const how,
            size_of::<libc::open_how>(),
        )
    };
    owned(fd as i32)
}

/// Resolves a path link by link.
fn walk(root: File, path: &Path, last: LastLink) -> io::Result<File> {
    let mut open = vec![root];
    let mut rest: Vec<OsString> = names(path);
    let mut links = 0;
    let mut owners = Vec::new();
    while let Some(name) = rest.pop() {
        if name == ".." {
            // The root's parent is the root.
            open.truncate((open.len() - 1).max(1));
            continue;
        }
        let directory = open.last().ok_or_else(|| refused("there is no root"))?;
        let file = open_name(directory, &name)?;
        let metadata = file.metadata()?;
        if !metadata.is_symlink() || (rest.is_empty() && last == LastLink::Keep) {
            open.push(file);
            continue;
        }
        links += 1;
        // Links of procfs lead elsewhere than their text says.
        if links > LINKS_MAX || file_system(&file)? == libc::PROC_SUPER_MAGIC as u32 {
            return Err(io::Error::from_raw_os_error(libc::ELOOP));
        }
        if metadata.uid() != 0 {
            owners.push(metadata.uid());
        }
        let target = read_link(&file)?;
        if target.is_absolute() {
            open.truncate(1);
        }
        rest.extend(names(&target));
    }
    let found = open.pop().ok_or_else(|| refused("there is no root"))?;
    let user = found.metadata()?.uid();
    if owners.iter().any(|owner| *owner != user) {
        return Err(refused(
            "a symbolic link on the way to it belongs to another user than the file",
        ));
    }
    Ok(found)
}

/// The names of a path, the first one last.
fn names(path: &Path) -> Vec<OsString> {
    let names = path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some(OsString::from("..")),
        Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
    });
    let mut names: Vec<OsString> = names.collect();
    names.reverse();
    names
}

/// Opens a name in a directory; a link is not followed.
fn open_name(directory: &File, name: &OsStr) -> io::Result<File> {
    let name = CString::new(name.as_bytes())?;
    let flags = libc::O_PATH | libc::O_NOFOLLOW | libc::O_CLOEXEC;
    // SAFETY: a live descriptor and a NUL-terminated name.
    owned(unsafe { libc::openat(directory.as_raw_fd(), name.as_ptr(), flags) })
}

/// Reads the text of a symbolic link.
pub(super) fn read_link(link: &File) -> io::Result<PathBuf> {
    let mut text = vec![0; libc::PATH_MAX as usize];
    // SAFETY: a live descriptor, an empty path (the link itself), and a buffer with its
    // own size.
    let length = unsafe {
        libc::readlinkat(
            link.as_raw_fd(),
            c"".as_ptr(),
            text.as_mut_ptr().cast(),
            text.len(),
        )
    };
    let Ok(length) = usize::try_from(length) else {
        return Err(io::Error::last_os_error());
    };
    text.truncate(length);
    Ok(PathBuf::from(OsString::from_vec(text)))
}

fn owned(fd: i32) -> io::Result<File> {
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel just gave us this descriptor; nobody else owns it.
    Ok(File::from(unsafe { OwnedFd::from_raw_fd(fd) }))
}

fn refused(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text.to_owned())
}

/// Lists a directory that is open.
pub(super) fn read_directory(directory: &File) -> io::Result<fs::ReadDir> {
    // The descriptor, not the path: somebody may put a link in its place at any time.
    fs::read_dir(format!("/proc/self/fd/{}", directory.as_raw_fd()))
}

#[cfg(test)]
mod tests {
    use std::{
        io::Read as _,
        os::unix::fs::{lchown, symlink},
        process::Command,
    };

    use super::*;

    fn read(root: &Path, path: &str) -> io::Result<String> {
        let file = resolve(root, Path::new(path), LastLink::Follow)?;
        let mut text = String::new();
        reopen_file(&file)?.0.read_to_string(&mut text)?;
        Ok(text)
    }

    fn is_root() -> bool {
        fs::metadata("/proc/self").unwrap().uid() == 0
    }

    #[test]
    fn links_stay_in_the_root() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("real/etc")).unwrap();
        fs::write(dir.path().join("real/etc/marker"), "inside").unwrap();
        for (link, target) in [
            ("absolute", "/real/etc"),
            ("relative", "real/etc"),
            ("real/up", "../real/../../real/etc"),
            ("beyond", "../../../../../../real/etc"),
            ("twice", "absolute"),
        ] {
            symlink(target, dir.path().join(link)).unwrap();
            let text = read(dir.path(), &format!("/{link}/marker")).unwrap();
            assert_eq!(text, "inside", "{link}");
        }
        symlink("loop", dir.path().join("loop")).unwrap();
        let error = read(dir.path(), "/loop").unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ELOOP));
        let link = resolve(dir.path(), Path::new("/twice"), LastLink::Keep).unwrap();
        assert_eq!(read_link(&link).unwrap(), Path::new("absolute"));
        let link = resolve(dir.path(), Path::new("/real/../twice"), LastLink::Keep).unwrap();
        assert_eq!(read_link(&link).unwrap(), Path::new("absolute"));
    }

    #[test]
    fn magic_links_lead_nowhere() {
        let directory = File::open("/").unwrap();
        let descriptor = format!("/proc/self/fd/{}/etc/passwd", directory.as_raw_fd());
        for path in ["/proc/self/root/etc/passwd", &descriptor] {
            assert!(fs::read(path).is_ok());
            let error = read(Path::new("/"), path).unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::ELOOP), "{path}");
        }
    }

    #[test]
    fn files_of_the_kernel_are_not_opened() {
        for path in ["/proc/version", "/proc/1/status", "/proc/sys/kernel/ostype"] {
            let error = read(Path::new("/"), path).unwrap_err().to_string();
            assert!(error.contains("holds no stores"), "{path}: {error}");
        }
        let directory = resolve(Path::new("/"), Path::new("/proc/1"), LastLink::Follow).unwrap();
        reopen_directory(&directory).unwrap_err();
    }

    /// A FIFO would say that it was opened: its writer would not wait any more.
    #[test]
    fn nothing_but_a_regular_file_is_opened() {
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("fifo");
        assert!(
            Command::new("mkfifo")
                .arg(&fifo)
                .status()
                .unwrap()
                .success()
        );
        symlink("fifo", dir.path().join("link")).unwrap();
        for path in ["/fifo", "/link", "/"] {
            let error = read(dir.path(), path).unwrap_err().to_string();
            assert!(error.contains("not a regular file"), "{path}: {error}");
        }
        let error = read(Path::new("/dev"), "/null").unwrap_err().to_string();
        assert!(error.contains("not a regular file"), "{error}");
        let writer = File::options()
            .write(true)
            .custom_flags(libc::O_NONBLOCK)
            .open(&fifo);
        assert_eq!(writer.unwrap_err().raw_os_error(), Some(libc::ENXIO));
    }

    #[test]
    fn a_link_leads_only_to_what_its_owner_owns() {
        if !is_root() {
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        for (file, user) in [("root", 0), ("one", 1), ("two", 2)] {
            let (file, link) = (dir.path().join(file), dir.path().join(format!("to-{user}")));
            fs::write(&file, "text").unwrap();
            lchown(&file, Some(user), None).unwrap();
            symlink(file.file_name().unwrap(), &link).unwrap();
        }
        for (target, owner, is_read) in [
            (0, 0, true),
            (1, 0, true),
            (1, 1, true),
            (0, 1, false),
            (2, 1, false),
        ] {
            let link = format!("to-{target}");
            lchown(dir.path().join(&link), Some(owner), None).unwrap();
            let result = read(dir.path(), &format!("/{link}"));
            assert_eq!(result.is_ok(), is_read, "{link} of {owner}: {result:?}");
        }
    }
}
