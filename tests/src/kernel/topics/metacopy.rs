//! `metacopy=on`: attributes first, data when it is needed.

use libc::{O_TRUNC, O_WRONLY};

use crate::kernel::{
    case::Case,
    expected::{empty, metacopy, truncated, whiteout},
    facts::Facts,
    layer::Layer,
};

const OPTIONS: &str = "metacopy=on,redirect_dir=on";
const SIZE: u64 = 200_000;

fn case(name: &'static str) -> Case {
    Case::new(name)
        .options(OPTIONS)
        .lower(|layer: &Layer| layer.file("f", SIZE))
}

pub(super) fn cases(facts: &Facts) -> Vec<Case> {
    let mut cases = attributes();
    cases.extend(data(facts));
    cases.extend(names());
    cases
}

fn attributes() -> Vec<Case> {
    vec![
        case("metacopy::chmod")
            .run(|merged| Ok(merged.chmod("f", 0o600)?))
            .reports([metacopy("/f", SIZE, "chmod")]),
        case("metacopy::chown")
            .run(|merged| Ok(merged.chown("f", 1)?))
            .reports([metacopy("/f", SIZE, "chown")]),
        case("metacopy::setxattr")
            .run(|merged| Ok(merged.setxattr("f", c"trusted.test")?))
            .reports([metacopy("/f", SIZE, "setxattr")]),
        case("metacopy::utimes_twice")
            .run(|merged| {
                merged.utimes("f")?;
                Ok(merged.utimes("f")?)
            })
            .reports([metacopy("/f", SIZE, "utimes")]),
    ]
}

/// The data follows the attributes, or comes with them.
fn data(facts: &Facts) -> Vec<Case> {
    vec![
        case("metacopy::open")
            .run(|merged| Ok(merged.touch("f")?))
            .reports([facts.data("/f", SIZE, "open").flags(&["O_RDWR"])]),
        case("metacopy::open_after_chmod")
            .run(|merged| {
                merged.chmod("f", 0o600)?;
                Ok(merged.touch("f")?)
            })
            .reports([
                metacopy("/f", SIZE, "chmod"),
                facts.data("/f", SIZE, "open").flags(&["O_RDWR"]),
            ]),
        case("metacopy::truncating_open_after_chmod")
            .run(|merged| {
                merged.chmod("f", 0o600)?;
                Ok(merged.open("f", O_WRONLY | O_TRUNC).map(drop)?)
            })
            .reports([metacopy("/f", SIZE, "chmod"), truncated("/f", SIZE)]),
        case("metacopy::truncate")
            .run(|merged| Ok(merged.truncate("f", 10)?))
            .reports([facts.data("/f", SIZE, "truncate")]),
        case("metacopy::truncate_after_chmod")
            .run(|merged| {
                merged.chmod("f", 0o600)?;
                Ok(merged.truncate("f", 10)?)
            })
            .reports([
                metacopy("/f", SIZE, "chmod"),
                facts.data("/f", SIZE, "truncate"),
            ]),
        case("metacopy::read_after_chmod_is_nothing_more")
            .run(|merged| {
                merged.chmod("f", 0o600)?;
                anyhow::ensure!(std::fs::read(merged.at("f"))?.len() as u64 == SIZE);
                Ok(())
            })
            .reports([metacopy("/f", SIZE, "chmod")]),
        // An empty file has no data that could stay below.
        Case::new("metacopy::open_of_an_empty_file_after_chmod")
            .options(OPTIONS)
            .lower(|layer| layer.file("e", 0))
            .run(|merged| {
                merged.chmod("e", 0o600)?;
                Ok(merged.touch("e")?)
            })
            .reports([empty("/e", "chmod"), empty("/e", "open")]),
    ]
}

fn names() -> Vec<Case> {
    vec![
        case("metacopy::rename")
            .run(|merged| Ok(merged.rename("f", "new")?))
            .reports([metacopy("/f", SIZE, "rename"), whiteout("/f", "rename")])
            .upper("/new", "copy of /f metacopy redirect"),
        case("metacopy::link")
            .run(|merged| Ok(merged.link("f", "new")?))
            .reports([metacopy("/f", SIZE, "link")])
            .upper("/f", "copy of /f metacopy redirect")
            .upper("/new", "copy of /f metacopy redirect"),
        case("metacopy::unlink_after_chmod")
            .run(|merged| {
                merged.chmod("f", 0o600)?;
                Ok(merged.unlink("f")?)
            })
            .reports([metacopy("/f", SIZE, "chmod"), whiteout("/f", "unlink")]),
    ]
}
