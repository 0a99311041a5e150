//! What the cases ask of every runtime.

use anyhow::Result;

use super::{archive::Image, subject::Subject};

/// A runtime that can load an image and run a container of it.
pub(crate) trait Engine {
    /// Loads the image from its archive.
    fn load(&self, image: &Image) -> Result<()>;

    /// Runs a shell script in a new container, to its end. The container
    /// stays, so that its upper directory can be read.
    fn run<'a>(&self, image: &'a Image, name: &str, script: &str) -> Result<Subject<'a>>;

    /// Removes a container.
    fn remove(&self, subject: &Subject<'_>) -> Result<()>;
}
