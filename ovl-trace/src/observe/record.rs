//! `ovl-trace record`

use std::io::{self, Write};

use anyhow::{Context as _, Result};

use super::{
    prepare,
    recorder::{Destination, Recorded},
    recording_file::RecordingFile,
    session::Session,
    signals::Signals,
};
use crate::{
    cli::config::{Output, RecordConfig},
    render::units,
};

/// Records until the end; says on `err` what was recorded.
pub(super) async fn record(
    config: &RecordConfig,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<()> {
    let mut signals = Signals::new()?;
    // Before anything is loaded: a path that cannot be written is reported at once.
    let out: Box<dyn Write + '_> = match &config.output {
        Output::File(path) if config.force => Box::new(RecordingFile::replace(path)?),
        Output::File(path) => Box::new(RecordingFile::create(path)?),
        Output::Stdout => Box::new(Stdout { out }),
    };
    let recorded = observe(config, out, &mut signals).await?;
    writeln!(err, "{}", summary(config, recorded)).context("writing to standard error")?;
    Ok(())
}

async fn observe(
    config: &RecordConfig,
    out: Box<dyn Write + '_>,
    signals: &mut Signals,
) -> Result<Recorded> {
    let observation = &config.observation;
    let prepared = prepare::prepare(observation, signals).await?;
    let mut err = io::stderr();
    let mut sink = super::quiet(config.progress, &mut err);
    let destination = Destination {
        out,
        max_bytes: config.max_bytes,
    };
    let mut session = Session::start(prepared, observation, Some(destination), &mut sink)?;
    let ended = session.run(signals).await;
    let finished = ended.and_then(|()| session.finish());
    sink.end()?;
    finished?.1.context("nothing was recorded")
}

/// Standard output, whose errors say what it is.
struct Stdout<'a> {
    out: &'a mut dyn Write,
}

fn named(error: &io::Error) -> io::Error {
    let text = format!("writing standard output: {error}; what was written before can be read");
    io::Error::new(error.kind(), text)
}

impl Write for Stdout<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes).map_err(|error| named(&error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush().map_err(|error| named(&error))
    }
}

fn summary(config: &RecordConfig, recorded: Recorded) -> String {
    let Recorded {
        events,
        bytes,
        full,
    } = recorded;
    let why = if full {
        "; it had reached its '--max-size' and was ended"
    } else {
        ""
    };
    let s = if events == 1 { "" } else { "s" };
    format!(
        "ovl-trace: recorded {events} event{s} in {} to {}{why}",
        units::bytes(bytes),
        config.output,
    )
}
