//! `ovl-trace report`

use clap::Args;

use super::{
    config::{Environment, Observation, ReportConfig, ReportOutput},
    filters::ObservationArgs,
};
use crate::render::style::Style;

const EXAMPLES: &str = "\
Examples:
  ovl-trace report --duration 60s
  ovl-trace report -c web --top 20 --sort latency
  ovl-trace report --from today.ovlrec
  ovl-trace report --duration 5m --output json --fail-over 100MiB > report.json
  ovl-trace report --duration 10m --output html > report.html
  ovl-trace report --duration 60s --output markdown > issue.md

A report in HTML is one file with charts that needs no network: open it in a
browser, or send it to somebody.";

/// Observe, then report per container
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ReportArgs {
    /// Format of the report: table, json, markdown, html
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_enum,
        default_value_t,
        hide_possible_values = true
    )]
    output: ReportOutput,
    /// Count only: no files, no processes. Costs the observed least
    #[arg(long)]
    #[arg(conflicts_with_all = ["from", "count", "paths", "pids", "min_bytes", "min_latency"])]
    totals_only: bool,
    #[command(flatten)]
    observation: ObservationArgs,
}

impl ReportArgs {
    pub(crate) fn config(
        self,
        environment: Environment,
        style: Style,
    ) -> anyhow::Result<ReportConfig> {
        if self.output == ReportOutput::Html && environment.stdout_terminal {
            anyhow::bail!(
                "'--output html' is a page for a browser, not for a terminal: write it to a file with '> report.html'"
            );
        }
        Ok(ReportConfig {
            observation: Observation {
                totals_only: self.totals_only,
                ..self.observation.observation(environment)?
            },
            output: self.output,
            style,
            width: environment.width,
            progress: environment.stderr_terminal,
        })
    }
}
