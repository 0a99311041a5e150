//! What people reported in public: sequences of calls that copied more, or hid other names,
//! than they had expected. Each case names its source.

use std::{
    ffi::CStr,
    fs::{self, Permissions},
    os::{
        fd::AsRawFd as _,
        unix::{fs::PermissionsExt as _, net::UnixListener},
    },
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context as _;
use libc::{O_APPEND, O_NOFOLLOW, O_PATH, O_RDONLY, O_TRUNC, O_WRONLY};

use crate::kernel::{
    case::Case,
    expected::{directory, empty, special, symlink, whiteout},
    facts::Facts,
    layer::{Layer, MIB},
    merged::{Merged, refused},
    sys,
};

const LABEL: &CStr = c"trusted.label";

pub(super) fn cases(facts: &Facts) -> Vec<Case> {
    vec![
        relabel(facts),
        verity_required(facts),
        moved_and_deleted(facts),
        sockets(),
        by_descriptor(facts),
        immutable(facts),
        append_only(facts),
        links_out_of_a_store(facts),
        marks_for_users(facts),
        marks_of_a_nested_engine(facts),
        busy_program(facts),
        given_away_then_replaced(facts),
    ]
}

/// An engine relabels an overlay that is a volume (podman #12953).
fn relabel(facts: &Facts) -> Case {
    const NAMES: [&str; 7] = ["", "empty", "file", "link", "one", "pipe", "two"];
    Case::new("reports::relabel")
        .lower(|layer| {
            layer.directory("tree/empty")?;
            layer.file("tree/file", 5000)?;
            layer.symlink("tree/link", "file")?;
            layer.file("tree/one", 7000)?;
            layer.fifo("tree/pipe")?;
            layer.hard_link("tree/two", "tree/one")
        })
        .run(|merged| {
            // The second time everything is in the upper layer.
            for name in NAMES.iter().chain(&NAMES) {
                merged.setxattr(&format!("tree/{name}"), LABEL)?;
            }
            Ok(())
        })
        .reports([
            directory("/tree", "setxattr"),
            directory("/tree/empty", "setxattr"),
            facts.data("/tree/file", 5000, "setxattr"),
            symlink("/tree/link", "setxattr"),
            facts.data("/tree/one", 7000, "setxattr"),
            special("/tree/pipe", "setxattr"),
            facts.data("/tree/two", 7000, "setxattr"),
        ])
        .upper("/tree/one", "new")
        .upper("/tree/two", "new")
}

/// With `verity=require` a file without a digest is copied in full, in spite of `metacopy=on`
/// (composefs #147).
fn verity_required(facts: &Facts) -> Case {
    Case::new("reports::verity_required")
        .options("metacopy=on,redirect_dir=on,verity=require")
        .needs(facts.verity_required, "the mount option verity=require")
        .lower(|layer| {
            layer.file("one", 2 * MIB)?;
            layer.file("two", 300_000)?;
            layer.file("empty", 0)
        })
        .run(|merged| {
            merged.chmod("one", 0o600)?;
            merged.chown("two", 1)?;
            merged.chmod("empty", 0o600)?;
            Ok(merged.touch("one")?)
        })
        .reports([
            facts.data("/one", 2 * MIB, "chmod"),
            facts.data("/two", 300_000, "chown"),
            empty("/empty", "chmod"),
        ])
}

/// A file is moved into a new directory and deleted there, or moved back (moby #9572).
fn moved_and_deleted(facts: &Facts) -> Case {
    let copies = [
        directory("/bin", "rename").ancestor(),
        facts.data("/bin/false", 30_000, "rename"),
        facts.data("/bin/true", 20_000, "rename"),
        whiteout("/bin/false", "rename"),
        whiteout("/bin/true", "rename"),
        whiteout("/bin/true", "unlink"),
    ];
    let made = [facts.mkdir("/new"), facts.mkdir("/new")];
    Case::new("reports::moved_and_deleted")
        .lower(|layer| {
            layer.file("bin/false", 30_000)?;
            layer.file("bin/true", 20_000)
        })
        .run(|merged| {
            merged.mkdir("new")?;
            merged.rename("bin/false", "new/false")?;
            merged.unlink("new/false")?;
            merged.rmdir("new")?;
            merged.mkdir("new")?;
            merged.rename("bin/true", "new/true")?;
            merged.rename("new/true", "bin/true")?;
            merged.rmdir("new")?;
            Ok(merged.unlink("bin/true")?)
        })
        .reports(copies.into_iter().chain(made.into_iter().flatten()))
        .gone("/new")
}

/// A supervisor replaces the socket that it left in the image (moby #12080).
fn sockets() -> Case {
    Case::new("reports::sockets")
        .lower(|layer| layer.socket("run/app.sock"))
        .run(|merged| {
            let (socket, temporary) = ("run/app.sock", "run/app.sock.7");
            let stale = UnixListener::bind(merged.at(socket));
            refused(libc::EADDRINUSE, stale)?;
            let _listener = UnixListener::bind(merged.at(temporary))?;
            merged.chmod(temporary, 0o777)?;
            refused(libc::EEXIST, merged.link(temporary, socket))?;
            merged.unlink(socket)?;
            merged.link(temporary, socket)?;
            Ok(merged.unlink(temporary)?)
        })
        .reports([
            directory("/run", "create").syscall(Some("bind")),
            whiteout("/run/app.sock", "unlink"),
        ])
        .upper("/run/app.sock", "new")
}

/// Changes through descriptors that only name a file, as systemd-tmpfiles makes them
/// (Flatcar #986).
fn by_descriptor(facts: &Facts) -> Case {
    Case::new("reports::by_descriptor")
        .lower(|layer| {
            layer.file("etc/conf", 4000)?;
            layer.symlink("etc/link", "conf")?;
            layer.file("srv/data/x", 9000)
        })
        .run(|merged| {
            let hold = |name| merged.open(name, O_PATH | O_NOFOLLOW);
            let (conf, link) = (hold("etc/conf")?, hold("etc/link")?);
            let (data, x) = (hold("srv/data")?, hold("srv/data/x")?);
            let at = |file: &fs::File| PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
            let permissions = Permissions::from_mode(0o600);
            refused(libc::EBADF, conf.set_permissions(permissions))?;
            sys::chmod(&at(&conf), 0o600)?;
            sys::chown_held(&link, 1)?;
            sys::chown(&at(&data), 1)?;
            Ok(sys::open(&at(&x), O_WRONLY).map(drop)?)
        })
        .reports([
            directory("/etc", "chmod").ancestor(),
            facts.data("/etc/conf", 4000, "chmod"),
            symlink("/etc/link", "chown"),
            directory("/srv", "chown").ancestor(),
            directory("/srv/data", "chown"),
            facts.data("/srv/data/x", 9000, "open"),
        ])
}

/// An immutable file of the image is refused before overlayfs is asked, and copied up by the
/// call that makes it changeable (moby #15959).
fn immutable(facts: &Facts) -> Case {
    Case::new("reports::immutable")
        .needs(facts.inode_flags, "inode flags of lower files (5.15)")
        .lower(|layer| {
            layer.file("etc/conf", 1500)?;
            with_flags(layer, "etc/conf", sys::FS_IMMUTABLE_FL)
        })
        .run(|merged| {
            refused(libc::EPERM, merged.open("etc/conf", O_WRONLY))?;
            refused(libc::EPERM, merged.chmod("etc/conf", 0o600))?;
            refused(libc::EPERM, merged.unlink("etc/conf"))?;
            refused(libc::EPERM, merged.rename("etc/conf", "etc/old"))?;
            refused(libc::EPERM, merged.link("etc/conf", "etc/other"))?;
            sys::set_flags(&merged.open("etc/conf", O_RDONLY)?, 0)?;
            Ok(merged.unlink("etc/conf")?)
        })
        .reports([
            directory("/etc", "ioctl").ancestor(),
            facts.data("/etc/conf", 1500, "ioctl"),
            whiteout("/etc/conf", "unlink"),
        ])
}

/// A log of the image that only grows: it is copied up, and still cannot be deleted
/// (moby #15959).
fn append_only(facts: &Facts) -> Case {
    Case::new("reports::append_only")
        .needs(facts.inode_flags, "inode flags of lower files (5.15)")
        .lower(|layer| {
            layer.file("log", 8000)?;
            with_flags(layer, "log", sys::FS_APPEND_FL)
        })
        .run(|merged| {
            refused(libc::EPERM, merged.open("log", O_WRONLY))?;
            merged.open("log", O_WRONLY | O_APPEND)?;
            refused(libc::EPERM, merged.unlink("log"))
        })
        .reports([facts
            .data("/log", 8000, "open")
            .flags(&["O_WRONLY", "O_APPEND"])])
}

fn with_flags(layer: &Layer, name: &str, flags: libc::c_long) -> anyhow::Result<()> {
    Ok(sys::set_flags(
        &sys::open(&layer.at(name)?, O_RDONLY)?,
        flags,
    )?)
}

/// A package manager links files out of a store that is in the image (pnpm.io #914).
fn links_out_of_a_store(facts: &Facts) -> Case {
    Case::new("reports::links_out_of_a_store")
        .lower(|layer| {
            layer.file("store/v3/aa", 60_000)?;
            layer.hard_link("store/v3/ab", "store/v3/aa")?;
            layer.file("app/modules/old", 100)
        })
        .run(|merged| {
            merged.link("store/v3/aa", "app/modules/x")?;
            merged.link("store/v3/aa", "app/modules/x2")?;
            merged.link("store/v3/ab", "app/modules/y")?;
            merged.unlink("app/modules/old")?;
            merged.link("store/v3/aa", "app/modules/old")?;
            merged.chmod("app/modules/x", 0o755)?;
            merged.unlink("store/v3/aa")?;
            Ok(merged.unlink("app/modules/x2")?)
        })
        .reports([
            directory("/store", "link").ancestor(),
            directory("/store/v3", "link").ancestor(),
            facts.data("/store/v3/aa", 60_000, "link"),
            directory("/app", "link").ancestor(),
            directory("/app/modules", "link"),
            facts.data("/store/v3/ab", 60_000, "link"),
            whiteout("/app/modules/old", "unlink"),
            whiteout("/store/v3/aa", "unlink"),
        ])
        .upper("/store/v3/ab", "new")
        .upper("/app/modules/x", "new")
        .upper("/app/modules/y", "new")
        .upper("/app/modules/old", "new")
}

/// A mark of overlayfs' for user namespaces is an ordinary attribute on other mounts.
fn marks_for_users(facts: &Facts) -> Case {
    let user_attributes = facts.user_attributes;
    let mark = c"user.overlay.opaque";
    let copy = if user_attributes {
        "copy of /e opaque"
    } else {
        "copy of /e"
    };
    Case::new("reports::marks_for_users")
        .lower(|layer| layer.directory("e"))
        .run(move |merged| {
            let marked = sys::setxattr(&merged.at("e"), mark, b"y");
            if user_attributes {
                Ok(marked?)
            } else {
                refused(libc::EOPNOTSUPP, marked)
            }
        })
        .reports([directory("/e", "setxattr")])
        .upper("/e", copy)
}

/// An engine inside of a container marks directories of its own layers: on the outer overlay
/// these are attributes like others (sysbox #254).
fn marks_of_a_nested_engine(facts: &Facts) -> Case {
    Case::new("reports::marks_of_a_nested_engine")
        .needs(facts.nested_marks, "marks of nested overlays (6.7)")
        .lower(|layer| {
            layer.file("d/x", 100)?;
            layer.file("f", 5000)
        })
        .run(|merged| {
            sys::setxattr(&merged.at("d"), c"trusted.overlay.opaque", b"y")?;
            sys::setxattr(&merged.at("f"), c"trusted.overlay.whiteout", b"")?;
            fs::metadata(merged.at("d/x")).context("it is still seen")?;
            refused(libc::EPERM, merged.mknod("d/dev", libc::S_IFCHR, 0))
        })
        .reports([
            directory("/d", "setxattr"),
            facts.data("/f", 5000, "setxattr"),
        ])
}

/// A running program cannot be written to, but replaced (gvisor #1005).
fn busy_program(facts: &Facts) -> Case {
    const APP: &str = "usr/bin/app";
    Case::new("reports::busy_program")
        .needs(
            facts.programs_are_busy,
            "running programs that cannot be written to",
        )
        .lower(|layer| {
            fs::copy("/bin/sleep", layer.at(APP)?)?;
            Ok(())
        })
        .run(|merged| {
            let mut running = Command::new(merged.at(APP)).arg("600").spawn()?;
            let replaced = replace_busy(merged, Path::new(APP));
            running.kill()?;
            running.wait()?;
            replaced
        })
        .reports([
            directory("/usr", "create").ancestor(),
            directory("/usr/bin", "create"),
            whiteout("/usr/bin/app", "unlink"),
        ])
}

fn replace_busy(merged: &Merged, app: &Path) -> anyhow::Result<()> {
    let app = app.display().to_string();
    refused(libc::ETXTBSY, merged.open(&app, O_WRONLY))?;
    refused(libc::ETXTBSY, merged.open(&app, O_WRONLY | O_TRUNC))?;
    refused(libc::ETXTBSY, merged.truncate(&app, 0))?;
    merged.create("usr/bin/.new")?;
    merged.rename("usr/bin/.new", &app)?;
    merged.open(&app, O_WRONLY)?;
    Ok(merged.unlink(&app)?)
}

/// An entrypoint gives its configuration away and then replaces it (cassandra #165).
fn given_away_then_replaced(facts: &Facts) -> Case {
    const FILES: [&str; 3] = ["srv/f1", "srv/f2", "srv/f3"];
    Case::new("reports::given_away_then_replaced")
        .lower(|layer| layer.files(&FILES, 900))
        .run(|merged| {
            FILES.iter().try_for_each(|name| merged.chown(name, 1))?;
            for name in FILES {
                merged.create("srv/.new")?;
                merged.rename("srv/.new", name)?;
            }
            Ok(())
        })
        .reports([
            directory("/srv", "chown").ancestor(),
            facts.data("/srv/f1", 900, "chown"),
            facts.data("/srv/f2", 900, "chown"),
            facts.data("/srv/f3", 900, "chown"),
        ])
        .upper("/srv/f1", "new")
        .upper("/srv/f2", "new")
        .upper("/srv/f3", "new")
}
