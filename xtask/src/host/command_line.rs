//! A command as a line for a shell.

use std::{ffi::OsStr, process::Command};

/// The command as one would type it: directory, environment, program and
/// arguments, quoted where a shell needs it.
pub(super) fn shown(command: &Command) -> String {
    let mut words = Vec::new();
    if let Some(dir) = command.get_current_dir() {
        words.push(format!("cd {} &&", quoted(dir.as_os_str())));
    }
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            words.push(format!("{}={}", name.display(), quoted(value)));
        }
    }
    words.push(named(command));
    words.join(" ")
}

/// The program and its arguments alone, for the sentence that it failed.
pub(super) fn named(command: &Command) -> String {
    let words = [command.get_program()]
        .into_iter()
        .chain(command.get_args());
    words.map(quoted).collect::<Vec<_>>().join(" ")
}

/// A word for a POSIX shell. What is not UTF-8 is shown with replacement
/// characters; with control characters it has bash's `$'…'` form.
fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%^".contains(c);
    if word.chars().any(char::is_control) {
        let escaped = word.chars().map(|c| match c {
            '\'' | '\\' => format!("\\{c}"),
            c if c.is_control() => format!("\\u{:04x}", u32::from(c)),
            c => c.to_string(),
        });
        return format!("$'{}'", escaped.collect::<String>());
    }
    if !word.is_empty() && word.chars().all(plain) {
        return word.into_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_only_where_needed() {
        let mut command = Command::new("/usr/bin/cargo");
        command
            .current_dir("/a dir")
            .env("A", "b c")
            .env_remove("GONE")
            .args(["build", "--cfg=arch=\"x\"", "it's", "", "a\u{1f}b"]);
        assert_eq!(
            shown(&command),
            r#"cd '/a dir' && A='b c' /usr/bin/cargo build '--cfg=arch="x"' 'it'\''s' '' $'a\u001fb'"#
        );
    }
}
