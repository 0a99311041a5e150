//! Whether process ids are those that the kernel side reports.

use std::{fs, path::Path};

/// What `/proc/PID/ns/pid` is in the initial pid namespace: the inode number is
/// `PROC_PID_INIT_INO` (`include/linux/proc_ns.h`).
const INITIAL: &str = "pid:[4026531836]";

/// Whether this process is in the initial pid namespace; `None` if `/proc` does not
/// tell.
pub fn is_initial(proc_root: &Path) -> Option<bool> {
    let namespace = fs::read_link(proc_root.join("self/ns/pid")).ok()?;
    Some(namespace.as_os_str() == INITIAL)
}
