//! `live` on a terminal: a full-screen view.

mod input;
mod state;
mod theme;
mod view;

#[cfg(test)]
mod tests;
