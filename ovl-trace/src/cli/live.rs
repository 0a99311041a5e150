//! `ovl-trace live`

use anyhow::bail;
use clap::Args;

use super::{
    config::{Environment, LiveConfig, LiveOutput},
    filters::ObservationArgs,
};
use crate::render::style::Style;

const EXAMPLES: &str = "\
Examples:
  ovl-trace live
  ovl-trace live -c web --min-bytes 1MiB
  ovl-trace live --output json --duration 60s > events.jsonl
  ovl-trace live --from today.ovlrec -c web
  ovl-trace live --trigger chown,chmod --path '/var/lib/**'

Ctrl-C, or 'q' on a terminal, ends it with a summary per container; there, '?'
shows all keys.";

/// Watch copy-ups and whiteouts as they happen
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct LiveArgs {
    /// How to show it: screen, lines, json [default: screen on a terminal,
    /// else lines]
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_enum,
        hide_possible_values = true
    )]
    output: Option<LiveOutput>,
    #[command(flatten)]
    observation: ObservationArgs,
}

impl LiveArgs {
    pub(crate) fn config(
        self,
        environment: Environment,
        style: Style,
    ) -> anyhow::Result<LiveConfig> {
        let output = match self.output {
            Some(LiveOutput::Screen) if !environment.full_screen => bail!(
                "'--output screen' needs a terminal as standard input and output, and \
                 TERM other than 'dumb'; use '--output lines'"
            ),
            Some(output) => output,
            None if environment.full_screen => LiveOutput::Screen,
            None => LiveOutput::Lines,
        };
        Ok(LiveConfig {
            observation: self.observation.observation(environment)?,
            output,
            style,
            width: environment.width,
        })
    }
}
