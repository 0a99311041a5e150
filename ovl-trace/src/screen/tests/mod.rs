//! The view, frame by frame, and what each key does to it.

mod child;
mod frames;
mod keys;
#[path = "../../../tests/pty/mod.rs"]
mod pty;
mod scene;
