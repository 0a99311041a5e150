//! The fields: where to look for each, where it goes, what is lost without it.

use ovl_trace_common::offsets::Offsets;

use crate::kernel::Architecture;

/// One field of [`Offsets`].
pub(super) struct Field {
    /// `structure.member`, for messages.
    pub(super) name: &'static str,
    pub(super) structure: &'static str,
    /// Names that the member has had, newest first.
    pub(super) paths: &'static [&'static str],
    pub(super) place: fn(&mut Offsets) -> &mut u32,
    /// `None`: nothing can be traced without it.
    pub(super) lost: Option<&'static str>,
}

pub(super) const LAYER: &str = "the lower layer that a file came from";
const LAYER_AND_OPAQUE: &str =
    "the lower layer that a file came from, and directories that were made opaque";
const UPPER: &str = "the identity of upper directories: events of an overlay whose mount \
                     cannot be found are not given to a container";
const FILE_SYSTEM: &str = "the types of the file systems below an overlay";
const OPTIONS: &str = "upper and work directories of overlays whose mount cannot be found";
const SYSCALL: &str = "the system call: chmod, chown and utimes are told apart no more";
const NAMESPACE: &str = "the mount namespace of processes";
const UID: &str = "the user id of processes";
const RENAME: &str = "whiteouts made by rename";

macro_rules! field {
    ($structure:literal . $($path:literal)|+ => $place:ident, $lost:expr) => {
        Field {
            name: concat!($structure, $(".", $path),+),
            structure: $structure,
            paths: &[$($path),+],
            place: |offsets| &mut offsets.$place,
            lost: $lost,
        }
    };
}

/// Fields of both architectures.
const FIELDS: &[Field] = &[
    field!("dentry"."d_parent" => dentry_parent, None),
    field!("dentry"."d_name.name" => dentry_name, None),
    field!("dentry"."d_inode" => dentry_inode, None),
    field!("dentry"."d_sb" => dentry_sb, None),
    // Holds the lower layers before 6.5, and overlayfs' flags since.
    field!("dentry"."d_fsdata" => dentry_fsdata, Some(LAYER_AND_OPAQUE)),
    field!("inode"."i_mode" => inode_mode, None),
    field!("inode"."i_size" => inode_size, None),
    field!("inode"."i_ino" => inode_ino, None),
    field!("inode"."i_sb" => inode_sb, None),
    field!("super_block"."s_dev" => sb_dev, None),
    field!("super_block"."s_root" => sb_root, None),
    field!("super_block"."s_fs_info" => sb_fs_info, Some(UPPER)),
    field!("super_block"."s_type" => sb_type, Some(FILE_SYSTEM)),
    field!("file_system_type"."name" => filesystem_name, Some(FILE_SYSTEM)),
    field!("vfsmount"."mnt_sb" => mount_sb, Some(FILE_SYSTEM)),
    field!("vfsmount"."mnt_root" => mount_root, Some(UPPER)),
    field!("task_struct"."real_cred" => task_real_cred, Some(UID)),
    field!("cred"."uid" => cred_uid, Some(UID)),
    field!("task_struct"."stack" => task_stack, Some(SYSCALL)),
    field!("task_struct"."flags" => task_flags, Some(SYSCALL)),
    field!("task_struct"."nsproxy" => task_nsproxy, Some(NAMESPACE)),
    field!("nsproxy"."mnt_ns" => nsproxy_mnt_ns, Some(NAMESPACE)),
    field!("mnt_namespace"."ns.inum" => mnt_ns_inum, Some(NAMESPACE)),
    field!("ovl_fs"."numlayer" => ovl_fs_numlayer, Some("the number of layers")),
    field!("ovl_fs"."layers" => ovl_fs_layers, Some(UPPER)),
    field!("ovl_fs"."config.upperdir" => ovl_fs_upperdir, Some(OPTIONS)),
    field!("ovl_fs"."config.workdir" => ovl_fs_workdir, Some(OPTIONS)),
    field!("ovl_layer"."mnt" => ovl_layer_mnt, Some(UPPER)),
    field!("ovl_layer"."idx" => ovl_layer_idx, Some(LAYER)),
    field!("ovl_entry"."__numlower" | "numlower" => ovl_entry_numlower, Some(LAYER_AND_OPAQUE)),
    field!("ovl_entry"."__lowerstack" | "lowerstack" => ovl_entry_lowerstack, Some(LAYER)),
];

const X86_64: &[Field] = &[
    field!("pt_regs"."orig_ax" => regs_syscall, Some(SYSCALL)),
    field!("pt_regs"."cs" => regs_cs, Some(SYSCALL)),
];

const AARCH64: &[Field] = &[
    field!("pt_regs"."syscallno" => regs_syscall, Some(SYSCALL)),
    field!("pt_regs"."pstate" => regs_pstate, Some(SYSCALL)),
];

/// Not offsets of a member: they are only checked for.
pub(super) const COMPUTED: &[Field] = &[
    field!("inode"."sizeof" => inode_bytes, None),
    field!("pt_regs"."sizeof" => regs_bytes, Some(SYSCALL)),
    field!("inode_operations"."rename" => rename_old_argument, Some(RENAME)),
];

/// The members to look for.
pub(super) fn fields(architecture: Architecture) -> impl Iterator<Item = &'static Field> {
    let own = match architecture {
        Architecture::X86_64 => X86_64,
        Architecture::Aarch64 => AARCH64,
    };
    FIELDS.iter().chain(own)
}
