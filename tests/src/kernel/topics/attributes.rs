//! Changing attributes and sizes without opening for writing.

use std::{
    ffi::CStr,
    fs::Permissions,
    io::{Read as _, Write as _},
    os::unix::fs::PermissionsExt as _,
};

use libc::{O_APPEND, O_RDONLY, O_WRONLY};

use crate::kernel::{
    case::Case,
    facts::Facts,
    int80,
    layer::{Layer, MIB},
    merged::refused,
    sys,
};

/// An ACL that lets user 1000 read, as the kernel takes it: version 2, then
/// tag, permissions and id of each entry
/// (`include/uapi/linux/posix_acl_xattr.h`).
pub(crate) const ACL: &[u8] = &[
    2, 0, 0, 0, //
    1, 0, 6, 0, 255, 255, 255, 255, //
    2, 0, 4, 0, 232, 3, 0, 0, //
    4, 0, 4, 0, 255, 255, 255, 255, //
    16, 0, 4, 0, 255, 255, 255, 255, //
    32, 0, 4, 0, 255, 255, 255, 255,
];

/// Where it is.
pub(crate) const ACL_NAME: &CStr = c"system.posix_acl_access";

const NAME: &CStr = c"trusted.test";

const CAPABILITIES_NAME: &CStr = c"security.capability";

/// `CAP_NET_RAW` as the kernel takes it: version 2 and the bit for effective, then permitted
/// and inheritable capabilities, twice (`include/uapi/linux/capability.h`).
const CAPABILITIES: &[u8] = &[
    1, 0, 0, 2, //
    0, 32, 0, 0, 0, 0, 0, 0, //
    0, 0, 0, 0, 0, 0, 0, 0,
];

pub(super) fn cases(facts: &Facts) -> Vec<Case> {
    let mut cases = vec![
        Case::new("attributes::chmod")
            .lower(|layer| layer.file("f", MIB))
            .run(|merged| Ok(merged.chmod("f", 0o600)?))
            .reports([facts.data("/f", MIB, "chmod").flags(&[])]),
        // i386's number of chmod is another call's of x86-64.
        Case::new("attributes::chmod_by_a_32_bit_call")
            .needs(facts.int80, "32-bit system calls of 64-bit programs")
            .lower(|layer| layer.file("f", 5000))
            .run(|merged| Ok(int80::chmod(&merged.at("f"), 0o600)?))
            .reports([facts.data("/f", 5000, "chmod").syscall(Some("chmod"))]),
        Case::new("attributes::chmod_twice")
            .lower(|layer| layer.file("f", 5000))
            .run(|merged| {
                merged.chmod("f", 0o600)?;
                Ok(merged.chmod("f", 0o640)?)
            })
            .reports([facts.data("/f", 5000, "chmod")]),
        Case::new("attributes::fchmod_of_a_read_only_file")
            .lower(|layer| layer.file("f", 4096))
            .run(|merged| {
                let file = merged.open("f", O_RDONLY)?;
                Ok(file.set_permissions(Permissions::from_mode(0o600))?)
            })
            .reports([facts.data("/f", 4096, "chmod")]),
        Case::new("attributes::chown")
            .lower(|layer| layer.file("f", MIB))
            .run(|merged| Ok(merged.chown("f", 1)?))
            .reports([facts.data("/f", MIB, "chown")]),
        Case::new("attributes::lchown")
            .lower(|layer| layer.file("f", 5000))
            .run(|merged| Ok(merged.lchown("f", 1)?))
            .reports([facts.data("/f", 5000, "chown")]),
        Case::new("attributes::fchown_of_a_read_only_file")
            .lower(|layer| layer.file("f", 5000))
            .run(|merged| {
                let file = merged.open("f", O_RDONLY)?;
                Ok(std::os::unix::fs::fchown(&file, Some(1), Some(1))?)
            })
            .reports([facts.data("/f", 5000, "chown")]),
        Case::new("attributes::utimes")
            .lower(|layer| layer.file("f", MIB))
            .run(|merged| Ok(merged.utimes("f")?))
            .reports([facts.data("/f", MIB, "utimes")]),
        Case::new("attributes::chmod_below_a_lower_directory")
            .lower(|layer| layer.file("a/b/f", 5000))
            .run(|merged| Ok(merged.chmod("a/b/f", 0o600)?))
            .reports([
                crate::kernel::expected::directory("/a", "chmod").ancestor(),
                crate::kernel::expected::directory("/a/b", "chmod").ancestor(),
                facts.data("/a/b/f", 5000, "chmod"),
            ]),
    ];
    cases.extend(sizes(facts));
    cases.extend(extended(facts));
    cases.extend(privileged(facts));
    cases.extend(nothing());
    cases
}

fn sizes(facts: &Facts) -> Vec<Case> {
    vec![
        // All is copied, although little of it remains.
        Case::new("attributes::truncate_to_less")
            .lower(|layer| layer.file("f", MIB))
            .run(|merged| Ok(merged.truncate("f", 100)?))
            .reports([facts.data("/f", MIB, "truncate").flags(&[])]),
        Case::new("attributes::truncate_to_nothing")
            .lower(|layer| layer.file("f", MIB))
            .run(|merged| Ok(merged.truncate("f", 0)?))
            .reports([facts.data("/f", MIB, "truncate")]),
        Case::new("attributes::truncate_to_more")
            .lower(|layer| layer.file("f", 5000))
            .run(|merged| Ok(merged.truncate("f", 9000)?))
            .reports([facts.data("/f", 5000, "truncate")]),
        Case::new("attributes::ftruncate_after_open")
            .lower(|layer| layer.file("f", 5000))
            .run(|merged| Ok(merged.open("f", O_WRONLY)?.set_len(10)?))
            .reports([facts.data("/f", 5000, "open").flags(&["O_WRONLY"])]),
    ]
}

