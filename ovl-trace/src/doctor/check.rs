//! One check.

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// As it should be.
    Ok,
    /// Something cannot be shown; the rest is right.
    Degraded,
    /// Tracing is not possible.
    Fatal,
    /// Worth knowing, no judgement.
    Info,
}

impl Status {
    /// The name in JSON and in the table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Fatal => "fatal",
            Self::Info => "info",
        }
    }
}

/// What was looked at, and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was looked at: the same text in every run.
    pub name: String,
    /// How it came out.
    pub status: Status,
    /// What was found.
    pub found: String,
    /// What to do about it.
    pub remedy: Option<String>,
    /// What cannot be shown as long as it is so.
    pub lost: Option<String>,
}

impl Check {
    fn new(name: &str, status: Status, found: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            status,
            found: found.into(),
            remedy: None,
            lost: None,
        }
    }

    pub(super) fn ok(name: &str, found: impl Into<String>) -> Self {
        Self::new(name, Status::Ok, found)
    }

    pub(super) fn info(name: &str, found: impl Into<String>) -> Self {
        Self::new(name, Status::Info, found)
    }

    pub(super) fn fatal(name: &str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(name, Status::Fatal, found).remedy(remedy)
    }

    pub(super) fn degraded(name: &str, found: impl Into<String>, lost: impl Into<String>) -> Self {
        Self {
            lost: Some(lost.into()),
            ..Self::new(name, Status::Degraded, found)
        }
    }

    pub(super) fn remedy(self, remedy: impl Into<String>) -> Self {
        Self {
            remedy: Some(remedy.into()),
            ..self
        }
    }
}
