//! Where the running kernel keeps the fields that the program reads.

/// A field that this kernel does not have, or whose place is unknown.
pub const ABSENT: u32 = u32::MAX;

/// Byte offsets (and a few sizes) of kernel structures, resolved by the agent
/// from the running kernel's BTF and handed to the program as a read-only
/// global. [`ABSENT`] turns off what needs the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Offsets {
    /// `dentry.d_parent`
    pub dentry_parent: u32,
    /// `dentry.d_name.name`
    pub dentry_name: u32,
    /// `dentry.d_inode`
    pub dentry_inode: u32,
    /// `dentry.d_sb`
    pub dentry_sb: u32,
    /// `dentry.d_fsdata` (holds `struct ovl_entry *` before 6.5)
    pub dentry_fsdata: u32,
    /// `inode.i_mode`
    pub inode_mode: u32,
    /// `inode.i_size`
    pub inode_size: u32,
    /// `inode.i_ino`
    pub inode_ino: u32,
    /// `inode.i_sb`
    pub inode_sb: u32,
    /// `sizeof(struct inode)`: `ovl_inode.__upperdentry` follows directly.
    pub inode_bytes: u32,
    /// `super_block.s_dev`
    pub sb_dev: u32,
    /// `super_block.s_root`
    pub sb_root: u32,
    /// `super_block.s_fs_info`
    pub sb_fs_info: u32,
    /// `super_block.s_type`
    pub sb_type: u32,
    /// `file_system_type.name`
    pub filesystem_name: u32,
    /// `vfsmount.mnt_root`
    pub mount_root: u32,
    /// `vfsmount.mnt_sb`
    pub mount_sb: u32,
    /// `task_struct.real_cred`
    pub task_real_cred: u32,
    /// `cred.uid`
    pub cred_uid: u32,
    /// `task_struct.stack`
    pub task_stack: u32,
    /// `task_struct.flags`
    pub task_flags: u32,
    /// `task_struct.thread_info.status` (x86-64 only)
    pub task_status: u32,
    /// `task_struct.nsproxy`
    pub task_nsproxy: u32,
    /// `nsproxy.mnt_ns`
    pub nsproxy_mnt_ns: u32,
    /// `mnt_namespace.ns.inum`
    pub mnt_ns_inum: u32,
    /// `THREAD_SIZE`: bytes of a kernel stack.
    pub stack_bytes: u32,
    /// `sizeof(struct pt_regs)`
    pub regs_bytes: u32,
    /// `pt_regs.orig_ax` (x86-64), `pt_regs.syscallno` (arm64)
    pub regs_syscall: u32,
    /// `pt_regs.cs` (x86-64 only)
    pub regs_cs: u32,
    /// `pt_regs.pstate` (arm64 only)
    pub regs_pstate: u32,
    /// `ovl_fs.numlayer`
    pub ovl_fs_numlayer: u32,
    /// `ovl_fs.layers`
    pub ovl_fs_layers: u32,
    /// `ovl_fs.config.upperdir`
    pub ovl_fs_upperdir: u32,
    /// `ovl_fs.config.workdir`
    pub ovl_fs_workdir: u32,
    /// `ovl_layer.mnt`
    pub ovl_layer_mnt: u32,
    /// `ovl_layer.idx`
    pub ovl_layer_idx: u32,
    /// `ovl_inode.oe` relative to `ovl_inode.vfs_inode` (6.5 and later)
    pub ovl_inode_oe: u32,
    /// `ovl_entry.numlower` or `.__numlower`
    pub ovl_entry_numlower: u32,
    /// `ovl_entry.lowerstack` or `.__lowerstack`
    pub ovl_entry_lowerstack: u32,
    /// Index of the argument of `ovl_rename` that is the old dentry: 1 up to
    /// 5.11, 2 since the function takes a user namespace or idmap first.
    pub rename_old_argument: u32,
}

