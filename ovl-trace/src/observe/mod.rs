//! An observation from start to end: the pipeline, driven by what comes first
//! of ring, clock and signals.
//!
//! One task does everything in the order of the ring, so there is no queue in
//! which an event could be lost or overtaken.

mod callers;
mod core;
pub(crate) mod deadline;
mod disarmed;
mod docker;
mod in_flight;
mod kernel_log;
mod losses;
mod module;
mod prepare;
mod progress;
mod record;
mod recorder;
mod recording_file;
mod replay;
mod session;
mod signals;
mod sink;
mod skipped;
mod stdout;
mod triggers;
mod unannounced;
mod unchanged;
mod verdicts;
mod wanted;

use std::io::{Read, Write};

use anyhow::{Context as _, Result};
use tokio::runtime::Runtime;

pub use triggers::KernelTriggers;

use self::{session::Session, signals::Signals, sink::Sink};
use crate::{
    aggregate::Report,
    cli::{
        config::{LiveConfig, LiveOutput, Observation, RecordConfig, ReportConfig, ReportOutput},
        exit::Ending,
    },
    render::{self, style::Style},
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
    let mut err = std::io::stderr();
    let report = {
        let mut sink = quiet(config.progress, &mut err);
        let report = observe(&config.observation, &mut sink);
        sink.end()?;
        report?
    };
    write_report(config, &report, out)?;
    Ending::judge(&report, config.observation.fail_over)
}

/// Writes a report in the format that was asked for.
fn write_report(config: &ReportConfig, report: &Report, out: &mut dyn Write) -> Result<()> {
    match config.output {
        ReportOutput::Table => {
            render::table::write_report(out, config.style, report, config.width)?;
        }
        ReportOutput::Json => render::report_json::write_report(out, report)?,
        ReportOutput::Markdown => render::markdown::write_report(out, report)?,
        ReportOutput::Html => render::html::write_report(out, report)?,
    }
    out.flush()?;
    Ok(())
}

/// A sink that shows no events; on a terminal, that there are some. The log would
/// be written into the same line.
fn quiet(progress: bool, err: &mut dyn Write) -> Sink<'_> {
    if progress && !tracing::enabled!(tracing::Level::INFO) {
        Sink::progress(err)
    } else {
        Sink::none()
    }
}

/// `ovl-trace record`: the records as they come, to be looked at later.
pub fn record(config: &RecordConfig, out: &mut dyn Write) -> Result<Ending> {
    event_loop()?.block_on(record::record(config, out, &mut std::io::stderr()))?;
    Ok(Ending::Ok)
}

/// Reads a recording from any source, as `live --from` does, or with no `output`
/// as `report --from` does, and returns the report instead of printing it.
pub fn replay(
    source: impl Read,
    observation: &Observation,
    output: Option<LiveOutput>,
    out: &mut dyn Write,
) -> Result<Report> {
    let mut sink = match output {
        Some(LiveOutput::Lines) => Sink::lines(out, Style { colour: false }),
        Some(LiveOutput::Json) => Sink::json(out),
        // Nobody is there to look.
        Some(LiveOutput::Screen) | None => Sink::none(),
    };
    replay::replay_all(source, observation, &mut sink)
}

fn event_loop() -> Result<Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("starting the event loop")
}

fn observe(observation: &Observation, sink: &mut Sink<'_>) -> Result<Report> {
    event_loop()?.block_on(async {
        let mut signals = Signals::new()?;
        if let Some(input) = &observation.from {
            return replay::replay(input, observation, sink, &mut signals).await;
        }
        let prepared = prepare::prepare(observation, &mut signals).await?;
        let mut session = Session::start(prepared, observation, None, sink)?;
        session.run(&mut signals).await?;
        let (report, _) = session.finish()?;
        Ok(report)
    })
}
