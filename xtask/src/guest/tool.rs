//! Small helpers: programs of the machine, quoting, and the cache's files.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::host::Host;

/// A command for a program of the machine. Debian keeps `modprobe`,
/// `mkfs.ext4` and others where an ordinary user's `PATH` does not look.
pub(super) fn tool(name: &str) -> Command {
    let elsewhere = Path::new("/usr/sbin").join(name);
    if Host::find_program(name).is_none() && elsewhere.is_file() {
        Command::new(elsewhere)
    } else {
        Command::new(name)
    }
}

/// What a command wrote to its standard output.
///
/// # Errors
/// When it cannot be started, or fails; the message has its standard error.
pub(super) fn output_of(command: &mut Command) -> anyhow::Result<String> {
    Ok(String::from_utf8_lossy(&bytes_of(command)?).into_owned())
}

/// As [`output_of`], for output that is not text.
pub(super) fn bytes_of(command: &mut Command) -> anyhow::Result<Vec<u8>> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .with_context(|| format!("cannot start '{program}'"))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        bail!(
            "'{program}' failed ({}): {}",
            output.status,
            complaint.trim()
        );
    }
    Ok(output.stdout)
}

/// `word` as one word of a POSIX shell, whatever it contains.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A name for what was made from `parts`: the same parts, the same name, on
/// every machine (64-bit FNV-1a, in hexadecimal; against mistakes, not attacks).
pub(super) fn fingerprint(parts: &[&[u8]]) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for part in parts {
        // The length keeps ["ab", "c"] apart from ["a", "bc"].
        let length = part.len().to_le_bytes();
        for byte in length.iter().chain(*part) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    format!("{hash:016x}")
}

/// Writes a whole file, or none of it: under another name first.
pub(super) fn write_whole(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let parent = path.parent().context("a file needs a directory")?;
    let write = || -> anyhow::Result<()> {
        fs::create_dir_all(parent)?;
        let mut file = tempfile::NamedTempFile::new_in(parent)?;
        std::io::Write::write_all(&mut file, content)?;
        file.persist(path)?;
        Ok(())
    };
    write().with_context(|| format!("cannot write '{}'", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting_survives_a_shell() {
        for word in ["plain", "", "two words", "it's", "$(id)", "a\nb", "\\", "*"] {
            let script = format!("printf %s {}", quoted(word));
            let printed = output_of(tool("sh").arg("-c").arg(script)).unwrap();
            assert_eq!(printed, word);
        }
    }

    #[test]
    fn a_plain_word_stays_readable() {
        assert_eq!(quoted("--output=json"), "--output=json");
        assert_eq!(quoted("a b"), "'a b'");
    }

    #[test]
    fn fingerprints_tell_recipes_apart() {
        assert_eq!(fingerprint(&[b"ab", b"c"]), fingerprint(&[b"ab", b"c"]));
        assert_ne!(fingerprint(&[b"ab", b"c"]), fingerprint(&[b"a", b"bc"]));
    }

    #[test]
    fn a_failing_program_is_quoted_with_its_complaint() {
        let mut command = tool("sh");
        command.args(["-c", "echo no such suite >&2; exit 3"]);
        let error = output_of(&mut command).unwrap_err().to_string();
        assert!(error.contains("no such suite"), "{error}");
    }
}
