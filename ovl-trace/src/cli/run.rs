//! From a configuration to the part that does the work.

use std::io::Write;

use super::{
    config::{DoctorConfig, LiveConfig, MountsConfig, ReportConfig},
    exit::Ending,
};

/// The commands. The one implementation that touches the machine is the
/// agent's; tests have their own.
pub trait Commands {
    /// `ovl-trace live`
    fn live(&self, config: &LiveConfig, out: &mut dyn Write) -> anyhow::Result<Ending>;
    /// `ovl-trace report`
    fn report(&self, config: &ReportConfig, out: &mut dyn Write) -> anyhow::Result<Ending>;
    /// `ovl-trace mounts`
    fn mounts(&self, config: &MountsConfig, out: &mut dyn Write) -> anyhow::Result<Ending>;
    /// `ovl-trace doctor`
    fn doctor(&self, config: &DoctorConfig, out: &mut dyn Write) -> anyhow::Result<Ending>;
}

/// The real thing.
pub(crate) struct Agent;

impl Commands for Agent {
    fn live(&self, _config: &LiveConfig, _out: &mut dyn Write) -> anyhow::Result<Ending> {
        anyhow::bail!("'ovl-trace live' is not connected yet")
    }

    fn report(&self, _config: &ReportConfig, _out: &mut dyn Write) -> anyhow::Result<Ending> {
        anyhow::bail!("'ovl-trace report' is not connected yet")
    }

    fn mounts(&self, _config: &MountsConfig, _out: &mut dyn Write) -> anyhow::Result<Ending> {
        anyhow::bail!("'ovl-trace mounts' is not connected yet")
    }

    fn doctor(&self, _config: &DoctorConfig, _out: &mut dyn Write) -> anyhow::Result<Ending> {
        anyhow::bail!("'ovl-trace doctor' is not connected yet")
    }
}
