//! Mount options, layers, and overlays over overlays.

use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

use anyhow::ensure;

use crate::kernel::{
    case::Case,
    expected::{copied, directory, whiteout},
    facts::Facts,
    layer::{Layer, MIB},
    mapped,
    merged::{Merged, overlay, refused},
    sys,
};

pub(super) fn cases(facts: &Facts) -> Vec<Case> {
    let mut cases = layers(facts);
    cases.extend(options(facts));
    cases.extend(places(facts));
    cases.extend(overlays(facts));
    cases
}

fn layers(facts: &Facts) -> Vec<Case> {
    let ten = (0..9).fold(
        Case::new("mounts::tenth_layer").lower(|layer| layer.file("first", 1)),
        |case, index| {
            case.lower(move |layer| layer.file(if index == 8 { "tenth" } else { "other" }, 5000))
        },
    );
    vec![
        Case::new("mounts::file_of_the_second_layer")
            .lower(|layer| layer.file("f", 5000))
            .lower(|layer| layer.file("g", 3000))
            .run(|merged| Ok(merged.touch("g")?))
            .reports([facts.data("/g", 3000, "open").layer(2)]),
        Case::new("mounts::file_of_both_layers")
            .lower(|layer| layer.file("f", 5000))
            .lower(|layer| layer.file("f", 3000))
            .run(|merged| Ok(merged.touch("f")?))
            .reports([facts.data("/f", 5000, "open").layer(1)]),
        ten.run(|merged| Ok(merged.touch("tenth")?))
            .reports([facts.data("/tenth", 5000, "open").layer(10)]),
    ]
}

fn options(facts: &Facts) -> Vec<Case> {
    vec![
        Case::new("mounts::volatile")
            .options("volatile")
            .lower(|layer| layer.file("f", 3 * MIB))
            .run(|merged| Ok(merged.touch("f")?))
            .reports([facts.data("/f", 3 * MIB, "open")]),
        Case::new("mounts::fsync_strict")
            .options("fsync=strict")
            .lower(|layer| layer.file("d/f", 3 * MIB))
            .needs(facts.fsync_strict, "the mount option fsync=strict")
            .run(|merged| Ok(merged.touch("d/f")?))
            .reports([
                directory("/d", "open").ancestor(),
                facts.data("/d/f", 3 * MIB, "open"),
            ]),
        Case::new("mounts::lower_with_mapped_owners")
            .unmounted()
            .lower(|layer| layer.file("f", 5000))
            .needs(facts.mapped_layers, "layers with mapped owners (5.19)")
            .run(|merged| {
                let shown = mapped::mount(merged)?;
                merged.touch("f")?;
                let owner = fs::metadata(merged.upper.join("f"))?.uid();
                ensure!(owner == mapped::OWNER, "the copy is {owner}'s");
                sys::umount(&merged.root)?;
                Ok(sys::umount(&shown)?)
            })
            .reports([facts.data("/f", 5000, "open")]),
        Case::new("mounts::xino")
            .options("xino=on")
            .lower(|layer| layer.file("f", 5000))
            .run(|merged| Ok(merged.touch("f")?))
            .reports([facts.data("/f", 5000, "open")]),
        Case::new("mounts::read_only_is_nothing")
            .lower(|layer| layer.file("f", 5000))
            .run(|merged| {
                let flags = libc::MS_REMOUNT | libc::MS_RDONLY;
                sys::mount("overlay", &merged.root, "overlay", flags, "")?;
                refused(libc::EROFS, merged.touch("f"))?;
                refused(libc::EROFS, merged.unlink("f"))
            }),
    ]
}

/// One superblock that is mounted at several places is one overlay.
fn places(facts: &Facts) -> Vec<Case> {
    vec![
        Case::new("mounts::bound_elsewhere")
            .lower(|layer| layer.files(&["d/f", "d/g", "h"], 5000))
            .run(|merged| {
                let binds = [("", "bind-0"), ("d", "bind-1"), ("", "bind-2")];
                let place = |name: &str| merged.root.with_file_name(name);
                for (from, to) in binds {
                    fs::create_dir_all(place(to))?;
                    let from = merged.at(from).display().to_string();
                    sys::mount(&from, &place(to), "", libc::MS_BIND, "")?;
                }
                sys::chmod(&place("bind-0").join("d/f"), 0o600)?;
                sys::chmod(&place("bind-1").join("g"), 0o600)?;
                sys::unlink(&place("bind-2").join("h"))?;
                for (_, to) in binds {
                    sys::umount(&place(to))?;
                }
                Ok(())
            })
            .reports([
                directory("/d", "chmod").ancestor(),
                facts.data("/d/f", 5000, "chmod"),
                facts.data("/d/g", 5000, "chmod"),
                whiteout("/h", "unlink"),
            ]),
        // Its only mount point is gone when it writes.
        Case::new("mounts::detached")
            .lower(|layer| layer.file("f", 5000))
            .run(|merged| {
                let root = merged.open("", libc::O_RDONLY)?;
                sys::umount(&merged.root)?;
                let inside = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&root));
                Ok(sys::open(&Path::new(&inside).join("f"), libc::O_RDWR).map(drop)?)
            })
            .reports([facts.data("/f", 5000, "open")]),
    ]
}

/// An overlay as the lower layer of another.
fn nested(layer: &Layer) -> anyhow::Result<()> {
    let inner = layer.root.with_file_name("inner");
    let at = |name: &str| inner.join(name);
    for name in ["upper", "work"] {
        fs::create_dir_all(at(name))?;
    }
    let lower = Layer { root: at("lower") };
    lower.file("f", MIB)?;
    lower.sparse("sparse", 16 * MIB)?;
    lower.file("gone", 5000)?;
    overlay(
        &lower.root.display().to_string(),
        &at("upper"),
        &at("work"),
        &layer.root,
        "",
    )?;
    Ok(())
}

/// Reading through the inner overlay copies nothing up in it.
fn overlays(facts: &Facts) -> Vec<Case> {
    let unmount = |merged: &Merged| -> anyhow::Result<()> {
        sys::umount(&merged.root)?;
        Ok(sys::umount(&merged.lowers[0])?)
    };
    vec![
        Case::new("mounts::lower_is_an_overlay")
            .lower(nested)
            .run(move |merged| {
                merged.touch("f")?;
                merged.touch("sparse")?;
                merged.unlink("gone")?;
                unmount(merged)
            })
            .reports([
                copied("/f", MIB, "open"),
                copied("/sparse", 16 * MIB, "open").copied(MIB),
                whiteout("/gone", "unlink"),
            ])
            .nested(),
        Case::new("mounts::upper_in_an_overlay_is_refused")
            .lower(|layer| layer.file("f", 1))
            .run(|merged| {
                for name in ["upper", "work"] {
                    merged.mkdir(name)?;
                }
                let lower = merged.lowers[0].display().to_string();
                let point = merged.root.with_file_name("outer");
                fs::create_dir_all(&point)?;
                let (upper, work) = (merged.at("upper"), merged.at("work"));
                refused(libc::EINVAL, overlay(&lower, &upper, &work, &point, ""))
            })
            .reports(
                ["/upper", "/work"]
                    .into_iter()
                    .filter_map(|path| facts.mkdir(path)),
            )
            .upper("/upper", facts.new_directory())
            .upper("/work", facts.new_directory()),
    ]
}
