//! Makes a recording of as many events as wanted, to measure what reading one
//! costs:
//!
//! ```sh
//! cargo run --release --example million_events -- big.ovlrec
//! /usr/bin/time -v target/release/ovl-trace report --from big.ovlrec
//! ```
//!
//! Containers come and go, and most files are copied up once, as on a machine
//! that builds images all day; other shapes are in `synthetic`. Two runs give the
//! same events.

#[path = "synthetic/mod.rs"]
mod synthetic;

use std::{env, error::Error, fs::File};

const USAGE: &str = "usage: million_events FILE [EVENTS [SHAPE]]";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let path = arguments.next().ok_or(USAGE)?;
    let events = match arguments.next() {
        Some(number) => number.parse().map_err(|_error| "EVENTS is a number")?,
        None => 1_000_000,
    };
    let wanted = arguments.next();
    let mut shapes = synthetic::SHAPES.into_iter();
    let shape = shapes
        .find(|shape| wanted.as_ref().is_none_or(|wanted| wanted == shape.name))
        .ok_or("SHAPE is one of churn, few-files, many-files, many-containers")?;
    synthetic::write(File::create(path)?, shape, events)?;
    Ok(())
}
