//! Renaming.

use crate::kernel::{
    case::Case,
    expected::{directory, symlink, whiteout},
    facts::Facts,
    layer::Layer,
    merged::refused,
};

pub(super) fn cases(facts: &Facts) -> Vec<Case> {
    let mut cases = files(facts);
    cases.extend(over(facts));
    cases.extend(exchanges(facts));
    cases.extend(directories(facts));
    cases
}

fn one(layer: &Layer) -> anyhow::Result<()> {
    layer.file("f", 65_536)
}

fn two(layer: &Layer) -> anyhow::Result<()> {
    layer.files(&["f", "g"], 5000)
}

fn files(facts: &Facts) -> Vec<Case> {
    vec![
        Case::new("renames::lower_file")
            .lower(one)
            .run(|merged| Ok(merged.rename("f", "new")?))
            .reports([facts.data("/f", 65_536, "rename"), whiteout("/f", "rename")])
            .upper("/new", "copy of /f"),
        Case::new("renames::again")
            .lower(one)
            .run(|merged| {
                merged.rename("f", "new")?;
                Ok(merged.rename("new", "newer")?)
            })
            .reports([facts.data("/f", 65_536, "rename"), whiteout("/f", "rename")])
            .upper("/newer", "copy of /f"),
        Case::new("renames::copied_file")
            .lower(one)
            .run(|merged| {
                merged.touch("f")?;
                Ok(merged.rename("f", "new")?)
            })
            .reports([facts.data("/f", 65_536, "open"), whiteout("/f", "rename")])
            .upper("/new", "copy of /f"),
        Case::new("renames::symlink")
            .lower(|layer| layer.symlink("s", "nowhere"))
            .run(|merged| Ok(merged.rename("s", "new")?))
            .reports([symlink("/s", "rename"), whiteout("/s", "rename")])
            .upper("/new", "copy of /s"),
        Case::new("renames::between_lower_directories")
            .lower(|layer| {
                layer.file("a/f", 5000)?;
                layer.directory("b")
            })
            .run(|merged| Ok(merged.rename("a/f", "b/f")?))
            .reports([
                directory("/a", "rename").ancestor(),
                facts.data("/a/f", 5000, "rename"),
                directory("/b", "rename"),
                whiteout("/a/f", "rename"),
            ])
            .upper("/b/f", "copy of /a/f"),
        Case::new("renames::new_file_is_nothing")
            .lower(one)
            .run(|merged| {
                merged.create("new")?;
                Ok(merged.rename("new", "newer")?)
            })
            .upper("/newer", "new"),
        Case::new("renames::onto_itself_is_nothing")
            .lower(one)
            .run(|merged| Ok(merged.rename("f", "f")?)),
        Case::new("renames::no_replace_of_a_name_is_nothing")
            .lower(two)
            .run(|merged| {
                let renamed = merged.rename_with("f", "g", libc::RENAME_NOREPLACE);
                refused(libc::EEXIST, renamed)
            }),
    ]
}

/// Onto a name that lower layers have, or had.
fn over(facts: &Facts) -> Vec<Case> {
    vec![
        // The victim is not copied up.
        Case::new("renames::over_a_lower_file")
            .lower(two)
            .run(|merged| Ok(merged.rename("f", "g")?))
            .reports([facts.data("/f", 5000, "rename"), whiteout("/f", "rename")])
            .upper("/g", "copy of /f"),
        // What editors and package managers do.
        Case::new("renames::new_file_over_a_lower_file")
            .lower(one)
            .run(|merged| {
                merged.create("new")?;
                Ok(merged.rename("new", "f")?)
            })
            .upper("/f", "new"),
        Case::new("renames::onto_a_whiteout")
            .lower(two)
            .run(|merged| {
                merged.unlink("g")?;
                Ok(merged.rename("f", "g")?)
            })
            .reports([
                whiteout("/g", "unlink"),
                facts.data("/f", 5000, "rename"),
                whiteout("/f", "rename"),
            ])
            .upper("/g", "copy of /f"),
        Case::new("renames::back")
            .lower(one)
            .run(|merged| {
                merged.rename("f", "new")?;
                Ok(merged.rename("new", "f")?)
            })
            .reports([facts.data("/f", 65_536, "rename"), whiteout("/f", "rename")])
            .upper("/f", "copy of /f"),
    ]
}

fn exchanges(facts: &Facts) -> Vec<Case> {
    vec![
        Case::new("renames::exchange_of_lower_files")
            .lower(two)
            .run(|merged| Ok(merged.rename_with("f", "g", libc::RENAME_EXCHANGE)?))
            .reports([
                facts.data("/f", 5000, "rename"),
                facts.data("/g", 5000, "rename"),
            ])
            .upper("/f", "copy of /g")
            .upper("/g", "copy of /f"),
        Case::new("renames::exchange_of_a_new_and_a_lower_file")
            .lower(one)
            .run(|merged| {
                merged.create("new")?;
                Ok(merged.rename_with("new", "f", libc::RENAME_EXCHANGE)?)
            })
            .reports([facts.data("/f", 65_536, "rename")])
            .upper("/f", "new")
            .upper("/new", "copy of /f"),
        Case::new("renames::whiteout_flag_is_refused")
            .lower(one)
            .run(|merged| {
                let renamed = merged.rename_with("f", "g", libc::RENAME_WHITEOUT);
                refused(libc::EINVAL, renamed)
            }),
    ]
}

fn directories(facts: &Facts) -> Vec<Case> {
    vec![
        Case::new("renames::lower_directory_is_refused")
            .options("redirect_dir=off")
            .lower(|layer| layer.file("d/f", 5000))
            .run(|merged| refused(libc::EXDEV, merged.rename("d", "new"))),
        Case::new("renames::lower_directory_with_redirect")
            .options("redirect_dir=on")
            .lower(|layer| layer.file("d/f", 5000))
            .run(|merged| Ok(merged.rename("d", "new")?))
            .reports([directory("/d", "rename"), whiteout("/d", "rename")])
            .upper("/new", "copy of /d redirect"),
        Case::new("renames::new_directory_onto_a_whiteout")
            .lower(one)
            .run(|merged| {
                merged.unlink("f")?;
                merged.mkdir("new")?;
                Ok(merged.rename("new", "f")?)
            })
            .reports([
                whiteout("/f", "unlink"),
                facts.mkdir("/new").unwrap_or(whiteout("/f", "opaque")),
            ])
            .gone("/new")
            .upper("/f", "new opaque"),
    ]
}
