//! `ovl-trace live`

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

Ctrl-C ends it with a summary per container.";

/// Watch copy-ups and whiteouts as they happen
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct LiveArgs {
    /// Format of the events: lines, json
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_enum,
        default_value_t,
        hide_possible_values = true
    )]
    output: LiveOutput,
    #[command(flatten)]
    observation: ObservationArgs,
}

impl LiveArgs {
    pub(crate) fn config(
        self,
        environment: Environment,
        style: Style,
    ) -> anyhow::Result<LiveConfig> {
        Ok(LiveConfig {
            observation: self.observation.observation(environment)?,
            output: self.output,
            style,
            width: environment.width,
        })
    }
}
