//! What each key does.

use super::{Mode, Pane, State};
use crate::screen::input::Key;

/// Further than anything that can be scrolled.
const FAR: isize = 1 << 40;

/// Longest filter.
const FILTER_MAX: usize = 64;

impl State {
    pub(super) fn key(&mut self, key: Key) {
        if key == Key::Control('c') {
            self.quit = true;
        } else {
            match self.mode {
                Mode::Commands => self.command(key),
                Mode::Typing => self.type_filter(key),
                Mode::Help => self.help_key(key),
            }
        }
    }

    fn type_filter(&mut self, key: Key) {
        match key {
            Key::Char(c) if self.filter.chars().count() < FILTER_MAX => self.filter.push(c),
            Key::Backspace => drop(self.filter.pop()),
            Key::Control('u') => self.filter.clear(),
            Key::Enter => self.mode = Mode::Commands,
            Key::Escape => {
                self.mode = Mode::Commands;
                self.filter.clear();
            }
            Key::Up => self.scroll(-1),
            Key::Down => self.scroll(1),
            _ => {}
        }
    }

    fn help_key(&mut self, key: Key) {
        match key {
            Key::Char('q') => self.quit = true,
            Key::Char('?') | Key::Escape | Key::Enter => self.mode = Mode::Commands,
            _ => {}
        }
    }

    fn command(&mut self, key: Key) {
        let page = isize::try_from(self.page()).unwrap_or(1);
        match key {
            Key::Char('q') => self.quit = true,
            Key::Char('?') => self.mode = Mode::Help,
            Key::Char('/') => self.mode = Mode::Typing,
            Key::Char(' ') => self.toggle_pause(),
            Key::Char('s') => self.sort = self.sort.next(),
            Key::Char('r') => self.reversed = !self.reversed,
            Key::Char(digit @ '1'..='4') => {
                let at = usize::from(digit as u8 - b'1');
                self.show(Pane::ALL[at]);
            }
            Key::Tab => self.show(self.other_pane(1)),
            Key::BackTab => self.show(self.other_pane(Pane::ALL.len() - 1)),
            Key::Enter if self.pane == Pane::Containers => self.show(Pane::Detail),
            Key::Escape => self.back(),
            Key::Up | Key::Char('k') => self.scroll(-1),
            Key::Down | Key::Char('j') => self.scroll(1),
            Key::PageUp => self.scroll(-page),
            Key::PageDown => self.scroll(page),
            Key::Home | Key::Char('g') => self.scroll(-FAR),
            Key::End | Key::Char('G') => self.scroll(FAR),
            _ => {}
        }
    }

    fn other_pane(&self, steps: usize) -> Pane {
        let at = Pane::ALL.iter().position(|pane| *pane == self.pane);
        Pane::ALL[(at.unwrap_or(0) + steps) % Pane::ALL.len()]
    }

    /// The detail stays with the container that was selected, wherever its row
    /// goes.
    fn show(&mut self, pane: Pane) {
        if pane == Pane::Detail {
            let rows = self.rows();
            self.selected = rows.get(self.selected(&rows)).map(|row| row.id.clone());
        }
        self.pane = pane;
    }

    /// One step back: the events follow again, the pane of containers, no
    /// filter.
    fn back(&mut self) {
        if self.pane == Pane::Events && self.events_from.is_some() {
            self.events_from = None;
        } else if self.pane != Pane::Containers {
            self.pane = Pane::Containers;
        } else {
            self.filter.clear();
        }
    }
}
