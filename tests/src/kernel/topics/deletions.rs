//! Deleting files and directories.

use std::io::Write as _;

use libc::{O_CREAT, O_RDWR};

use crate::kernel::{
    case::Case,
    expected::{directory, whiteout},
    facts::Facts,
    layer::Layer,
    merged::refused,
};

pub(super) fn cases(facts: &Facts) -> Vec<Case> {
    let mut cases = files(facts);
    cases.extend(trees());
    cases.extend(over_whiteouts(facts));
    cases.extend(nothing());
    cases
}

fn one(layer: &Layer) -> anyhow::Result<()> {
    layer.file("f", 5000)
}

fn files(facts: &Facts) -> Vec<Case> {
    vec![
        Case::new("deletions::lower_file")
            .lower(one)
            .run(|merged| Ok(merged.unlink("f")?))
            .reports([whiteout("/f", "unlink")]),
        // The second whiteout is a hard link of the first.
        Case::new("deletions::two_lower_files")
            .lower(|layer| layer.files(&["f", "g"], 5000))
            .run(|merged| {
                merged.unlink("f")?;
                Ok(merged.unlink("g")?)
            })
            .reports([whiteout("/f", "unlink"), whiteout("/g", "unlink")]),
        Case::new("deletions::copied_file")
            .lower(one)
            .run(|merged| {
                merged.touch("f")?;
                Ok(merged.unlink("f")?)
            })
            .reports([facts.data("/f", 5000, "open"), whiteout("/f", "unlink")]),
        Case::new("deletions::below_lower_directories")
            .lower(|layer| layer.file("a/b/f", 5000))
            .run(|merged| Ok(merged.unlink("a/b/f")?))
            .reports([
                directory("/a", "unlink").ancestor(),
                directory("/a/b", "unlink"),
                whiteout("/a/b/f", "unlink"),
            ]),
        Case::new("deletions::symlink")
            .lower(|layer| layer.symlink("s", "nowhere"))
            .run(|merged| Ok(merged.unlink("s")?))
            .reports([whiteout("/s", "unlink")]),
        // It has no name any more, so nothing is written to the upper layer.
        Case::new("deletions::open_file_stays_readable")
            .lower(one)
            .run(|merged| {
                let file = merged.open("f", libc::O_RDONLY)?;
                merged.unlink("f")?;
                anyhow::ensure!(file.metadata()?.len() == 5000);
                Ok(())
            })
            .reports([whiteout("/f", "unlink")]),
    ]
}

fn trees() -> Vec<Case> {
    vec![
        Case::new("deletions::empty_lower_directory")
            .lower(|layer| layer.directory("d"))
            .run(|merged| Ok(merged.rmdir("d")?))
            .reports([whiteout("/d", "rmdir")]),
        // The directory is replaced by an opaque one on the way, which does
        // not stay.
        Case::new("deletions::lower_tree")
            .lower(|layer| layer.files(&["d/f", "d/g"], 5000))
            .run(|merged| {
                merged.unlink("d/f")?;
                merged.unlink("d/g")?;
                Ok(merged.rmdir("d")?)
            })
            .reports([
                directory("/d", "unlink"),
                whiteout("/d/f", "unlink"),
                whiteout("/d/g", "unlink"),
                whiteout("/d", "rmdir"),
            ])
            .gone("/d/f")
            .gone("/d/g"),
        Case::new("deletions::lower_directory_that_is_not_empty")
            .lower(|layer| layer.file("d/f", 5000))
            .run(|merged| refused(libc::ENOTEMPTY, merged.rmdir("d"))),
    ]
}

/// Making something where a name was deleted.
fn over_whiteouts(facts: &Facts) -> Vec<Case> {
    vec![
        Case::new("deletions::then_a_new_file")
            .lower(one)
            .run(|merged| {
                merged.unlink("f")?;
                Ok(merged.create("f")?)
            })
            .reports([whiteout("/f", "unlink")])
            .upper("/f", "new"),
        Case::new("deletions::then_a_new_file_then_again")
            .lower(one)
            .run(|merged| {
                merged.unlink("f")?;
                merged.create("f")?;
                Ok(merged.unlink("f")?)
            })
            .reports([whiteout("/f", "unlink"), whiteout("/f", "unlink")]),
        Case::new("deletions::then_a_new_symlink")
            .lower(one)
            .run(|merged| {
                merged.unlink("f")?;
                Ok(merged.symlink("f")?)
            })
            .reports([whiteout("/f", "unlink")])
            .upper("/f", "new"),
        Case::new("deletions::then_a_new_directory")
            .lower(one)
            .run(|merged| {
                merged.unlink("f")?;
                Ok(merged.mkdir("f")?)
            })
            .reports([whiteout("/f", "unlink"), whiteout("/f", "opaque")])
            .upper("/f", "new opaque"),
        Case::new("deletions::directory_then_a_new_one")
            .lower(|layer| layer.directory("d"))
            .run(|merged| {
                merged.rmdir("d")?;
                Ok(merged.mkdir("d")?)
            })
            .reports([whiteout("/d", "rmdir"), whiteout("/d", "opaque")])
            .upper("/d", "new opaque"),
        Case::new("deletions::new_directory_then_again")
            .lower(|layer| layer.directory("d"))
            .run(|merged| {
                merged.rmdir("d")?;
                merged.mkdir("d")?;
                Ok(merged.rmdir("d")?)
            })
            .reports([
                whiteout("/d", "rmdir"),
                whiteout("/d", "opaque"),
                whiteout("/d", "rmdir"),
            ])
            .upper("/d", "whiteout"),
        Case::new("deletions::new_directory_is_no_whiteout")
            .lower(one)
            .run(|merged| {
                merged.mkdir("new")?;
                Ok(merged.rmdir("new")?)
            })
            .reports(facts.mkdir("/new"))
            .gone("/new"),
    ]
}

fn nothing() -> Vec<Case> {
    vec![
        Case::new("deletions::new_file_is_nothing")
            .lower(one)
            .run(|merged| {
                merged.open("new", O_RDWR | O_CREAT)?.write_all(b"x")?;
                Ok(merged.unlink("new")?)
            }),
        Case::new("deletions::missing_name_is_nothing")
            .lower(one)
            .run(|merged| refused(libc::ENOENT, merged.unlink("none"))),
        Case::new("deletions::unlink_of_a_directory_is_nothing")
            .lower(|layer| layer.directory("d"))
            .run(|merged| refused(libc::EISDIR, merged.unlink("d"))),
    ]
}
