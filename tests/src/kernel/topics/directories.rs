//! Making things in lower directories, and directories themselves.

use libc::{O_RDWR, O_TMPFILE};

use crate::kernel::{
    case::Case,
    expected::{directory, whiteout},
    facts::Facts,
    layer::Layer,
    merged::refused,
    sys,
};

pub(super) fn cases(facts: &Facts) -> Vec<Case> {
    let mut cases = made(facts);
    cases.extend(attributes());
    cases.extend(moved(facts));
    cases
}

fn one(layer: &Layer) -> anyhow::Result<()> {
    layer.directory("d")
}

fn made(facts: &Facts) -> Vec<Case> {
    vec![
        Case::new("directories::create_in_a_lower_one")
            .lower(one)
            .run(|merged| Ok(merged.create("d/new")?))
            .reports([directory("/d", "create")])
            .upper("/d/new", "new"),
        Case::new("directories::create_deep_in_lower_ones")
            .lower(|layer| layer.directory("a/b/c"))
            .run(|merged| Ok(merged.create("a/b/c/new")?))
            .reports([
                directory("/a", "create").ancestor(),
                directory("/a/b", "create").ancestor(),
                directory("/a/b/c", "create"),
            ])
            .upper("/a/b/c/new", "new"),
        Case::new("directories::mkdir_in_a_lower_one")
            .lower(one)
            .run(|merged| Ok(merged.mkdir("d/new")?))
            .reports(
                [directory("/d", "create")]
                    .into_iter()
                    .chain(facts.mkdir("/d/new")),
            )
            .upper("/d/new", facts.new_directory()),
        Case::new("directories::symlink_in_a_lower_one")
            .lower(one)
            .run(|merged| Ok(merged.symlink("d/new")?))
            .reports([directory("/d", "create")])
            .upper("/d/new", "new"),
        Case::new("directories::mknod_in_a_lower_one")
            .lower(one)
            .run(|merged| Ok(merged.mknod("d/new", libc::S_IFIFO | 0o644, 0)?))
            .reports([directory("/d", "create")])
            .upper("/d/new", "new"),
        Case::new("directories::temporary_file_in_a_lower_one")
            .lower(one)
            .run({
                let possible = facts.tmpfile;
                move |merged| {
                    let opened = merged.open("d", O_TMPFILE | O_RDWR);
                    if possible {
                        return Ok(opened.map(drop)?);
                    }
                    refused(libc::EOPNOTSUPP, opened)
                }
            })
            .reports(facts.tmpfile.then(|| directory("/d", "create"))),
        Case::new("directories::file_handle_is_refused")
            .lower(one)
            .run(|merged| refused(libc::EOPNOTSUPP, sys::handle(&merged.at("d")))),
    ]
}

fn attributes() -> Vec<Case> {
    vec![
        Case::new("directories::chmod")
            .lower(one)
            .run(|merged| Ok(merged.chmod("d", 0o700)?))
            .reports([directory("/d", "chmod")]),
        Case::new("directories::chown_of_an_inner_one")
            .lower(|layer| layer.directory("a/b"))
            .run(|merged| Ok(merged.chown("a/b", 1)?))
            .reports([
                directory("/a", "chown").ancestor(),
                directory("/a/b", "chown"),
            ]),
        Case::new("directories::setxattr")
            .lower(one)
            .run(|merged| Ok(merged.setxattr("d", c"trusted.test")?))
            .reports([directory("/d", "setxattr")]),
        Case::new("directories::list_is_nothing")
            .lower(|layer| layer.file("d/f", 1))
            .run(|merged| {
                anyhow::ensure!(std::fs::read_dir(merged.at("d"))?.count() == 1);
                Ok(())
            }),
    ]
}

/// Directories that must hide what lower layers have.
fn moved(facts: &Facts) -> Vec<Case> {
    // On 5.10 a new directory in a merged one is opaque from the start; in the
    // root it is as well, which is merged.
    let born = facts.new_directories_are_opaque;
    let at = |path| whiteout(if born { "/new" } else { path }, "opaque");
    let into = [directory("/d", "rename"), at("/d/new")];
    let over = [at("/d")];
    vec![
        Case::new("directories::new_one_moved_into_a_lower_one")
            .lower(|layer| layer.file("d/f", 1))
            .run(|merged| {
                merged.mkdir("new")?;
                Ok(merged.rename("new", "d/new")?)
            })
            .reports(into)
            .gone("/new")
            .upper("/d/new", "new opaque"),
        Case::new("directories::new_one_moved_over_a_lower_one")
            .lower(one)
            .run(|merged| {
                merged.mkdir("new")?;
                Ok(merged.rename("new", "d")?)
            })
            .reports(over)
            .gone("/new")
            .upper("/d", "new opaque"),
    ]
}
