//! `ovl-trace mounts`

use clap::Args;

use super::config::{Environment, MountsConfig, TableOutput};
use crate::render::style::Style;

const EXAMPLES: &str = "\
Examples:
  ovl-trace mounts
  ovl-trace mounts --layers
  ovl-trace mounts --size --output json

Needs no eBPF. Mounts in other mount namespaces need root.";

/// List the overlay mounts of this host, and whose they are
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct MountsArgs {
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

    /// Show the image layers of each mount, and how many containers share each
    #[arg(long)]
    layers: bool,

    /// Add up what each container's writable layer takes up (reads all of it)
    #[arg(long)]
    size: bool,
}

impl MountsArgs {
    pub(crate) fn config(self, environment: Environment, style: Style) -> MountsConfig {
        MountsConfig {
            output: self.output,
            layers: self.layers,
            size: self.size,
            style,
            width: environment.width,
        }
    }
}
