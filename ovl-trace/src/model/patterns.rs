//! Patterns of paths.

use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _, path::Path};

/// Patterns, each as it was given, and all of them as one matcher.
#[derive(Clone, Debug)]
pub struct PathPatterns {
    patterns: Vec<String>,
    set: globset::GlobSet,
}

impl PathPatterns {
    /// `*` stays in its directory, `**` does not.
    ///
    /// # Errors
    ///
    /// If one is malformed, or all are too large together.
    pub fn new(patterns: Vec<String>) -> Result<Self, globset::Error> {
        let mut set = globset::GlobSetBuilder::new();
        for pattern in &patterns {
            set.add(Self::glob(pattern)?);
        }
        Ok(Self {
            set: set.build()?,
            patterns,
        })
    }

    /// One of them.
    pub fn glob(pattern: &str) -> Result<globset::Glob, globset::Error> {
        globset::GlobBuilder::new(pattern)
            .literal_separator(true)
            .build()
    }

    /// As they were given.
    pub fn patterns(&self) -> &[String] {
        &self.patterns
    }

    /// Whether one of them matches.
    pub fn is_match(&self, path: &[u8]) -> bool {
        self.set.is_match(Path::new(OsStr::from_bytes(path)))
    }
}
