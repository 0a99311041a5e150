//! The view, frame by frame, and what each key does to it.

mod frame;
mod frames;
mod happenings;
mod keys;
mod on_terminal;
mod pty;
mod recorded;
mod scene;
