//! Cases that are the same for every runtime.

use anyhow::Result;

use super::{
    archive::{self, Image},
    engine::Engine,
    judge::judge,
    subject::Subject,
};
use crate::{docker::unique, tracer::Tracer};

/// Appends to a large file, changes the owner of a tree, hides a file.
pub(crate) const WORK: &str =
    "printf x >> /srv/big.dat; chown -R 7:7 /srv/tree; rm /etc/motd; echo fresh > /srv/fresh";

/// Something else, so that containers cannot be mistaken for each other.
const OTHER_WORK: &str = "chmod 600 /etc/passwd; rm /srv/tree/part-1/file-1";

/// Runs containers of `image` while observed, and judges them.
fn judged(engine: &dyn Engine, image: &Image, scripts: &[&str]) -> Result<()> {
    let tracer = Tracer::start(&[])?;
    let subjects: Vec<Subject<'_>> = scripts
        .iter()
        .map(|script| engine.run(image, &unique("worker"), script))
        .collect::<Result<_>>()?;
    let verdict = tracer
        .finish()
        .and_then(|recorded| judge(&recorded, &subjects));
    for subject in &subjects {
        engine.remove(subject)?;
    }
    verdict
}

/// Two containers with different habits, from start to end.
pub(crate) fn two_containers(engine: &dyn Engine) -> Result<()> {
    let image = archive::shop("ovl-trace/shop:1")?;
    engine.load(&image)?;
    judged(engine, &image, &[WORK, OTHER_WORK])
}

/// A file from the bottom, the middle and the top of 40 layers.
pub(crate) fn forty_layers(engine: &dyn Engine) -> Result<()> {
    layers(engine, "ovl-trace/forty:1", 40)
}

/// The same with so many layers that mount options need more than a page
/// (4096 bytes): a path of a layer has 30 to 75 bytes.
pub(crate) fn options_longer_than_a_page(engine: &dyn Engine, count: usize) -> Result<()> {
    layers(engine, "ovl-trace/hundred:1", count)
}

fn layers(engine: &dyn Engine, name: &'static str, count: usize) -> Result<()> {
    let image = archive::many_layers(name, count)?;
    engine.load(&image)?;
    let (middle, top) = (count / 2, count - 1);
    let script = format!(
        "for n in 1 {middle} {top}; do printf x >> /srv/layer-$n; done
         chmod 600 /etc/passwd; rm /srv/layer-2"
    );
    judged(engine, &image, &[&script])
}
