//! An observation from start to end: the pipeline, driven by what comes first
//! of ring, clock and signals.
//!
//! One task does everything in the order of the ring, so there is no queue in
//! which an event could be lost or overtaken.

mod core;
mod docker;
mod in_flight;
mod kernel_log;
mod losses;
mod module;
mod prepare;
mod session;
mod signals;
mod sink;
mod stdout;
mod triggers;

use std::io::Write;

use anyhow::{Context as _, Result};

use self::{session::Session, signals::Signals, sink::Sink};
use crate::{
    aggregate::Report,
    cli::{
        config::{LiveConfig, LiveOutput, Observation, ReportConfig, TableOutput},
        exit::Ending,
    },
    render,
    screen::Screen,
};

/// `ovl-trace live`: every event as it happens, then the report.
pub fn live(config: &LiveConfig, out: &mut dyn Write) -> Result<Ending> {
    let report = match config.output {
        LiveOutput::Screen => {
            // Gives the terminal back before anything is printed.
            let mut screen = Screen::new(config.style, config.observation.sort);
            observe(&config.observation, &mut Sink::view(&mut screen))?
        }
        LiveOutput::Lines => observe(&config.observation, &mut Sink::lines(out, config.style))?,
        LiveOutput::Json => observe(&config.observation, &mut Sink::json(out))?,
    };
    match config.output {
        LiveOutput::Screen | LiveOutput::Lines => {
            if config.output == LiveOutput::Lines {
                writeln!(out)?;
            }
            render::table::write_report(out, config.style, &report, config.width)?;
        }
        LiveOutput::Json => render::report_json::write_summary_line(out, &report)?,
    }
    out.flush()?;
    Ending::judge(&report, config.observation.fail_over)
}

/// `ovl-trace report`: nothing until the end.
pub fn report(config: &ReportConfig, out: &mut dyn Write) -> Result<Ending> {
    let report = observe(&config.observation, &mut Sink::none())?;
    match config.output {
        TableOutput::Table => {
            render::table::write_report(out, config.style, &report, config.width)?;
        }
        TableOutput::Json => render::report_json::write_report(out, &report)?,
    }
    out.flush()?;
    Ending::judge(&report, config.observation.fail_over)
}

fn observe(observation: &Observation, sink: &mut Sink<'_>) -> Result<Report> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("starting the event loop")?
        .block_on(async {
            let mut signals = Signals::new()?;
            let prepared = prepare::prepare(observation, &mut signals).await?;
            let mut session = Session::start(prepared, observation, sink)?;
            session.run(&mut signals).await?;
            session.finish()
        })
}
