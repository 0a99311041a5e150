//! `ovl-trace record`

use clap::Args;

use super::{
    config::{Environment, Output, RecordConfig},
    filters::{self, FilterArgs, KernelArgs, LimitArgs},
    values,
};

const EXAMPLES: &str = "\
Examples:
  ovl-trace record -w today.ovlrec --duration 10m
  ovl-trace record -w web.ovlrec -c web --max-size 100MiB
  ovl-trace record -w - | ssh desk ovl-trace live --from -

'live --from FILE' and 'report --from FILE' read it, on any machine, without
privileges. It names files and processes: only its owner may read it.";

/// Record, to look at it later or elsewhere
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RecordArgs {
    /// The recording, by custom FILE.ovlrec; '-' is standard output
    #[arg(short, long = "write", value_name = "FILE", value_parser = values::output)]
    write: Output,
    /// Overwrite FILE if it is there
    #[arg(long)]
    force: bool,
    /// Stop when the recording has about this size
    #[arg(long, value_name = "SIZE", value_parser = values::recording_size)]
    max_size: Option<u64>,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    kernel: KernelArgs,
    #[command(flatten)]
    filter: FilterArgs,
}

impl RecordArgs {
    pub(crate) fn config(self, environment: Environment) -> anyhow::Result<RecordConfig> {
        if self.write == Output::Stdout && environment.stdout_terminal {
            anyhow::bail!(
                "a recording is not for a terminal; name a file, or send '-w -' into a pipe"
            );
        }
        Ok(RecordConfig {
            observation: filters::observation(self.filter, &self.limits, &self.kernel)?,
            output: self.write,
            max_bytes: self.max_size,
            force: self.force,
            progress: environment.stderr_terminal,
        })
    }
}
