//! The probes: thin shells that take arguments out of their context.
//!
//! Prototypes are given as they are from 5.10 to 7.3 unless said otherwise;
//! which symbols survive in real builds is in the agent's probe table.

mod copy_up;
mod data;
mod deletion;
mod opaque;
mod overlay;
