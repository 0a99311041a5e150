//! Other users than root, and user namespaces.

use std::io;

use crate::kernel::{
    case::Case,
    expected::{copied, whiteout},
    facts::Facts,
    layer::Layer,
    merged::Merged,
    process::{become_user, in_child, unshare_user},
    sys,
};

/// Nobody in particular.
const USER: u32 = 1000;

pub(super) fn cases(facts: &Facts) -> Vec<Case> {
    let rootless = |name| {
        Case::new(name)
            .options("userxattr")
            .lower_on_tmpfs()
            .unmounted()
            .needs(
                facts.user_namespaces && facts.user_attributes,
                "overlays in user namespaces (5.11) and user attributes on the upper file system",
            )
    };
    vec![
        // The kernel does it as whoever mounted; the event names the caller.
        Case::new("ownership::another_user")
            .lower(|layer| layer.file("f", 5000))
            .run(|merged| {
                in_child(0, || {
                    become_user(USER)?;
                    merged.touch("f")
                })
            })
            .reports([facts.data("/f", 5000, "open").uid(USER)]),
        Case::new("ownership::permission_denied_is_nothing")
            .lower(|layer| layer.file("f", 5000))
            .run(|merged| {
                in_child(libc::EPERM, || {
                    become_user(USER)?;
                    merged.chmod("f", 0o600)
                })
            }),
        rootless("ownership::rootless_mount")
            .lower(|layer| {
                layer.files(&["f", "g"], 5000)?;
                owned(layer, &["f", "g"])
            })
            .run(|merged| {
                as_rootless(merged, 0, |merged| {
                    merged.touch("f")?;
                    merged.unlink("g")
                })
            })
            .reports([
                copied("/f", 5000, "open").uid(USER),
                whiteout("/g", "unlink").uid(USER),
            ])
            // Such a mount may not open files by handle, so it stores none.
            .anonymous_origins(),
        // The owner has no number in the mounter's namespace.
        rootless("ownership::unmapped_owner")
            .lower(|layer| {
                layer.file("f", 5000)?;
                owned(layer, &[])
            })
            .run(|merged| as_rootless(merged, libc::EOVERFLOW, |merged| merged.touch("f")))
            .reports([copied("/f", 5000, "open").uid(USER).failed(&["EOVERFLOW"])]),
    ]
}

/// Gives the layer and some files in it to the user.
fn owned(layer: &Layer, names: &[&str]) -> anyhow::Result<()> {
    for name in ["."].iter().chain(names) {
        sys::chown(&layer.root.join(name), USER)?;
    }
    Ok(())
}

/// Mounts the overlay as an unprivileged user and works in it.
fn as_rootless(
    merged: &Merged,
    errno: i32,
    work: impl FnOnce(&Merged) -> io::Result<()>,
) -> anyhow::Result<()> {
    for directory in [&merged.upper, &merged.work, &merged.root] {
        sys::chown(directory, USER)?;
    }
    in_child(errno, || {
        become_user(USER)?;
        unshare_user(USER)?;
        merged.mount()?;
        work(merged)
    })
}
