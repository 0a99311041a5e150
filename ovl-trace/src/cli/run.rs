//! From a configuration to the part that does the work.

use std::io::Write;

use anyhow::{Context as _, Result};

use super::{
    config::{DoctorConfig, LiveConfig, MountsConfig, RecordConfig, ReportConfig, TableOutput},
    exit::Ending,
};
use crate::{
    doctor,
    enrich::{self, EnrichConfig},
    observe,
    render::{self, mounts::MountsRow},
};

/// The commands. The one implementation that touches the machine is the
/// agent's; tests have their own.
pub trait Commands {
    /// `ovl-trace live`
    fn live(&self, config: &LiveConfig, out: &mut dyn Write) -> Result<Ending>;
    /// `ovl-trace report`
    fn report(&self, config: &ReportConfig, out: &mut dyn Write) -> Result<Ending>;
    /// `ovl-trace record`
    fn record(&self, config: &RecordConfig, out: &mut dyn Write) -> Result<Ending>;
    /// `ovl-trace mounts`
    fn mounts(&self, config: &MountsConfig, out: &mut dyn Write) -> Result<Ending>;
    /// `ovl-trace doctor`
    fn doctor(&self, config: &DoctorConfig, out: &mut dyn Write) -> Result<Ending>;
}

/// The real thing.
pub(crate) struct Agent;

impl Commands for Agent {
    fn live(&self, config: &LiveConfig, out: &mut dyn Write) -> Result<Ending> {
        observe::live(config, out)
    }

    fn report(&self, config: &ReportConfig, out: &mut dyn Write) -> Result<Ending> {
        observe::report(config, out)
    }

    fn record(&self, config: &RecordConfig, out: &mut dyn Write) -> Result<Ending> {
        observe::record(config, out)
    }

    fn mounts(&self, config: &MountsConfig, mut out: &mut dyn Write) -> Result<Ending> {
        let rows = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("starting the event loop")?
            .block_on(enrich::list_mounts_with_api(&EnrichConfig::default()))?;
        let rows: Vec<MountsRow> = rows
            .into_iter()
            .map(|mount| row(mount, config.size))
            .collect();
        match config.output {
            TableOutput::Table => {
                let table = render::mounts::Table {
                    width: config.width,
                    layers: config.layers,
                    size: config.size,
                };
                table.write(&mut out, config.style, &rows)?;
            }
            TableOutput::Json => render::mounts::write_json(&mut out, &rows)?,
        }
        Ok(Ending::Ok)
    }

    fn doctor(&self, config: &DoctorConfig, mut out: &mut dyn Write) -> Result<Ending> {
        let diagnosis = doctor::run(&doctor::Roots::host());
        match config.output {
            TableOutput::Table => doctor::render::table(&diagnosis, &mut out)?,
            TableOutput::Json => doctor::render::json(&diagnosis, &mut out)?,
        }
        Ok(if diagnosis.can_trace() {
            Ending::Ok
        } else {
            Ending::Refused
        })
    }
}

fn row(mount: enrich::MountRow, size: bool) -> MountsRow {
    MountsRow {
        upper_bytes: size.then(|| mount.upper_bytes()).flatten(),
        shared_by: mount.shared_by,
        origin: mount.origin,
        layers: mount.layers,
        read_only: mount.read_only,
        namespaces: mount.mount_namespaces,
    }
}
