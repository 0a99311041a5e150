//! `ovl-trace completions` and `ovl-trace man`

use std::{io::Write, path::PathBuf};

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
            clap_mangen::generate_to(command, directory)
                .with_context(|| format!("writing man pages to '{}'", directory.display()))?;
        }
    }
    Ok(Ending::Ok)
}
