//! Opening for writing, and what comes after it.

use std::io::{Read as _, Write as _};

use libc::{O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY};

use crate::kernel::{
    case::Case,
    expected::{copied, directory, empty, truncated},
    facts::Facts,
    layer::MIB,
    merged::refused,
    process::in_child,
    sys, uring,
};

pub(super) fn cases(facts: &Facts) -> Vec<Case> {
    let mut cases = vec![
        Case::new("opens::read_write")
            .lower(|layer| layer.file("f", 3 * MIB))
            .run(|merged| Ok(merged.touch("f")?))
            .reports([facts.data("/f", 3 * MIB, "open").flags(&["O_RDWR"])]),
        Case::new("opens::again_when_it_is_upper")
            .lower(|layer| layer.file("f", 5000))
            .run(|merged| {
                merged.touch("f")?;
                Ok(merged.touch("f")?)
            })
            .reports([facts.data("/f", 5000, "open")]),
        Case::new("opens::append")
            .lower(|layer| layer.file("f", 8192))
            .run(|merged| {
                let mut file = merged.open("f", O_WRONLY | O_APPEND)?;
                Ok(file.write_all(b"more")?)
            })
            .reports([facts
                .data("/f", 8192, "open")
                .flags(&["O_WRONLY", "O_APPEND"])]),
        // By a child: a ring that is torn down interrupts its task, which then
        // begins the next copy-up twice.
        Case::new("opens::by_io_uring")
            .lower(|layer| layer.file("f", 5000))
            .needs(facts.io_uring, "io_uring")
            .run(|merged| in_child(0, || uring::open(&merged.at("f"), O_RDWR, false).map(drop)))
            .reports([facts
                // A path that no lookup has cached is left to a worker.
                .data("/f", 5000, "open")
                .syscall(None)]),
        Case::new("opens::by_a_worker_of_io_uring")
            .lower(|layer| layer.file("f", 5000))
            .needs(facts.io_uring, "io_uring")
            .run(|merged| in_child(0, || uring::open(&merged.at("f"), O_RDWR, true).map(drop)))
            .reports([facts.data("/f", 5000, "open").syscall(None)]),
        Case::new("opens::from_another_file_system")
            .lower(|layer| layer.file("f", 2 * MIB + 7))
            .lower_on_tmpfs()
            .run(|merged| Ok(merged.touch("f")?))
            .reports([copied("/f", 2 * MIB + 7, "open")]),
        Case::new("opens::empty_file")
            .lower(|layer| layer.file("f", 0))
            .run(|merged| Ok(merged.touch("f")?))
            .reports([empty("/f", "open")]),
        Case::new("opens::create_that_finds_a_file")
            .lower(|layer| layer.file("f", 5000))
            .run(|merged| Ok(merged.open("f", O_RDWR | O_CREAT).map(drop)?))
            .reports([facts.data("/f", 5000, "open").flags(&["O_RDWR", "O_CREAT"])]),
        Case::new("opens::below_lower_directories")
            .lower(|layer| layer.file("a/b/c/deep", 5000))
            .run(|merged| Ok(merged.open("a/b/c/deep", O_WRONLY).map(drop)?))
            .reports([
                directory("/a", "open").ancestor(),
                directory("/a/b", "open").ancestor(),
                directory("/a/b/c", "open").ancestor(),
                facts.data("/a/b/c/deep", 5000, "open").flags(&["O_WRONLY"]),
            ]),
        Case::new("opens::through_a_symlink")
            .lower(|layer| {
                layer.file("f", 5000)?;
                layer.symlink("link", "f")
            })
            .run(|merged| Ok(merged.touch("link")?))
            .reports([facts.data("/f", 5000, "open")]),
    ];
    cases.extend(truncating());
    cases.extend(sparse(facts));
    cases.extend(after(facts));
    cases.extend(nothing());
    cases
}

fn truncating() -> Vec<Case> {
    vec![
        Case::new("opens::write_and_truncate")
            .lower(|layer| layer.file("f", 2 * MIB))
            .run(|merged| Ok(merged.open("f", O_WRONLY | O_TRUNC).map(drop)?))
            .reports([truncated("/f", 2 * MIB).flags(&["O_WRONLY", "O_TRUNC"])]),
        Case::new("opens::read_and_truncate")
            .lower(|layer| layer.file("f", 8192))
            .run(|merged| Ok(merged.open("f", O_RDONLY | O_TRUNC).map(drop)?))
            .reports([truncated("/f", 8192).flags(&["O_RDONLY", "O_TRUNC"])]),
    ]
}

fn sparse(facts: &Facts) -> Vec<Case> {
    let holes = |layer: &crate::kernel::layer::Layer| layer.sparse("f", 16 * MIB);
    vec![
        Case::new("opens::sparse_file")
            .lower(holes)
            .run(|merged| Ok(merged.touch("f")?))
            .reports([facts.sparse("/f", 16 * MIB, MIB, "open")]),
        Case::new("opens::sparse_file_from_another_file_system")
            .lower(holes)
            .lower_on_tmpfs()
            .run(|merged| Ok(merged.touch("f")?))
            .reports([copied("/f", 16 * MIB, "open").copied(MIB)]),
    ]
}

/// The copy-up has happened at the open: writing in any way adds none.
fn after(facts: &Facts) -> Vec<Case> {
    vec![
        Case::new("opens::shared_mapping")
            .lower(|layer| layer.file("f", 65_536))
            .run(|merged| Ok(sys::write_mapped(&merged.open("f", O_RDWR)?)?))
            .reports([facts.data("/f", 65_536, "open").flags(&["O_RDWR"])])
            .changes(),
        Case::new("opens::punch_a_hole")
            .lower(|layer| layer.file("f", 8192))
            .run(|merged| {
                let mode = libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE;
                Ok(sys::fallocate(&merged.open("f", O_RDWR)?, mode, 0, 4096)?)
            })
            .reports([facts.data("/f", 8192, "open")])
            .changes(),
        Case::new("opens::copy_onto_a_lower_file")
            .lower(|layer| layer.files(&["from", "to"], 5000))
            .run(|merged| Ok(std::fs::copy(merged.at("from"), merged.at("to")).map(drop)?))
            .reports([truncated("/to", 5000)]),
    ]
}

/// No copy-up.
fn nothing() -> Vec<Case> {
    vec![
        Case::new("opens::read_only_is_nothing")
            .lower(|layer| layer.file("f", 5000))
            .run(|merged| {
                let mut bytes = Vec::new();
                merged.open("f", O_RDONLY)?.read_to_end(&mut bytes)?;
                Ok(())
            }),
        Case::new("opens::path_only_is_nothing")
            .lower(|layer| layer.file("f", 5000))
            .run(|merged| Ok(merged.open("f", libc::O_PATH).map(drop)?)),
        Case::new("opens::exclusive_create_is_nothing")
            .lower(|layer| layer.file("f", 5000))
            .run(|merged| {
                let opened = merged.open("f", O_RDWR | O_CREAT | O_EXCL);
                refused(libc::EEXIST, opened)
            }),
        Case::new("opens::directory_is_nothing")
            .lower(|layer| layer.directory("d"))
            .run(|merged| refused(libc::EISDIR, merged.open("d", O_RDWR))),
        Case::new("opens::new_file_is_nothing")
            .lower(|layer| layer.directory("d"))
            .run(|merged| {
                let mut file = merged.open("f", O_RDWR | O_CREAT)?;
                Ok(file.write_all(b"new")?)
            })
            .upper("/f", "new"),
    ]
}
