//! Where single events go.

use std::io::{self, Write};

use jiff::Timestamp;

use super::progress::Progress;
use crate::{
    model::{Event, Origin},
    render::{self, style::Style},
};

/// A writer of events, or nothing.
pub(super) struct Sink<'a> {
    out: Option<&'a mut dyn Write>,
    format: Format,
}

enum Format {
    Lines(Style),
    Json,
    Progress(Progress),
}

impl<'a> Sink<'a> {
    /// Lines for people.
    pub(super) fn lines(out: &'a mut dyn Write, style: Style) -> Self {
        Self {
            out: Some(out),
            format: Format::Lines(style),
        }
    }

    /// One JSON object per line.
    pub(super) fn json(out: &'a mut dyn Write) -> Self {
        Self {
            out: Some(out),
            format: Format::Json,
        }
    }

    /// One line, which goes away at the end.
    pub(super) fn progress(out: &'a mut dyn Write) -> Self {
        Self {
            out: Some(out),
            format: Format::Progress(Progress::new()),
        }
    }

    /// Events are not shown.
    pub(super) const fn none() -> Self {
        Self {
            out: None,
            format: Format::Json,
        }
    }

    /// Says that the observation runs: the columns' names.
    pub(super) fn start(&mut self) -> io::Result<()> {
        let Some(out) = &mut self.out else {
            return Ok(());
        };
        if let Format::Lines(style) = self.format {
            render::lines::write_header(*out, style)?;
        }
        out.flush()
    }

    /// Shows an event.
    pub(super) fn event(
        &mut self,
        event: &Event,
        origin: &Origin,
        time: Timestamp,
    ) -> io::Result<()> {
        let Some(out) = &mut self.out else {
            return Ok(());
        };
        match &mut self.format {
            Format::Lines(style) => render::lines::write_event(*out, *style, event, origin, time),
            Format::Json => render::json::write_event(*out, event, origin, time),
            Format::Progress(progress) => {
                progress.event(event, origin);
                Ok(())
            }
        }
    }

    /// A second has passed. `share` of the recording is read, if there is one
    /// of known size.
    pub(super) fn tick(&mut self, share: Option<f64>) -> io::Result<()> {
        match (&mut self.out, &mut self.format) {
            (Some(out), Format::Progress(progress)) => progress.show(*out, share),
            _ => Ok(()),
        }
    }

    /// Nothing more comes at all.
    pub(super) fn end(&mut self) -> io::Result<()> {
        match (&mut self.out, &mut self.format) {
            (Some(out), Format::Progress(progress)) => progress.erase(*out),
            _ => self.flush(),
        }
    }

    /// Nothing more comes for now.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        match &mut self.out {
            Some(out) => out.flush(),
            None => Ok(()),
        }
    }
}
