//! Files of the image that are changed in their place: the first write copies
//! them whole.

use super::{
    Advice, Evidence, Facts, Found, facts, has, limits,
    words::{counted, quoted},
};
use crate::{
    aggregate::{
        detail::Tally,
        directory::{common_length, depth, directory},
        file::{Copied, changes_content},
        share::Share,
    },
    model::{Operation, Part},
    render::units::{bytes, duration},
};

/// Directories that are named: more are no advice any more.
const DIRECTORIES: usize = 3;

/// The same files in container after container of one image.
pub(super) fn by_each(facts: &Facts<'_>, _: &[Advice]) -> Option<Found> {
    let repeated = facts.repeated?;
    let again: Vec<_> = facts
        .files
        .iter()
        .filter(|(path, _, copied)| {
            repeated.files.contains_key(*path) && !copied.is_unchanged(Part::Content)
        })
        .copied()
        .collect();
    let (path, ..) = *again.first()?;
    let (containers, _) = repeated.files.get(path)?;
    let all = again
        .iter()
        .filter_map(|(path, ..)| repeated.files.get(*path))
        .fold(0_u64, |sum, (_, bytes)| sum.saturating_add(*bytes));
    if all < limits::WORTH_BYTES {
        return None;
    }
    Some(Found {
        finding: format!(
            "{} of {} each copied up {}{} to write to it: {} in all of them.",
            counted(*containers, "container", "containers"),
            quoted(repeated.image.as_bytes()),
            quoted(path),
            match again.len() {
                1 => String::new(),
                count => format!(" (the largest of {count} such files)"),
            },
            bytes(all),
        ),
        remedy: format!(
            "Each new container starts with the image's files again. Keep what changes on a \
             volume for {}, or make the change once, when the image is built.",
            places(&again),
        ),
        evidence: facts::of_files(again),
    })
}

/// Written to, but not known to be left as they were.
pub(super) fn in_place(facts: &Facts<'_>, so_far: &[Advice]) -> Option<Found> {
    let mut all = Share::default();
    let mut resized = false;
    for (key, activity) in facts.with(changes_content) {
        all.add(&activity.total);
        resized |= key.operation != Some(Operation::Open);
    }
    let explained = explained_content(facts, so_far);
    let copy_ups = all.copy_ups.saturating_sub(explained.copy_ups);
    let copied_bytes = all.copied_bytes.saturating_sub(explained.copied_bytes);
    let latency_ns = all.latency_ns.saturating_sub(explained.latency_ns);
    // A truncated file costs nothing but its entry. And if there is nothing but
    // time, and most of that is syncing, this is what there is to say.
    let few = copy_ups < limits::WORTH_FILES && copied_bytes < limits::WORTH_BYTES;
    let syncs = few && limits::is_percent(all.sync_ns, all.latency_ns, 50);
    if all.data == 0 || syncs || !limits::is_worth_a_word(copy_ups, copied_bytes, latency_ns) {
        return None;
    }
    let repeated = has(so_far, "copied-by-each-container")
        .then_some(facts.repeated)
        .flatten();
    let files: Vec<_> = facts
        .files
        .iter()
        .filter(|(path, _, copied)| {
            copied.part() == Some(Part::Content)
                && !copied.is_unchanged(Part::Content)
                && !repeated.is_some_and(|repeated| repeated.files.contains_key(*path))
        })
        .copied()
        .collect();
    let foremost = foremost(&files, copied_bytes);
    let (path, tally, _) = foremost.first()?;
    let mut evidence = facts::of_files(foremost.iter().copied());
    (evidence.copy_ups, evidence.copied_bytes) = (copy_ups, copied_bytes);
    evidence.latency_ns = latency_ns;
    let step = facts.build_step();
    Some(Found {
        finding: format!(
            "{} opened {}{} for writing, which copied the data{}: {} in {}, the largest {} ({}).",
            who(facts),
            if resized { "or resized " } else { "" },
            counted(copy_ups, "file", "files"),
            facts.source(&all),
            bytes(copied_bytes),
            duration(latency_ns),
            quoted(path),
            bytes(tally.copied_bytes),
        ),
        remedy: if step.is_some() {
            "The files are in the image twice now: change them in the instruction that brings \
             them in, or in a stage of their own and 'COPY --from' the result."
                .to_owned()
        } else {
            format!(
                "Keep data that changes on a volume: {}. A named volume of Docker or Podman is \
                 filled from the image when it is made; a bind mount or an emptyDir hides what \
                 the image has there.",
                places(&foremost),
            )
        },
        evidence,
    })
}

/// The process with most of the bytes, and the step of a build if it is in one.
fn who(facts: &Facts<'_>) -> String {
    let mut names: Vec<&[u8]> = Vec::new();
    for (key, _) in facts.with(changes_content) {
        if !names.contains(&&*key.comm) {
            names.push(&key.comm);
        }
    }
    let first = quoted(names.first().copied().unwrap_or_default());
    let others = if names.len() > 1 { " and others" } else { "" };
    match facts.build_step() {
        Some(step) => format!(
            "The build step {} ({first}{others})",
            quoted(step.as_bytes())
        ),
        None => format!("{first}{others}"),
    }
}

/// What other rules said about the same kind of copy-up.
fn explained_content(facts: &Facts<'_>, so_far: &[Advice]) -> Evidence {
    let mut explained = Evidence::default();
    for advice in so_far {
        if matches!(advice.id, "unchanged-content" | "copied-by-each-container") {
            explained.add(&advice.evidence);
        }
    }
    if !has(so_far, "unchanged-content") {
        // Too little for an advice of its own, but known to be no change.
        let unchanged = facts.files.iter();
        let unchanged = unchanged.filter(|(_, _, copied)| copied.is_unchanged(Part::Content));
        let quiet = facts::of_files(unchanged.copied());
        explained.add(&quiet);
    }
    explained
}

/// The largest files, which make up nine tenths of the bytes.
fn foremost<'a>(
    files: &[(&'a [u8], &'a Tally, &'a Copied)],
    bytes: u64,
) -> Vec<(&'a [u8], &'a Tally, &'a Copied)> {
    let mut sum = 0_u64;
    let mut foremost = Vec::new();
    for file in files {
        if !foremost.is_empty() && limits::is_percent(sum, bytes, 90) {
            break;
        }
        sum = sum.saturating_add(file.1.copied_bytes);
        foremost.push(*file);
    }
    foremost
}

/// The directory that the files have in common, or the first ones of several.
fn places(files: &[(&[u8], &Tally, &Copied)]) -> String {
    let directories = files
        .iter()
        .filter_map(|(path, ..)| directory(path, false))
        .filter(|directory| *directory != b"/");
    let mut directories: Vec<&[u8]> = directories.collect();
    let common = directories.iter().skip(1).fold(
        directories.first().copied().unwrap_or_default(),
        |common, directory| &common[..common_length(common, directory)],
    );
    // '/usr' is the image, not somebody's data: rather the directories themselves.
    if depth(common) > 1 || (directories.len() == 1 && depth(common) == 1) {
        return quoted(common);
    }
    let mut seen = std::collections::HashSet::new();
    directories.retain(|directory| seen.insert(*directory));
    let more = directories.len() > DIRECTORIES;
    let named: Vec<String> = directories
        .iter()
        .take(DIRECTORIES)
        .map(|directory| quoted(directory))
        .collect();
    match (named.is_empty(), more) {
        (true, _) => "the directories of these files".to_owned(),
        (_, true) => format!("{} and others", named.join(", ")),
        _ => named.join(", "),
    }
}
