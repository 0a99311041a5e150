//! What a run of a guest means: a result, or what went wrong.

use std::fs;
use std::path::Path;

use anyhow::bail;

use super::clock::End;
use super::watch::Seen;
use super::{Finished, Guest};

/// What a run means. A kernel that broke is an error even with a result.
pub(super) fn result(seen: Seen, guest: &Guest, out: &Path) -> anyhow::Result<Finished> {
    let tail = seen.console.tail();
    if let Some(fatal) = seen.console.fatal {
        let log = fs::read_to_string(out.join("dockerd.log")).unwrap_or_default();
        bail!("the guest failed: {fatal}\nlast lines of its console:\n{tail}\n{log}");
    }
    let failure = match (seen.output.status, seen.end) {
        (Some(status), _) => {
            return Ok(Finished {
                status,
                output: seen.output.bytes,
                kernel_warnings: seen.console.warnings,
                kernel_version: seen.output.kernel.unwrap_or_default(),
            });
        }
        (None, End::Exit) => "the guest ended without a result".to_owned(),
        (None, End::TimeLimit) => {
            let limit = guest.time_limit.as_secs();
            format!("the guest was not done after {limit} s and was ended: give it more time")
        }
        (None, End::Silence) => "the guest hung and was ended".to_owned(),
    };
    let complaints = seen.complaints;
    bail!("{failure}\nlast lines of its console:\n{tail}\n{complaints}")
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::guest::console::Console;
    use crate::guest::output::Output;

    fn seen(console: &str, output: &str, end: End) -> Seen {
        let mut seen = Seen {
            end,
            console: Console::default(),
            output: Output::new("@1@"),
            complaints: String::new(),
        };
        seen.console.feed(console.as_bytes());
        seen.output.feed(output.as_bytes(), &mut |_| {});
        seen
    }

    fn judged(console: &str, output: &str, end: End) -> Result<Finished, String> {
        let guest = Guest::new(PathBuf::from("/nowhere"));
        let result = result(seen(console, output, end), &guest, Path::new("/nowhere"));
        result.map_err(|error| error.to_string())
    }

    #[test]
    fn a_result_is_a_result_with_its_warnings() {
        let console = "BUG: soft lockup - CPU#0\n";
        let finished = judged(console, "@1@ kernel 6.1\nhi\n@1@ status 2\n", End::Exit).unwrap();
        assert_eq!(finished.status, 2);
        assert_eq!(finished.output, b"hi\n");
        assert_eq!(finished.kernel_version, "6.1");
        assert_eq!(finished.kernel_warnings, ["BUG: soft lockup - CPU#0"]);
    }

    #[test]
    fn a_broken_kernel_is_an_error_even_with_a_result() {
        let error = judged("Oops: 0002\n", "@1@ status 0\n", End::Exit).unwrap_err();
        assert!(error.contains("the guest failed: Oops: 0002"), "{error}");
    }

    #[test]
    fn no_result_is_an_error_that_shows_the_console() {
        let error = judged("last words\n", "hi\n", End::Exit).unwrap_err();
        assert!(error.contains("without a result"), "{error}");
        assert!(error.contains("  | last words"), "{error}");
        let error = judged("", "", End::TimeLimit).unwrap_err();
        assert!(error.contains("not done after 600 s"), "{error}");
    }
}
