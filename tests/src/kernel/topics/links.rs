//! Hard links.

use crate::kernel::{
    case::Case,
    expected::{directory, symlink},
    facts::Facts,
};

pub(super) fn cases(facts: &Facts) -> Vec<Case> {
    vec![
        Case::new("links::of_a_lower_file")
            .lower(|layer| layer.file("f", 65_536))
            .run(|merged| Ok(merged.link("f", "new")?))
            .reports([facts.data("/f", 65_536, "link")])
            .upper("/new", "copy of /f"),
        Case::new("links::into_a_lower_directory")
            .lower(|layer| {
                layer.file("f", 5000)?;
                layer.directory("d")
            })
            .run(|merged| Ok(merged.link("f", "d/new")?))
            .reports([facts.data("/f", 5000, "link"), directory("/d", "link")])
            .upper("/d/new", "copy of /f"),
        Case::new("links::of_an_upper_file_into_a_lower_directory")
            .lower(|layer| layer.directory("d"))
            .run(|merged| {
                merged.create("f")?;
                Ok(merged.link("f", "d/new")?)
            })
            .reports([directory("/d", "link")])
            .upper("/f", "new")
            .upper("/d/new", "new"),
        Case::new("links::of_a_symlink")
            .lower(|layer| layer.symlink("s", "nowhere"))
            .run(|merged| Ok(merged.link("s", "new")?))
            .reports([symlink("/s", "link")])
            .upper("/new", "copy of /s"),
        // Without index=on each name becomes a file of its own, and neither
        // has an origin, since the two could not both be it.
        Case::new("links::lower_links_are_broken")
            .lower(|layer| {
                layer.file("one", 9000)?;
                layer.hard_link("two", "one")
            })
            .run(|merged| {
                merged.touch("one")?;
                Ok(merged.touch("two")?)
            })
            .reports([
                facts.data("/one", 9000, "open"),
                facts.data("/two", 9000, "open"),
            ])
            .upper("/one", "new")
            .upper("/two", "new"),
    ]
}
