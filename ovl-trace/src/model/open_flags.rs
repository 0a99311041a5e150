//! Open flags by name.

use std::cmp::Ordering;

/// All names, in the order in which a set of them is shown: the access mode
/// first, and a combination before its parts.
const NAMES: [&str; 20] = [
    "O_RDONLY",
    "O_WRONLY",
    "O_RDWR",
    // For ioctl only: neither read nor write permission.
    "O_ACCMODE",
    "O_CREAT",
    "O_EXCL",
    "O_NOCTTY",
    "O_TRUNC",
    "O_APPEND",
    "O_NONBLOCK",
    "O_SYNC",
    "O_DSYNC",
    "O_ASYNC",
    "O_NOATIME",
    "O_CLOEXEC",
    "O_PATH",
    "O_TMPFILE",
    "O_DIRECTORY",
    "O_NOFOLLOW",
    "O_DIRECT",
];

/// A set of open flags, whatever their values are on the machine that they are
/// from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct OpenFlags(u32);

impl OpenFlags {
    /// Those of these names that exist.
    pub fn of(names: impl IntoIterator<Item = &'static str>) -> Self {
        let mut all = Self::default();
        for name in names {
            all.insert(name);
        }
        all
    }

    /// Adds one, if there is one of that name.
    pub fn insert(&mut self, name: &str) {
        if let Some(index) = NAMES.iter().position(|known| *known == name) {
            self.0 |= 1 << index;
        }
    }

    /// None at all: the operation has none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Their names, the access mode first.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let all = NAMES.iter().enumerate();
        all.filter(move |(index, _)| self.0 & 1 << index != 0)
            .map(|(_, name)| *name)
    }

    /// `O_WRONLY|O_APPEND`
    pub fn joined(self) -> String {
        self.names().collect::<Vec<_>>().join("|")
    }
}

/// By name, for the order of reports.
impl Ord for OpenFlags {
    fn cmp(&self, other: &Self) -> Ordering {
        self.names().cmp(other.names())
    }
}

impl PartialOrd for OpenFlags {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_in_their_order() {
        let flags = OpenFlags::of(["O_APPEND", "O_WRONLY", "O_NEW"]);
        assert_eq!(flags.joined(), "O_WRONLY|O_APPEND");
        assert!(OpenFlags::of([]).is_empty() && !flags.is_empty());
        assert_eq!(OpenFlags::of(NAMES).names().count(), NAMES.len());
        assert!(OpenFlags::of(["O_RDONLY", "O_TRUNC"]) < OpenFlags::of(["O_RDWR"]));
    }
}
