//! Compares the report with the upper directories.

use std::{collections::HashSet, fmt, path::Path};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::{
    docker::Container,
    events::{Recorded, of_kind, paths, sum},
    oracle::Upper,
};

/// Sums over the contents of upper directories.
#[derive(Default)]
pub(super) struct Totals {
    files: usize,
    whiteouts: usize,
    /// Whiteouts that were reported, and gone with the directory they were in.
    gone: usize,
    bytes: u64,
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            files,
            whiteouts,
            gone,
            bytes,
        } = self;
        write!(f, "{files} files, {whiteouts} whiteouts")?;
        if *gone > 0 {
            write!(f, " ({gone} more went with their directory)")?;
        }
        write!(f, ", {bytes} bytes")
    }
}

/// Compares what was recorded of the containers, and the report that was shown,
/// with their upper directories.
pub(super) fn compare(
    recorded: &Recorded,
    report: &str,
    containers: &[Container],
) -> Result<Totals> {
    recorded.expect_no_loss()?;
    let mut totals = Totals::default();
    for container in containers {
        let of_one = compare_one(recorded, report, container).with_context(|| {
            format!(
                "the report does not agree with the upper directory of {}",
                container.name
            )
        })?;
        totals.files += of_one.files;
        totals.whiteouts += of_one.whiteouts;
        totals.gone += of_one.gone;
        totals.bytes += of_one.bytes;
    }
    Ok(totals)
}

fn compare_one(recorded: &Recorded, report: &str, container: &Container) -> Result<Totals> {
    let upper = Upper::read(&container.layers()?)?;
    let copy_ups = recorded.copy_ups(&container.name);
    let data = of_kind(&copy_ups, "data");
    // The oracle knows the size of what was copied; an `O_TRUNC` copied none.
    let truncated: Vec<&Value> = data
        .iter()
        .copied()
        .filter(|event| event["method"] == "truncated")
        .collect();
    let bytes = upper
        .bytes()
        .checked_sub(sum(&truncated, "size_bytes")?)
        .context("more was truncated than copied up")?;
    let whiteouts = paths(&recorded.whiteouts(&container.name));
    let left = left(&whiteouts);
    ensure!(
        left == upper.whiteouts,
        "whiteouts of {left:?} were reported, of {:?} are there",
        upper.whiteouts
    );
    let row = recorded.row(&container.name)?;
    let (shown_files, shown_whiteouts) = shown(report, &container.name)?;
    let [files, all] = [upper.data.len(), whiteouts.len()].map(|count| count as u64);
    let copied = sum(&data, "copied_bytes")?;
    for (what, reported, there) in [
        ("events of copied files", data.len().into(), files),
        ("copied files", row["copy_ups"]["data"].clone(), files),
        ("copied files on the screen", shown_files.into(), files),
        ("copied bytes of events", copied.into(), bytes),
        ("copied bytes", row["copied_bytes"].clone(), bytes),
        ("whiteouts", row["whiteouts"]["total"].clone(), all),
        ("whiteouts on the screen", shown_whiteouts.into(), all),
    ] {
        ensure!(
            reported == there,
            "{what}: {reported} reported, {there} there"
        );
    }
    Ok(Totals {
        files: upper.data.len(),
        whiteouts: left.len(),
        gone: whiteouts.len() - left.len(),
        bytes,
    })
}

/// The whiteouts that are left: that of a removed directory takes the place of
/// those in it.
fn left(whiteouts: &[String]) -> Vec<String> {
    let all: HashSet<&Path> = whiteouts.iter().map(Path::new).collect();
    let stays = |path: &&String| {
        let mut above = Path::new(path).ancestors().skip(1);
        !above.any(|directory| all.contains(directory))
    };
    whiteouts.iter().filter(stays).cloned().collect()
}

/// The copied files and the whiteouts of a container, as the shown report's table
/// has them.
fn shown(report: &str, container: &str) -> Result<(u64, u64)> {
    let mut lines = report.lines().map(|line| line.split_whitespace());
    let header: Vec<&str> = lines
        .find(|words| words.clone().next() == Some("NAME"))
        .context("no table of containers was shown")?
        .collect();
    // Cells are one word each up to this column.
    let files = header.iter().position(|word| *word == "DATA");
    let row: Vec<&str> = lines
        .find(|words| words.clone().next() == Some(container))
        .context("the report shows no row for the container")?
        .collect();
    let number = |word: Option<&&str>| word.and_then(|word| word.parse().ok());
    number(files.and_then(|column| row.get(column)))
        .zip(number(row.last()))
        .with_context(|| format!("the row that was shown is {row:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_directory_leaves_one_whiteout() {
        let paths = ["/a", "/d", "/d/x", "/d/y/z", "/dx"].map(str::to_owned);
        assert_eq!(left(&paths), ["/a", "/d", "/dx"]);
    }

    #[test]
    fn numbers_of_the_table() {
        let report = "\
1 web-1 data chown[2]

NAME   IMAGE  COPY-UPS  DATA  DIRS     BYTES      MAX  WHITEOUTS
web-1  shop        106   101     5  73.3 KiB  29.8 ms          7

web-1: shop
";
        assert_eq!(shown(report, "web-1").unwrap(), (101, 7));
        assert!(shown(report, "web").is_err());
    }
}
