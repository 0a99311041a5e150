//! `ovl-trace completions` and `ovl-trace man`

use std::{
    fs::OpenOptions,
    io::Write,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use clap::{Args, CommandFactory as _};

use super::{Cli, config::Text, exit::Ending};

const NAME: &str = "ovl-trace";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  ovl-trace completions bash > ~/.local/share/bash-completion/completions/ovl-trace
  ovl-trace completions zsh > ~/.zfunc/_ovl-trace
  ovl-trace completions fish > ~/.config/fish/completions/ovl-trace.fish";

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(after_help = COMPLETIONS_EXAMPLES)]
pub(crate) struct CompletionsArgs {
    /// bash, elvish, fish, powershell, zsh
    #[arg(value_name = "SHELL", value_enum, hide_possible_values = true)]
    shell: clap_complete::Shell,
}

impl From<CompletionsArgs> for Text {
    fn from(args: CompletionsArgs) -> Self {
        Self::Completions(args.shell)
    }
}

const MAN_EXAMPLES: &str = "\
Examples:
  ovl-trace man | man -l -
  ovl-trace man /usr/local/share/man/man1";

/// Print the man page, or write all of them
#[derive(Debug, Args)]
#[command(after_help = MAN_EXAMPLES)]
pub(crate) struct ManArgs {
    /// Write a page per command into this directory
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,
}

impl From<ManArgs> for Text {
    fn from(args: ManArgs) -> Self {
        args.directory.map_or(Self::Man, Self::ManPages)
    }
}

/// Writes the man page of a command, and those of its subcommands.
fn write_pages(command: clap::Command, directory: &Path) -> Result<()> {
    for subcommand in command.get_subcommands().filter(|it| !it.is_hide_set()) {
        write_pages(subcommand.clone(), directory)?;
    }
    let man = clap_mangen::Man::new(command);
    let mut page = Vec::new();
    man.render(&mut page)?;
    let path = directory.join(man.get_filename());
    // In a directory that others can write to, a link may have the name of a page.
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .custom_flags(libc::O_NOFOLLOW)
        .open(&path);
    file.and_then(|mut file| file.write_all(&page))
        .with_context(|| format!("writing the man page '{}'", path.display()))
}

/// Writes it, from the definition of the command line.
pub(crate) fn write(text: &Text, out: &mut dyn Write) -> Result<Ending> {
    let mut command = Cli::command();
    match text {
        Text::Completions(shell) => {
            // The generator panics where it cannot write.
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut command, NAME, &mut script);
            out.write_all(&script)?;
        }
        Text::Man => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page)?;
            out.write_all(&page)?;
        }
        Text::ManPages(directory) => {
            let mut command = command.disable_help_subcommand(true);
            command.build();
            write_pages(command, directory)?;
        }
    }
    Ok(Ending::Ok)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    #[test]
    fn pages_are_written_and_no_link_is_followed() {
        let dir = tempfile::tempdir().unwrap();
        let text = Text::ManPages(dir.path().to_owned());
        write(&text, &mut Vec::<u8>::new()).unwrap();
        let page = dir.path().join("ovl-trace-record.1");
        assert!(fs::read_to_string(&page).unwrap().contains("force"));
        // Again, over those that are there.
        write(&text, &mut Vec::<u8>::new()).unwrap();
        let other = dir.path().join("other");
        fs::write(&other, "precious").unwrap();
        fs::remove_file(&page).unwrap();
        symlink(&other, &page).unwrap();
        let error = write(&text, &mut Vec::<u8>::new()).unwrap_err().to_string();
        assert!(error.contains("ovl-trace-record.1"), "{error}");
        assert_eq!(fs::read(&other).unwrap(), b"precious");
    }
}
