//! `ovl-trace doctor`

use clap::Args;

use super::config::{DoctorConfig, Environment, TableOutput};
use crate::render::style::Style;

const EXAMPLES: &str = "\
Examples:
  ovl-trace doctor
  ovl-trace doctor --output json

Exits with 3 if nothing can be traced.";

/// Check what this kernel, these privileges and these runtimes allow
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DoctorArgs {
    /// Format of the list: table, json
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_enum,
        default_value_t,
        hide_possible_values = true
    )]
    output: TableOutput,
}

impl DoctorArgs {
    pub(crate) fn config(self, environment: Environment, style: Style) -> DoctorConfig {
        DoctorConfig {
            output: self.output,
            style,
            width: environment.width,
        }
    }
}
