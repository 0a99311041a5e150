//! A machine on which something happens, and a view of it.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use ratatui::{Terminal, backend::TestBackend, buffer::Buffer, layout::Rect};

use super::frame;
use crate::{
    aggregate::{Advice, Aggregator, ContainerId, ContainerReport, Evidence, SortKey},
    model::{Event, Filter, Origin},
    screen::{
        input::{Key, Keys},
        state::{About, Input, Snapshot, State},
        theme::Theme,
        view,
    },
};

const START: i64 = 1_795_000_000;

/// What feeds the view.
pub(super) struct Scene {
    pub(super) state: State,
    aggregator: Aggregator,
    second: u64,
    pub(super) colour: bool,
    size: Option<(u16, u16)>,
}

impl Scene {
    /// Nothing has happened.
    pub(super) fn new() -> Self {
        let about = About {
            hostname: "build-7".to_owned(),
            kernel: "6.18.2".to_owned(),
            recording: false,
        };
        Self {
            state: State::new(about, SortKey::CopiedBytes),
            aggregator: Aggregator::new(Filter::default(), 10, SortKey::default()),
            second: 0,
            colour: true,
            size: None,
        }
    }

    pub(super) fn tick(&mut self) {
        let snapshot = Snapshot {
            elapsed: Duration::from_secs(self.second),
            overview: self.aggregator.overview(),
        };
        self.state.update(Input::Tick(Box::new(snapshot)));
        self.second += 1;
        self.detail();
    }

    /// A second in which nothing could change; whether more than the time shows.
    pub(super) fn idle(&mut self) -> bool {
        let elapsed = Duration::from_secs(self.second);
        self.second += 1;
        self.state.update(Input::Idle(elapsed))
    }

    /// The lines at the top.
    pub(super) fn head(&self, width: u16, height: u16) -> Option<Buffer> {
        let theme = Theme {
            colour: self.colour,
        };
        view::head(Rect::new(0, 0, width, height), &self.state, theme)
    }

    /// What the driver does when a detail is wanted.
    pub(super) fn detail(&mut self) {
        if let Some(wanted) = self.state.wanted() {
            let report = self.report(&wanted);
            self.state.update(Input::Detail(wanted, Box::new(report)));
        }
    }

    pub(super) fn report(&self, id: &ContainerId) -> ContainerReport {
        let mut report = self.aggregator.container(id).unwrap();
        if report.advice.is_empty() {
            report.advice = vec![Advice {
                id: "recursive-chown",
                finding: "chown copied up 33 files (3.3 MiB) to change their owner only".to_owned(),
                remedy: "Set the owner when the image is built: COPY --chown=1000:1000 in the \
                         Dockerfile, instead of chown -R when the container starts."
                    .to_owned(),
                evidence: Evidence::default(),
            }];
        }
        report
    }

    pub(super) fn event(&mut self, event: &Event, origin: Origin) {
        let (origin, time) = (Arc::new(origin), self.time());
        self.aggregator.event(event, &origin, time);
        self.state.update(Input::Event(event, &origin, time));
    }

    fn time(&self) -> Timestamp {
        Timestamp::from_second(START + i64::try_from(self.second).unwrap()).unwrap()
    }

    /// Presses keys, as a terminal sends them; each is shown if anything is.
    pub(super) fn press(&mut self, keys: &str) -> &mut Self {
        for key in Keys::default().feed(keys.as_bytes()) {
            self.key(key);
            if let Some((width, height)) = self.size {
                self.draw(width, height);
            }
        }
        self
    }

    pub(super) fn key(&mut self, key: Key) {
        self.state.update(Input::Key(key));
        self.detail();
    }

    /// What is drawn, twice: the first time finds out how far there is to
    /// scroll.
    pub(super) fn draw(&mut self, width: u16, height: u16) -> Buffer {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        self.size = Some((width, height));
        self.state.update(Input::Resize(width, height));
        for _ in 0..2 {
            let theme = Theme {
                colour: self.colour,
            };
            let mut extent = None;
            terminal
                .draw(|frame| {
                    let area = frame.area();
                    extent = Some(view::draw(frame.buffer_mut(), area, &self.state, theme));
                })
                .unwrap();
            self.state.update(Input::Drawn(extent.unwrap()));
            self.detail();
        }
        terminal.backend().buffer().clone()
    }

    /// The same as text, without the spaces at the ends of lines.
    pub(super) fn text(&mut self, width: u16, height: u16) -> String {
        frame::text(&self.draw(width, height))
    }
}
