//! Where single events go.

use std::io::{self, Write};

use jiff::Timestamp;

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
        match self.format {
            Format::Lines(style) => render::lines::write_event(*out, style, event, origin, time),
            Format::Json => render::json::write_event(*out, event, origin, time),
        }
    }

    /// A second has passed. `share` of the recording is read, if that can be
    /// told.
    #[expect(clippy::unused_self, reason = "x")]
    pub(super) fn tick(&mut self, share: Option<f64>) -> io::Result<()> {
        let _ = share;
        Ok(())
    }

    /// Nothing more comes for now.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        match &mut self.out {
            Some(out) => out.flush(),
            None => Ok(()),
        }
    }
}
