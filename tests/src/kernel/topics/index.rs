//! `index=on` and `nfs_export=on`: hard links and file handles survive a
//! copy-up.

use anyhow::ensure;

use crate::kernel::{
    case::Case,
    expected::{copied, directory, linked, whiteout},
    facts::Facts,
    layer::{Layer, MIB},
    merged::refused,
    process::{Child, cached},
    sys,
};

/// Large enough that another task comes in time.
const LARGE: u64 = 128 * MIB;
/// When so much was copied, the copy-up has begun, and more than the rest of the system caches
/// meanwhile.
const BEGUN: u64 = 8 * MIB;

fn links(layer: &Layer) -> anyhow::Result<()> {
    layer.file("one", 9000)?;
    layer.hard_link("two", "one")
}

pub(super) fn cases(facts: &Facts) -> Vec<Case> {
    let mut cases = linked_files(facts);
    cases.extend(unlinked_files(facts));
    cases.extend(exported(facts));
    cases
}

fn linked_files(facts: &Facts) -> Vec<Case> {
    vec![
        Case::new("index::open_of_a_link")
            .options("index=on")
            .lower(links)
            .run(|merged| Ok(merged.touch("one")?))
            .reports([facts.data("/one", 9000, "open")]),
        Case::new("index::open_of_both_links")
            .options("index=on")
            .lower(links)
            .run(|merged| {
                merged.touch("one")?;
                Ok(merged.touch("two")?)
            })
            .reports([
                facts.data("/one", 9000, "open"),
                linked("/two", 9000, "open"),
            ]),
        // The second task waits for the first, and has only a link to make then.
        Case::new("index::open_of_both_links_at_once")
            .options("index=on")
            .lower(|layer| {
                layer.file("one", LARGE)?;
                layer.hard_link("two", "one")
            })
            .lower_on_tmpfs()
            .run(|merged| {
                let before = cached()?;
                let first = Child::start(|| merged.touch("one"))?;
                ensure!(first.copies(BEGUN, before)?, "it was too fast");
                let second = Child::start(|| merged.touch("two"))?;
                second.sleeps()?;
                ensure!(first.wait()? == Some(0), "the first failed");
                ensure!(second.wait()? == Some(0), "the second failed");
                Ok(())
            })
            .reports([copied("/one", LARGE, "open"), linked("/two", LARGE, "open")]),
        // It is copied to the index, and then the directory refuses its name.
        Case::new("index::chmod_below_an_immutable_upper_directory")
            .options("index=on")
            .needs(facts.inode_flags, "inode flags (5.15)")
            .unmounted()
            .lower(|layer| {
                layer.file("d/one", 9000)?;
                layer.hard_link("d/two", "d/one")
            })
            .run(|merged| {
                let directory = merged.upper.join("d");
                std::fs::create_dir(&directory)?;
                let directory = sys::open(&directory, libc::O_RDONLY)?;
                sys::set_flags(&directory, sys::FS_IMMUTABLE_FL)?;
                merged.mount()?;
                let refused = refused(libc::EPERM, merged.chmod("d/one", 0o600));
                sys::set_flags(&directory, 0)?;
                refused
            })
            .reports([copied("/d/one", 9000, "chmod").failed(&["EPERM"])])
            .upper("/d", "new"),
        // A file that has other names is kept for them.
    ]
}

fn unlinked_files(facts: &Facts) -> Vec<Case> {
    vec![
        Case::new("index::unlink_of_a_link")
            .options("index=on")
            .lower(links)
            .run(|merged| Ok(merged.unlink("one")?))
            .reports([
                facts.data("/one", 9000, "unlink"),
                whiteout("/one", "unlink"),
            ]),
        Case::new("index::unlink_of_both_copied_links")
            .options("index=on")
            .lower(links)
            .run(|merged| {
                merged.touch("one")?;
                merged.touch("two")?;
                merged.unlink("one")?;
                Ok(merged.unlink("two")?)
            })
            .reports([
                facts.data("/one", 9000, "open"),
                linked("/two", 9000, "open"),
                whiteout("/one", "unlink"),
                whiteout("/two", "unlink"),
            ]),
        Case::new("index::unlink_of_a_single_file")
            .options("index=on")
            .lower(|layer| layer.file("f", 5000))
            .run(|merged| Ok(merged.unlink("f")?))
            .reports([whiteout("/f", "unlink")]),
    ]
}

fn exported(facts: &Facts) -> Vec<Case> {
    const OPTIONS: &str = "index=on,nfs_export=on";
    vec![
        Case::new("index::exported_open")
            .options(OPTIONS)
            .lower(|layer| layer.file("f", 5000))
            .run(|merged| Ok(merged.touch("f")?))
            .reports([facts.data("/f", 5000, "open")]),
        // The index must have what is deleted: it is copied up first.
        Case::new("index::exported_unlink")
            .options(OPTIONS)
            .lower(|layer| layer.file("f", 65_536))
            .run(|merged| Ok(merged.unlink("f")?))
            .reports([facts.data("/f", 65_536, "unlink"), whiteout("/f", "unlink")]),
        Case::new("index::exported_unlink_of_both_links")
            .options(OPTIONS)
            .lower(links)
            .run(|merged| {
                merged.touch("one")?;
                merged.unlink("one")?;
                Ok(merged.unlink("two")?)
            })
            .reports([
                facts.data("/one", 9000, "open"),
                whiteout("/one", "unlink"),
                linked("/two", 9000, "unlink"),
                whiteout("/two", "unlink"),
            ]),
        Case::new("index::exported_rmdir")
            .options(OPTIONS)
            .lower(|layer| layer.directory("d"))
            .run(|merged| Ok(merged.rmdir("d")?))
            .reports([directory("/d", "unlink"), whiteout("/d", "rmdir")]),
        Case::new("index::exported_rename_over_a_lower_file")
            .options(OPTIONS)
            .lower(|layer| layer.files(&["f", "g"], 5000))
            .run(|merged| Ok(merged.rename("f", "g")?))
            .reports([
                facts.data("/f", 5000, "rename"),
                facts.data("/g", 5000, "rename"),
                whiteout("/f", "rename"),
            ])
            .upper("/g", "copy of /f"),
        Case::new("index::exported_handle_of_a_lower_directory_is_nothing")
            .options(OPTIONS)
            .lower(|layer| layer.directory("d"))
            .run(|merged| Ok(sys::handle(&merged.at("d")).map(drop)?)),
    ]
}