fn extended(facts: &Facts) -> Vec<Case> {
    vec![
        Case::new("attributes::setxattr")
            .lower(|layer| layer.file("f", 65_536))
            .run(|merged| Ok(merged.setxattr("f", NAME)?))
            .reports([facts.data("/f", 65_536, "setxattr")]),
        Case::new("attributes::removexattr")
            .lower(|layer| {
                layer.file("f", 5000)?;
                Ok(sys::setxattr(&layer.at("f")?, NAME, b"value")?)
            })
            .run(|merged| Ok(merged.removexattr("f", NAME)?))
            .reports([facts.data("/f", 5000, "setxattr")]),
        Case::new("attributes::removexattr_of_none_is_nothing")
            .lower(|layer| layer.file("f", 5000))
            .run(|merged| refused(libc::ENODATA, merged.removexattr("f", NAME))),
        Case::new("attributes::set_acl")
            .needs(facts.acl, "a file system with POSIX ACLs")
            .lower(|layer| layer.file("f", 5000))
            .run(|merged| Ok(sys::setxattr(&merged.at("f"), ACL_NAME, ACL)?))
            .reports([facts.data("/f", 5000, "setxattr")]),
        // Whether the flags can be set depends on the file system and the
        // kernel; the file is copied up before that is known.
        Case::new("attributes::set_flags_of_a_read_only_file")
            .lower(|layer| layer.file("f", 4096))
            .run(|merged| {
                let outcome = sys::set_flags(&merged.open("f", O_RDONLY)?, 0);
                match outcome.err().and_then(|error| error.raw_os_error()) {
                    None | Some(libc::ENOTTY) => Ok(()),
                    Some(errno) => anyhow::bail!("errno {errno}"),
                }
            })
            .reports([facts.data("/f", 4096, "ioctl")]),
    ]
}

/// The kernel takes capabilities and set-id bits away by itself, and the capabilities first,
/// as an attribute: what the task asked for is reported all the same.
fn privileged(facts: &Facts) -> Vec<Case> {
    let with_capabilities = |layer: &Layer| {
        layer.file("f", 5000)?;
        Ok(sys::setxattr(
            &layer.at("f")?,
            CAPABILITIES_NAME,
            CAPABILITIES,
        )?)
    };
    vec![
        Case::new("attributes::chown_of_a_file_with_capabilities")
            .lower(with_capabilities)
            .run(|merged| Ok(merged.chown("f", 1)?))
            .reports([facts.data("/f", 5000, "chown")]),
        Case::new("attributes::truncate_of_a_file_with_capabilities")
            .lower(with_capabilities)
            .run(|merged| Ok(merged.truncate("f", 100)?))
            .reports([facts.data("/f", 5000, "truncate")]),
        Case::new("attributes::append_to_a_file_with_capabilities")
            .lower(with_capabilities)
            .run(|merged| Ok(merged.open("f", O_WRONLY | O_APPEND)?.write_all(b"more")?))
            .changes()
            .reports([facts.data("/f", 5000, "open")]),
        Case::new("attributes::setcap_twice")
            .lower(|layer| layer.file("f", MIB))
            .run(|merged| {
                let file = merged.at("f");
                refused(libc::ENODATA, merged.removexattr("f", CAPABILITIES_NAME))?;
                sys::setxattr(&file, CAPABILITIES_NAME, CAPABILITIES)?;
                Ok(sys::setxattr(&file, CAPABILITIES_NAME, CAPABILITIES)?)
            })
            .reports([facts.data("/f", MIB, "setxattr")]),
        Case::new("attributes::chown_of_a_set_id_file")
            .lower(|layer| {
                layer.file("f", 5000)?;
                Ok(sys::chmod(&layer.at("f")?, 0o4755)?)
            })
            .run(|merged| Ok(merged.chown("f", 1)?))
            .reports([facts.data("/f", 5000, "chown")]),
    ]
}

fn nothing() -> Vec<Case> {
    vec![
        Case::new("attributes::stat_and_read_are_nothing")
            .lower(|layer| layer.file("f", 5000))
            .run(|merged| {
                let mut file = merged.open("f", O_RDONLY)?;
                file.metadata()?;
                file.read_to_end(&mut Vec::new())?;
                sys::getxattr(&merged.at("f"), NAME)?;
                Ok(())
            }),
        Case::new("attributes::chmod_of_the_root_is_nothing")
            .lower(|layer| layer.file("f", 5000))
            .run(|merged| Ok(merged.chmod("", 0o700)?)),
        Case::new("attributes::chmod_of_a_new_file_is_nothing")
            .lower(|layer| layer.file("f", 5000))
            .run(|merged| {
                merged.create("new")?;
                Ok(merged.chmod("new", 0o600)?)
            })
            .upper("/new", "new"),
    ]
}
