//! Where single events go.

use std::{
    io::{self, Write},
    sync::Arc,
};

use anyhow::Result;
use jiff::Timestamp;

use super::progress::Progress;
use crate::{
    model::{Event, Origin},
    render::{self, style::Style},
    screen::{Screen, state::About},
};

/// A writer of events, a view of them, or nothing.
pub(super) struct Sink<'a> {
    to: To<'a>,
}

enum To<'a> {
    Nothing,
    Lines(&'a mut dyn Write, Style),
    Json(&'a mut dyn Write),
    Screen(&'a mut Screen),
    Progress(&'a mut dyn Write, Progress),
}

impl<'a> Sink<'a> {
    /// Lines for people.
    pub(super) fn lines(out: &'a mut dyn Write, style: Style) -> Self {
        Self {
            to: To::Lines(out, style),
        }
    }

    /// One JSON object per line.
    pub(super) fn json(out: &'a mut dyn Write) -> Self {
        Self { to: To::Json(out) }
    }

    /// The full-screen view.
    pub(super) fn view(screen: &'a mut Screen) -> Self {
        Self {
            to: To::Screen(screen),
        }
    }

    /// One line, which goes away at the end.
    pub(super) fn progress(out: &'a mut dyn Write) -> Self {
        Self {
            to: To::Progress(out, Progress::new()),
        }
    }

    /// Events are not shown.
    pub(super) const fn none() -> Self {
        Self { to: To::Nothing }
    }

    /// Says that the observation runs: the columns' names, or the view. `about`
    /// is what it is of.
    pub(super) fn start(&mut self, about: impl FnOnce() -> About) -> Result<()> {
        match &mut self.to {
            To::Nothing => {}
            To::Lines(out, style) => {
                render::lines::write_header(*out, *style)?;
                out.flush()?;
            }
            To::Json(out) | To::Progress(out, _) => out.flush()?,
            To::Screen(screen) => screen.open(about())?,
        }
        Ok(())
    }

    /// Shows an event.
    pub(super) fn event(
        &mut self,
        event: &Event,
        origin: &Arc<Origin>,
        time: Timestamp,
    ) -> io::Result<()> {
        match &mut self.to {
            To::Nothing => Ok(()),
            To::Lines(out, style) => render::lines::write_event(*out, *style, event, origin, time),
            To::Json(out) => render::json::write_event(*out, event, origin, time),
            To::Screen(screen) => {
                screen.event(event, origin, time);
                Ok(())
            }
            To::Progress(_, progress) => {
                progress.event(event, origin);
                Ok(())
            }
        }
    }

    /// A second has passed. `share` of the recording is read, if there is one
    /// of known size.
    pub(super) fn tick(&mut self, share: Option<f64>) -> io::Result<()> {
        match &mut self.to {
            To::Progress(out, progress) => progress.show(*out, share),
            _ => Ok(()),
        }
    }

    /// Nothing more comes at all.
    pub(super) fn end(&mut self) -> io::Result<()> {
        match &mut self.to {
            To::Progress(out, progress) => progress.erase(*out),
            _ => self.flush(),
        }
    }

    /// Nothing more comes for now.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        match &mut self.to {
            To::Lines(out, _) | To::Json(out) | To::Progress(out, _) => out.flush(),
            To::Nothing | To::Screen(_) => Ok(()),
        }
    }

    /// The view, which also wants counts.
    pub(super) fn screen(&mut self) -> Option<&mut Screen> {
        match &mut self.to {
            To::Screen(screen) => Some(screen),
            _ => None,
        }
    }

    /// Does what there is to do for the view now.
    pub(super) async fn wake(&mut self) -> Result<()> {
        if self.screen().is_none() {
            return Ok(());
        }
        loop {
            tokio::select! {
                biased;
                woken = self.woken() => woken?,
                // The runtime looks at the terminal while this task has its
                // turn over.
                () = tokio::task::yield_now() => return Ok(()),
            }
        }
    }

    /// Waits until there was something to do for the view, and did it; for
    /// ever without one. Waiting may be given up at any time.
    pub(super) async fn woken(&mut self) -> Result<()> {
        match self.screen() {
            Some(screen) => screen.woken().await,
            None => std::future::pending().await,
        }
    }
}
