//! `live` on a terminal: a full-screen view.
//!
//! [`state`] is what is shown, changed by a closed list of inputs; `view` makes
//! cells of it; both are pure. Only [`Screen`] and `terminal` touch the world.
//!
//! The view has a rate of its own: whatever comes in, a frame is drawn at most
//! every [`FRAME`], and only if something changed. An event costs a copy into
//! a bounded list; counts are looked at once per second.

mod input;
pub(crate) mod state;
pub(crate) mod terminal;
mod theme;
mod view;

#[cfg(test)]
mod tests;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use ratatui::buffer::Buffer;

use self::{
    state::{About, Input, Snapshot, State},
    terminal::{Happened, Terminal},
    theme::Theme,
};
use crate::{
    aggregate::{ContainerId, ContainerReport, SortKey},
    model::{Event, Origin},
    observe::deadline::at,
    render::style::Style,
};

/// Time between two frames, if nobody presses a key.
const FRAME: Duration = Duration::from_millis(150);

/// Time from a key to its frame: several keys at once are one frame.
const KEY: Duration = Duration::from_millis(15);

/// With this in the environment, the filter 'fail' is a panic.
#[cfg(test)]
const FAIL: &str = "OVL_TRACE_TEST_FAIL";

/// The full-screen view of an observation.
pub(crate) struct Screen {
    theme: Theme,
    sort: SortKey,
    open: Option<Open>,
}

/// The view while it is on the terminal.
struct Open {
    state: State,
    terminal: Terminal,
    drawn: Instant,
    /// When to draw the next frame; `None`: nothing has changed.
    due: Option<Instant>,
    /// Of the last frame.
    head: Option<Buffer>,
    /// What is shown in its place by now.
    newer_head: Option<Buffer>,
}

impl Screen {
    /// Nothing is shown yet.
    pub(crate) fn new(style: Style, sort: SortKey) -> Self {
        Self {
            theme: Theme {
                colour: style.colour,
            },
            sort,
            open: None,
        }
    }

    /// Takes the terminal over, until this is dropped.
    pub(crate) fn open(&mut self, about: About) -> Result<()> {
        let now = Instant::now();
        let mut open = Open {
            state: State::new(about, self.sort),
            terminal: Terminal::take()?,
            drawn: now,
            due: Some(now),
            head: None,
            newer_head: None,
        };
        open.resize()?;
        open.draw(self.theme)?;
        self.open = Some(open);
        Ok(())
    }

    /// Takes an event in.
    pub(crate) fn event(&mut self, event: &Event, origin: &Arc<Origin>, time: Timestamp) {
        self.input(Input::Event(event, origin, time));
    }

    /// Takes the counts in.
    pub(crate) fn tick(&mut self, snapshot: Snapshot) {
        self.input(Input::Tick(Box::new(snapshot)));
    }

    /// The counts are those of the last tick, so long after the start.
    pub(crate) fn idle(&mut self, elapsed: Duration) -> Result<()> {
        self.input(Input::Idle(elapsed));
        match &mut self.open {
            Some(open) => open.pass_time(self.theme),
            None => Ok(()),
        }
    }

    /// The container whose detail is shown, for [`Self::detail`].
    pub(crate) fn wanted(&self) -> Option<ContainerId> {
        self.open.as_ref()?.state.wanted()
    }

    /// The same, if its detail was not handed in yet.
    pub(crate) fn missing(&self) -> Option<ContainerId> {
        let state = &self.open.as_ref()?.state;
        state.wanted().filter(|_| state.detail().is_none())
    }

    /// Takes the detail of a container in.
    pub(crate) fn detail(&mut self, id: ContainerId, report: ContainerReport) {
        self.input(Input::Detail(id, Box::new(report)));
    }

    /// The recording is at its end.
    pub(crate) fn ended(&mut self) {
        self.input(Input::Ended);
    }

    /// The user has had enough.
    pub(crate) fn is_left(&self) -> bool {
        self.open
            .as_ref()
            .is_some_and(|open| open.state.wants_to_quit())
    }

    /// Waits until there was something to do for the view, and did it. Waiting
    /// may be given up at any time.
    pub(crate) async fn woken(&mut self) -> Result<()> {
        match &mut self.open {
            Some(open) => open.woken(self.theme).await,
            None => std::future::pending().await,
        }
    }

    fn input(&mut self, input: Input<'_>) {
        if let Some(open) = &mut self.open
            && open.state.update(input)
        {
            open.changed(FRAME);
        }
    }
}

impl Open {
    fn changed(&mut self, rest: Duration) {
        let due = self.drawn + rest;
        self.due = Some(self.due.map_or(due, |earlier| earlier.min(due)));
    }

    async fn woken(&mut self, theme: Theme) -> Result<()> {
        #[cfg(test)]
        assert!(
            self.state.filter != "fail" || std::env::var_os(FAIL).is_none(),
            "failed on purpose"
        );
        // One frame after the other.
        let due = self.due.filter(|_| self.terminal.is_idle());
        let happened = tokio::select! {
            happened = self.terminal.happened() => happened.context("using the terminal")?,
            () = at(due) => return self.draw(theme),
        };
        match happened {
            Happened::Keys(keys) => {
                for key in keys {
                    self.state.update(Input::Key(key));
                }
                self.changed(KEY);
            }
            Happened::Resized => self.resize()?,
            Happened::HungUp => self.state.leave(),
            Happened::Writable => self.terminal.write().context("writing to the terminal")?,
        }
        Ok(())
    }

    fn resize(&mut self) -> Result<()> {
        let (width, height) = Terminal::size()?;
        self.terminal
            .resize(width, height)
            .context("writing to the terminal")?;
        // The screen is empty.
        (self.head, self.newer_head) = (None, None);
        self.state.update(Input::Resize(width, height));
        self.due = Some(Instant::now());
        Ok(())
    }

    /// Shows the time if nothing else has changed: a frame costs a hundred times as
    /// much.
    fn pass_time(&mut self, theme: Theme) -> Result<()> {
        let Some(head) = &self.head else {
            return Ok(());
        };
        if self.due.is_some() || !self.terminal.is_idle() || !self.state.shows_time() {
            return Ok(());
        }
        let shown = self.newer_head.as_ref().unwrap_or(head);
        let area = self.terminal.area();
        if let Some(new) = view::head(area, &self.state, theme)
            && new.area == shown.area
        {
            let written = self.terminal.redraw(shown, &new);
            self.newer_head = Some(new);
            written.context("writing to the terminal")?;
        }
        Ok(())
    }

    fn draw(&mut self, theme: Theme) -> Result<()> {
        if let (Some(head), Some(newer)) = (self.head.take(), self.newer_head.take()) {
            self.terminal
                .redraw(&newer, &head)
                .context("writing to the terminal")?;
        }
        let area = self.terminal.area();
        self.head = view::head(area, &self.state, theme);
        let (state, mut extent) = (&self.state, None);
        self.terminal
            .draw(|frame| {
                let area = frame.area();
                extent = Some(view::draw(frame.buffer_mut(), area, state, theme));
            })
            .context("writing to the terminal")?;
        self.drawn = Instant::now();
        self.due = None;
        if extent.is_some_and(|extent| self.state.update(Input::Drawn(extent))) {
            self.changed(KEY);
        }
        Ok(())
    }
}
