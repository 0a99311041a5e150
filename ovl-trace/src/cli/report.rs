//! `ovl-trace report`

use clap::Args;

use super::{
    config::{Environment, ReportConfig, TableOutput},
    filters::ObservationArgs,
};
use crate::render::style::Style;

const EXAMPLES: &str = "\
Examples:
  ovl-trace report --duration 60s
  ovl-trace report -c web --top 20 --sort latency
  ovl-trace report --from today.ovlrec
  ovl-trace report --duration 5m --output json --fail-over 100MiB > report.json";

/// Observe, then report per container
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ReportArgs {
    /// Format of the report: table, json
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_enum,
        default_value_t,
        hide_possible_values = true
    )]
    output: TableOutput,
    #[command(flatten)]
    observation: ObservationArgs,
}

impl ReportArgs {
    pub(crate) fn config(
        self,
        environment: Environment,
        style: Style,
    ) -> anyhow::Result<ReportConfig> {
        Ok(ReportConfig {
            observation: self.observation.observation(environment)?,
            output: self.output,
            style,
            width: environment.width,
            progress: environment.stderr_terminal,
        })
    }
}
