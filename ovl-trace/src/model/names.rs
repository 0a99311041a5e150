//! The enumerators of the interface, with their JSON names.
//!
//! Each has an `Unknown` arm that keeps the number, so that a recording of a
//! newer version is shown as it is instead of being dropped.

use std::{borrow::Cow, fmt, str::FromStr};

use ovl_trace_common::codes;

macro_rules! names {
    ($(#[$doc:meta])* $type:ident { $($(#[$arm_doc:meta])* $arm:ident = $code:expr => $name:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $type {
            $($(#[$arm_doc])* $arm,)+
            /// A code that this version does not know.
            Unknown(u8),
        }

        impl $type {
            /// Every known value, in the order of the interface.
            pub const ALL: &[Self] = &[$(Self::$arm),+];

            /// From the code on the wire.
            pub const fn from_code(code: u8) -> Self {
                $(if code == $code { return Self::$arm; })+
                Self::Unknown(code)
            }

            /// The name in JSON, filters and metrics.
            pub fn name(self) -> Cow<'static, str> {
                match self {
                    $(Self::$arm => Cow::Borrowed($name),)+
                    Self::Unknown(code) => Cow::Owned(format!("unknown({code})")),
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.name())
            }
        }

        impl FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                Self::ALL.iter().copied().find(|value| value.name() == text).ok_or_else(|| {
                    let known: Vec<_> = Self::ALL.iter().map(|value| value.name()).collect();
                    format!("'{text}' is not one of {}", known.join(", "))
                })
            }
        }
    };
}

names! {
    /// What was copied up.
    Kind {
        /// A regular file with its data.
        Data = codes::kind::DATA => "data",
        /// A regular file's attributes only (metacopy).
        Metadata = codes::kind::METADATA => "metadata",
        /// A directory.
        Directory = codes::kind::DIRECTORY => "directory",
        /// A symbolic link.
        Symlink = codes::kind::SYMLINK => "symlink",
        /// A device, FIFO or socket.
        Special = codes::kind::SPECIAL => "special",
    }
}

names! {
    /// How the bytes got into the upper layer.
    Method {
        /// Written through the page cache.
        Copy = codes::method::COPY => "copy",
        /// Shared by the file system.
        Reflink = codes::method::REFLINK => "reflink",
        /// Left in the lower layer.
        Metacopy = codes::method::METACOPY => "metacopy",
        /// Dropped by `O_TRUNC`.
        Truncated = codes::method::TRUNCATED => "truncated",
        /// Another hard link of an inode that was copied up before.
        Link = codes::method::LINK => "link",
        /// No data to copy.
        None = codes::method::NONE => "none",
    }
}

names! {
    /// Why a name disappeared, or a directory became opaque.
    Cause {
        /// `unlink(2)`
        Unlink = codes::cause::UNLINK => "unlink",
        /// `rmdir(2)`
        Rmdir = codes::cause::RMDIR => "rmdir",
        /// `rename(2)`
        Rename = codes::cause::RENAME => "rename",
        /// A directory was marked opaque.
        Opaque = codes::cause::OPAQUE => "opaque",
    }
}

names! {
    /// The operation that made the copy-up necessary. (The code is the
    /// agent's own: the kernel sends the call site and the syscall.)
    Operation {
        /// Opened for writing.
        Open = 0 => "open",
        /// `truncate(2)`, `ftruncate(2)`
        Truncate = 1 => "truncate",
        /// `chmod(2)` and relatives
        Chmod = 2 => "chmod",
        /// `chown(2)` and relatives
        Chown = 3 => "chown",
        /// `utimensat(2)` and relatives
        Utimes = 4 => "utimes",
        /// Extended attributes and ACLs
        Setxattr = 5 => "setxattr",
        /// `rename(2)` and relatives
        Rename = 6 => "rename",
        /// `link(2)` and relatives
        Link = 7 => "link",
        /// `unlink(2)`, `rmdir(2)`: the parent directory
        Unlink = 8 => "unlink",
        /// A parent directory copied up for a new entry
        Create = 9 => "create",
        /// A shared writable mapping
        Mmap = 10 => "mmap",
        /// `fallocate(2)`
        Fallocate = 11 => "fallocate",
        /// `FS_IOC_SETFLAGS`, `FS_IOC_FSSETXATTR`
        Ioctl = 12 => "ioctl",
        /// None of these, or not known
        Other = 13 => "other",
    }
}
