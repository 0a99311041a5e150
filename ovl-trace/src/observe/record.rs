//! `ovl-trace record`

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use anyhow::{Context as _, Result};

use super::{
    prepare,
    recorder::{Destination, Recorded},
    session::Session,
    signals::Signals,
};
use crate::{
    cli::config::{Output, RecordConfig},
    render::units,
};

/// Records until the end; says on `err` what was recorded.
pub(super) async fn record(
    config: &RecordConfig,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<()> {
    let mut signals = Signals::new()?;
    let file = match &config.output {
        // Before anything is loaded: a name that does not do is said at once.
        Output::File(path) => Some(create(path, config.force)?),
        Output::Stdout => None,
    };
    let recorded = match file {
        Some(file) => observe(config, Box::new(file), &mut signals).await,
        None => observe(config, Box::new(out), &mut signals).await,
    };
    if recorded.is_err() {
        remove_if_empty(&config.output);
    }
    writeln!(err, "{}", summary(config, recorded?)).context("writing to standard error")?;
    Ok(())
}

async fn observe(
    config: &RecordConfig,
    out: Box<dyn Write + '_>,
    signals: &mut Signals,
) -> Result<Recorded> {
    let observation = &config.observation;
    let prepared = prepare::prepare(observation, signals).await?;
    let mut err = io::stderr();
    let mut sink = super::quiet(config.progress, &mut err);
    let out = Target {
        out,
        name: config.output.to_string(),
    };
    let destination = Destination {
        out: Box::new(out),
        max_bytes: config.max_bytes,
    };
    let mut session = Session::start(prepared, observation, Some(destination), &mut sink)?;
    let ended = session.run(signals).await;
    let finished = ended.and_then(|()| session.finish());
    sink.end()?;
    finished?.1.context("nothing was recorded")
}

/// Says in its errors what it is.
struct Target<'a> {
    out: Box<dyn Write + 'a>,
    name: String,
}

impl Target<'_> {
    fn named(&self, error: &io::Error) -> io::Error {
        let text = format!(
            "writing {}: {error}; what was written before can be read",
            self.name
        );
        io::Error::new(error.kind(), text)
    }
}

impl Write for Target<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes).map_err(|error| self.named(&error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush().map_err(|error| self.named(&error))
    }
}

/// Only its owner may read it: it names files and processes, and has addresses
/// of the kernel.
fn create(path: &Path, force: bool) -> Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    if force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => anyhow::bail!(
            "'{}' is already there; '--force' overwrites it",
            path.display()
        ),
        result => result.with_context(|| format!("making '{}'", path.display())),
    }
}

/// What was refused leaves no file behind.
fn remove_if_empty(output: &Output) {
    if let Output::File(path) = output
        && fs::symlink_metadata(path).is_ok_and(|file| file.is_file() && file.len() == 0)
        && let Err(error) = fs::remove_file(path)
    {
        tracing::debug!("'{}' stays, empty: {error}", path.display());
    }
}

fn summary(config: &RecordConfig, recorded: Recorded) -> String {
    let Recorded {
        events,
        bytes,
        full,
    } = recorded;
    let why = if full {
        "; it had reached its '--max-size' and was ended"
    } else {
        ""
    };
    let s = if events == 1 { "" } else { "s" };
    format!(
        "ovl-trace: recorded {events} event{s} in {} to {}{why}",
        units::bytes(bytes),
        config.output,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_there_stays_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.ovlrec");
        fs::write(&path, "mine").unwrap();
        let error = create(&path, false).unwrap_err().to_string();
        assert!(error.contains("'--force'"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"mine");
        drop(create(&path, true).unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"");
    }

    #[test]
    fn only_the_owner_may_read_a_recording() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.ovlrec");
        let file = create(&path, false).unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
        remove_if_empty(&Output::File(path.clone()));
        assert!(!path.exists());
    }
}
