//! The cases, by topic.

mod attributes;
mod concurrency;
mod deletions;
mod directories;
mod failures;
mod index;
mod links;
mod metacopy;
mod mounts;
mod opens;
mod ownership;
mod renames;
mod reports;
mod special;

use super::{case::Case, facts::Facts};

pub(crate) use attributes::{ACL, ACL_NAME};

/// Every case, with what this kernel and file system must make of it.
pub(crate) fn all(facts: &Facts) -> Vec<Case> {
    [
        opens::cases(facts),
        attributes::cases(facts),
        links::cases(facts),
        renames::cases(facts),
        deletions::cases(facts),
        directories::cases(facts),
        special::cases(facts),
        metacopy::cases(facts),
        index::cases(facts),
        mounts::cases(facts),
        ownership::cases(facts),
        failures::cases(facts),
        concurrency::cases(facts),
        reports::cases(facts),
    ]
    .into_iter()
    .flatten()
    .collect()
}
