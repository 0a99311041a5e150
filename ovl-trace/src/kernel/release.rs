//! Kernel releases.

use std::fmt;

/// A release as `uname -r` prints it (`6.1.0-56-amd64`), and its number.
///
/// The number says little: distributions backport. It is used only where the
/// kernel describes neither symbols nor types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    text: String,
    /// Major and minor number; (0, 0) if the text starts otherwise.
    version: (u32, u32),
}

impl Release {
    /// From the text of `/proc/sys/kernel/osrelease`.
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        let mut numbers = text
            .split(|c: char| !c.is_ascii_digit())
            .map(|part| part.parse().ok());
        let version = match (numbers.next().flatten(), numbers.next().flatten()) {
            (Some(major), Some(minor)) => (major, minor),
            _ => (0, 0),
        };
        Self {
            text: text.to_owned(),
            version,
        }
    }

    /// Major and minor number; (0, 0) if unknown.
    pub const fn version(&self) -> (u32, u32) {
        self.version
    }

    /// The release as the kernel gives it.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_from_the_start() {
        let version = |text| Release::parse(text).version();
        assert_eq!(version("6.1.0-56-amd64\n"), (6, 1));
        assert_eq!(version("6.12.115+deb12-amd64"), (6, 12));
        assert_eq!(version("7.3-rc1"), (7, 3));
        assert_eq!(version(""), (0, 0));
        assert_eq!(version("next"), (0, 0));
        assert_eq!(version("6"), (0, 0));
        assert_eq!(version("99999999999.1"), (0, 0));
    }
}