impl Offsets {
    /// Nothing is known.
    pub const ABSENT: Self = Self {
        dentry_parent: ABSENT,
        dentry_name: ABSENT,
        dentry_inode: ABSENT,
        dentry_sb: ABSENT,
        dentry_fsdata: ABSENT,
        inode_mode: ABSENT,
        inode_size: ABSENT,
        inode_ino: ABSENT,
        inode_sb: ABSENT,
        inode_bytes: ABSENT,
        sb_dev: ABSENT,
        sb_root: ABSENT,
        sb_fs_info: ABSENT,
        sb_type: ABSENT,
        filesystem_name: ABSENT,
        mount_root: ABSENT,
        mount_sb: ABSENT,
        task_real_cred: ABSENT,
        cred_uid: ABSENT,
        task_stack: ABSENT,
        task_flags: ABSENT,
        task_status: ABSENT,
        task_nsproxy: ABSENT,
        nsproxy_mnt_ns: ABSENT,
        mnt_ns_inum: ABSENT,
        stack_bytes: ABSENT,
        regs_bytes: ABSENT,
        regs_syscall: ABSENT,
        regs_cs: ABSENT,
        regs_pstate: ABSENT,
        ovl_fs_numlayer: ABSENT,
        ovl_fs_layers: ABSENT,
        ovl_fs_upperdir: ABSENT,
        ovl_fs_workdir: ABSENT,
        ovl_layer_mnt: ABSENT,
        ovl_layer_idx: ABSENT,
        ovl_inode_oe: ABSENT,
        ovl_entry_numlower: ABSENT,
        ovl_entry_lowerstack: ABSENT,
        rename_old_argument: ABSENT,
    };
}

/// What the agent asks of the program, fixed at load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Settings {
    /// Announce copy-ups of files of at least this size at their start
    /// (`u64::MAX`: never).
    pub announce_bytes: u64,
    /// 1 sends an event per copy-up and whiteout; 0 only keeps totals.
    pub events: u32,
    /// 1 when `do_splice_direct` is probed, so that copied bytes are known.
    pub splice_probed: u32,
    /// 1 when the data function (`ovl_copy_up_file`) is probed.
    pub data_probed: u32,
    /// 1 when `ovl_copy_up_one` is probed, at entry and return: it begins and
    /// ends a copy-up. Else `ovl_copy_up_start` and `ovl_copy_up_end` do.
    pub one_probed: u32,
    /// 1 when `vfs_fsync` is probed, at entry and return.
    pub sync_probed: u32,
    /// 1 when the kernel has `bpf_get_current_task_btf` and `bpf_task_pt_regs`
    /// (5.15), whose results programs may read without a helper.
    pub typed_task: u32,
    /// 1 when copy-ups may be in slots; 0 when all are in the map `IN_FLIGHT`.
    pub slots: u32,
    /// 1 in the constants of programs that trampolines call: their context is the
    /// function's arguments. Else it is the registers of a kprobe.
    pub trampoline: u32,
    /// Nanoseconds after a wake-up during which the agent looks at the ring by
    /// itself.
    pub lingers_ns: u64,
    /// Which events are sent; the totals hold all.
    pub wanted: Wanted,
}

/// Most process ids that the program compares.
pub const PIDS_MAX: usize = 8;

/// What an event must be to be sent. Whatever is not sent the user did not ask for;
/// the agent looks again, more closely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Wanted {
    /// Least size of the file.
    pub size_bytes: u64,
    /// Least latency.
    pub latency_ns: u64,
    /// File types whose copy-ups are wanted: bit `i` is the type `i << 12` of
    /// `i_mode`.
    pub types: u32,
    /// 1 if whiteouts are wanted.
    pub whiteouts: u32,
    /// Processes (thread groups), as many as `pid_count`.
    pub pids: [u32; PIDS_MAX],
    /// 0: every process.
    pub pid_count: u32,
    /// 1 if the agent says of which overlays events are unwanted
    /// ([`crate::verdict::Unwanted`]).
    pub by_overlay: u32,
    /// 1 if it says of which calls ([`crate::verdict::Call`]).
    pub by_call: u32,
    /// Always 0.
    pub padding: u32,
}

impl Wanted {
    /// Everything.
    pub const ALL: Self = Self {
        size_bytes: 0,
        latency_ns: 0,
        types: u32::MAX,
        whiteouts: 1,
        pids: [0; PIDS_MAX],
        pid_count: 0,
        by_overlay: 0,
        by_call: 0,
        padding: 0,
    };
}

// SAFETY: `repr(C)`, `u32` fields only.
#[cfg(feature = "user")]
unsafe impl aya::Pod for Offsets {}
// SAFETY: `repr(C)`, integers only, padding named.
#[cfg(feature = "user")]
unsafe impl aya::Pod for Settings {}
