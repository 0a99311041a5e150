//! The programs of the kernel side, by number: the index of each in the map
//! `RUNS`, which counts how often it ran.
//!
//! The kernel counts how often each probe was hit (`kprobe_profile`), also when
//! it then skips the program (`trace_call_bpf`, `kernel/trace/bpf_trace.c`); what
//! it hit and did not run was missed.

/// Number of programs.
pub const COUNT: usize = 22;

/// Names of the programs in the object file.
pub const NAMES: [&str; COUNT] = [
    "put_super",
    "fill_super_return",
    "fill_super",
    "unlink_return",
    "rmdir_return",
    "rename_return",
    "lower_positive_return",
    "lower_positive",
    "mkdir_return",
    "mkdir",
    "rename",
    "clone_return",
    "splice_return",
    "sync_return",
    "sync",
    "copy_up_data",
    "copy_up_one_return",
    "copy_up_end",
    "copy_up_start_return",
    "copy_up_flags",
    "copy_up_start",
    "copy_up_one",
];

/// `put_super`
pub const PUT_SUPER: usize = 0;
/// `fill_super_return`
pub const FILL_SUPER_RETURN: usize = 1;
/// `fill_super`
pub const FILL_SUPER: usize = 2;
/// `unlink_return`
pub const UNLINK_RETURN: usize = 3;
/// `rmdir_return`
pub const RMDIR_RETURN: usize = 4;
/// `rename_return`
pub const RENAME_RETURN: usize = 5;
/// `lower_positive_return`
pub const LOWER_POSITIVE_RETURN: usize = 6;
/// `lower_positive`
pub const LOWER_POSITIVE: usize = 7;
/// `mkdir_return`
pub const MKDIR_RETURN: usize = 8;
/// `mkdir`
pub const MKDIR: usize = 9;
/// `rename`
pub const RENAME: usize = 10;
/// `clone_return`
pub const CLONE_RETURN: usize = 11;
/// `splice_return`
pub const SPLICE_RETURN: usize = 12;
/// `sync_return`
pub const SYNC_RETURN: usize = 13;
/// `sync`
pub const SYNC: usize = 14;
/// `copy_up_data`
pub const COPY_UP_DATA: usize = 15;
/// `copy_up_one_return`
pub const COPY_UP_ONE_RETURN: usize = 16;
/// `copy_up_end`
pub const COPY_UP_END: usize = 17;
/// `copy_up_start_return`
pub const COPY_UP_START_RETURN: usize = 18;
/// `copy_up_flags`
pub const COPY_UP_FLAGS: usize = 19;
/// `copy_up_start`
pub const COPY_UP_START: usize = 20;
/// `copy_up_one`
pub const COPY_UP_ONE: usize = 21;
