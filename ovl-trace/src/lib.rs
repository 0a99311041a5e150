//! The agent of ovl-trace. Data flows one way:
//!
//! ring → decode → enrich → aggregate → render
//!
//! Only the ends touch the world: `observe`, `load` and `enrich` read the
//! kernel, `/proc` and the runtimes' files; everything between is pure.

pub mod aggregate;
mod bounded_list;
pub mod cli;
pub mod decode;
pub mod doctor;
pub mod enrich;
pub mod kernel;
pub mod load;
pub mod model;
pub mod observe;
pub mod recording;
pub mod render;
mod screen;
