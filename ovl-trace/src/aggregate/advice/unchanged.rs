//! Copied for nothing: a look at the files afterwards found what was there
//! before.

use super::{
    Advice, Facts, Found, facts, limits,
    words::{counted, quoted},
};
use crate::{
    aggregate::{detail::Tally, file::Copied},
    model::Part,
    render::units::{bytes, duration},
};

type File<'a> = (&'a [u8], &'a Tally, &'a Copied);

/// Less than this part of what was looked at, and the rest is the point.
const MOST_PERCENT: u32 = 90;

/// Owner and mode set to what they were.
pub(super) fn attributes(facts: &Facts<'_>, _: &[Advice]) -> Option<Found> {
    let (unchanged, looked_at) = unchanged(facts, Part::Attributes);
    let evidence = facts::of_files(unchanged.iter().copied());
    let count = unchanged.len() as u64;
    if !limits::is_worth_a_word(
        evidence.copy_ups,
        evidence.copied_bytes,
        evidence.latency_ns,
    ) || !limits::is_percent(count, looked_at, MOST_PERCENT)
    {
        return None;
    }
    Some(Found {
        finding: format!(
            "{} of {} that a chown or chmod had copied up had the owner, group and mode of \
             the image when they were looked at, such as {}: {} copied in {}.",
            count,
            counted(looked_at, "file", "files"),
            first(&unchanged),
            bytes(evidence.copied_bytes),
            duration(evidence.latency_ns),
        ),
        remedy: "Overlayfs copies a file even if its owner or mode is set to what it is. Change \
                 only what differs: 'find DIRECTORY ! -user USER -exec chown USER {} +', or \
                 drop the chown, if the image is right."
            .to_owned(),
        evidence,
    })
}

/// Opened for writing, and not written to.
pub(super) fn content(facts: &Facts<'_>, _: &[Advice]) -> Option<Found> {
    let (unchanged, looked_at) = unchanged(facts, Part::Content);
    let evidence = facts::of_files(unchanged.iter().copied());
    if !limits::is_worth_a_word(
        evidence.copy_ups,
        evidence.copied_bytes,
        evidence.latency_ns,
    ) {
        return None;
    }
    Some(Found {
        finding: format!(
            "{} of {} that an open for writing had copied up had not been written to when they \
             were looked at, such as {}: {} copied in {}.",
            unchanged.len(),
            counted(looked_at, "file", "files"),
            first(&unchanged),
            bytes(evidence.copied_bytes),
            duration(evidence.latency_ns),
        ),
        remedy: "The open alone copies the file. Let the program open with O_RDONLY what it only \
                 reads (a read-only or immutable mode of databases and caches, 'r' instead of \
                 'r+'), or put the files on a read-only volume."
            .to_owned(),
        evidence,
    })
}

/// The files that were found unchanged, and how many were looked at.
fn unchanged<'a>(facts: &'a Facts<'_>, part: Part) -> (Vec<File<'a>>, u64) {
    let looked_at = facts.files.iter().filter(|(_, _, copied)| {
        copied
            .examined
            .is_some_and(|(examined, _)| examined == part)
    });
    let looked_at: Vec<&File<'_>> = looked_at.collect();
    let unchanged = looked_at
        .iter()
        .filter(|(_, _, copied)| copied.is_unchanged(part))
        .map(|file| **file)
        .collect();
    (unchanged, looked_at.len() as u64)
}

fn first(files: &[File<'_>]) -> String {
    files
        .first()
        .map(|(path, ..)| quoted(path))
        .unwrap_or_default()
}
