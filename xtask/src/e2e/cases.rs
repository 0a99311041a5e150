//! The lines of `ovl-trace-tests kernel`.

/// How a case ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Passed,
    Failed,
    Ignored,
}

/// A line that says something about a case.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// `test kernel::ext4::opens::append ... ok`
    Ended {
        filesystem: &'a str,
        case: &'a str,
        verdict: Verdict,
    },
    /// `reports kernel::ext4::opens::append: data copy /f (open)`
    Reports { case: &'a str, events: &'a str },
}

impl<'a> Line<'a> {
    /// `None`: it is about something else.
    pub(super) fn parse(line: &'a str) -> Option<Self> {
        if let Some(rest) = line.strip_prefix("reports kernel::") {
            let (name, events) = rest.split_once(": ")?;
            let (_, case) = name.split_once("::")?;
            return Some(Self::Reports { case, events });
        }
        let (name, verdict) = line.strip_prefix("test kernel::")?.split_once(" ... ")?;
        let (filesystem, case) = name.split_once("::")?;
        let word = verdict.split([':', ' ']).next()?;
        let verdict = match word {
            "ok" => Verdict::Passed,
            "ignored" => Verdict::Ignored,
            _ => Verdict::Failed,
        };
        Some(Self::Ended {
            filesystem,
            case,
            verdict,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read() {
        let ended = |verdict| {
            Some(Line::Ended {
                filesystem: "ext4",
                case: "opens::append",
                verdict,
            })
        };
        for (end, verdict) in [
            ("ok", Verdict::Passed),
            ("FAILED: 1 events, expected [\"a ... b\"]", Verdict::Failed),
            ("ignored: a newer kernel", Verdict::Ignored),
        ] {
            let line = format!("test kernel::ext4::opens::append ... {end}");
            assert_eq!(Line::parse(&line), ended(verdict), "{line}");
        }
        assert_eq!(
            Line::parse("reports kernel::ext4::opens::append: data copy /f (open); x"),
            Some(Line::Reports {
                case: "opens::append",
                events: "data copy /f (open); x"
            })
        );
        assert_eq!(Line::parse("test life::a_container ... ok"), None);
        assert_eq!(Line::parse("note: ext4: 20 s"), None);
    }
}
