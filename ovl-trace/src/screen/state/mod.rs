//! What the view shows: pure, changed by [`Input`]s alone.

mod history;
mod keys;
mod picture;
mod running;
mod selection;
mod sort;

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::input::Key;
use crate::{
    aggregate::{ContainerId, ContainerReport, Overview, SortKey},
    model::{Event, Origin},
};

pub(super) use self::{
    history::SECONDS,
    picture::{Picture, Row, Seen},
    running::Running,
    sort::Column,
};

/// What the view is of.
#[derive(Clone, Debug)]
pub(crate) struct About {
    /// Host name of the observed machine.
    pub(crate) hostname: String,
    /// Its kernel release.
    pub(crate) kernel: String,
    /// A recording is shown, not this machine as it is now.
    pub(crate) recording: bool,
}

/// The counts at one time.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    /// Since the start of the observation, by its own clock.
    pub(crate) elapsed: Duration,
    /// The counts.
    pub(crate) overview: Overview,
}

/// Everything that can change the view.
#[derive(Debug)]
pub(crate) enum Input<'a> {
    /// A key was pressed.
    Key(Key),
    /// The counts were read.
    Tick(Box<Snapshot>),
    /// They are as they were: how long after the start.
    Idle(Duration),
    /// Something happened.
    Event(&'a Event, &'a Arc<Origin>, Timestamp),
    /// The container that [`State::wanted`] named.
    Detail(ContainerId, Box<ContainerReport>),
    /// The terminal has this size.
    Resize(u16, u16),
    /// The view was drawn, and this was found out.
    Drawn(Extent),
    /// The recording is at its end.
    Ended,
}

/// What only drawing tells: how far there is to scroll.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extent {
    /// Rows of the focused pane.
    pub(crate) page: usize,
    /// Lines of the detail that do not fit.
    pub(crate) detail_rest: usize,
    /// Lines of the copy-ups in flight that do not fit.
    pub(crate) in_flight_rest: usize,
    /// There is room for the detail of the selected container.
    pub(crate) detail_shown: bool,
}

/// A part of the view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Pane {
    /// All containers.
    #[default]
    Containers,
    /// One container.
    Detail,
    /// Copy-ups that run.
    InFlight,
    /// The newest events.
    Events,
}

impl Pane {
    pub(super) const ALL: [Self; 4] =
        [Self::Containers, Self::Detail, Self::InFlight, Self::Events];
}

/// What keys are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Each is a command.
    #[default]
    Commands,
    /// They are the filter's text.
    Typing,
    /// The list of keys is shown.
    Help,
}

/// The view.
#[derive(Debug)]
pub(crate) struct State {
    about: About,
    /// Goes on, whatever is shown.
    now: Picture,
    /// Shown instead while paused.
    frozen: Option<Picture>,
    pub(super) pane: Pane,
    pub(super) mode: Mode,
    pub(super) sort: Column,
    pub(super) reversed: bool,
    /// Only what has this in its names, whatever the case.
    pub(super) filter: String,
    pub(super) ended: bool,
    selected: Option<ContainerId>,
    detail: Option<(ContainerId, Box<ContainerReport>)>,
    pub(super) detail_scroll: usize,
    pub(super) in_flight_scroll: usize,
    /// The newest event that is shown; `None` follows.
    events_from: Option<u64>,
    size: (u16, u16),
    extent: Extent,
    quit: bool,
}

impl State {
    /// Nothing has happened yet.
    pub(crate) fn new(about: About, sort: SortKey) -> Self {
        Self {
            about,
            now: Picture::new(),
            frozen: None,
            pane: Pane::default(),
            mode: Mode::default(),
            sort: Column::of(sort),
            reversed: false,
            filter: String::new(),
            ended: false,
            selected: None,
            detail: None,
            detail_scroll: 0,
            in_flight_scroll: 0,
            events_from: None,
            size: (0, 0),
            extent: Extent::default(),
            quit: false,
        }
    }

    /// Takes an input in; whether what is shown may have changed. The time alone,
    /// which passes with every [`Input::Idle`], is no change: see [`Self::shows_time`].
    pub(crate) fn update(&mut self, input: Input<'_>) -> bool {
        match input {
            Input::Key(key) => {
                self.key(key);
                return true;
            }
            Input::Tick(snapshot) => self.now.tick(*snapshot),
            Input::Idle(elapsed) => {
                if !self.now.idle(elapsed) {
                    return false;
                }
            }
            Input::Event(event, origin, time) => {
                if !self.now.event(event, origin, time) {
                    return false;
                }
            }
            Input::Detail(id, report) => {
                let same = self.detail.as_ref().is_some_and(|(had, _)| *had == id);
                if !same {
                    self.detail_scroll = 0;
                }
                if same && self.is_paused() {
                    return false;
                }
                self.detail = Some((id, report));
                return true;
            }
            Input::Resize(width, height) => {
                let changed = self.size != (width, height);
                self.size = (width, height);
                return changed;
            }
            Input::Drawn(extent) => {
                let wants_detail = extent.detail_shown && !self.extent.detail_shown;
                self.extent = extent;
                self.detail_scroll = self.detail_scroll.min(extent.detail_rest);
                self.in_flight_scroll = self.in_flight_scroll.min(extent.in_flight_rest);
                return wants_detail;
            }
            Input::Ended => {
                self.ended = true;
                return true;
            }
        }
        !self.is_paused()
    }

    /// The container whose detail is shown: to be handed in as
    /// [`Input::Detail`], again with every tick that brings counts.
    pub(crate) fn wanted(&self) -> Option<ContainerId> {
        if self.pane != Pane::Detail && !self.extent.detail_shown {
            return None;
        }
        self.selected_id()
    }

    /// The detail of the wanted container, if it was handed in.
    pub(super) fn detail(&self) -> Option<&ContainerReport> {
        let wanted = self.wanted()?;
        let (id, report) = self.detail.as_ref()?;
        (*id == wanted).then_some(report)
    }

    /// Nobody is there any more.
    pub(crate) fn leave(&mut self) {
        self.quit = true;
    }

    /// The user has had enough.
    pub(crate) fn wants_to_quit(&self) -> bool {
        self.quit
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.frozen.is_some()
    }

    /// The time that is shown passes.
    pub(crate) fn shows_time(&self) -> bool {
        !self.is_paused()
    }

    pub(super) fn about(&self) -> &About {
        &self.about
    }

    /// What is shown.
    pub(super) fn picture(&self) -> &Picture {
        self.frozen.as_ref().unwrap_or(&self.now)
    }

    fn toggle_pause(&mut self) {
        self.frozen = match self.frozen.take() {
            Some(_) => None,
            None => Some(self.now.clone()),
        };
    }
}
