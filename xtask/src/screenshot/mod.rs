//! `cargo xtask screenshot`: the full-screen view of a recording as a picture for
//! the README, from the real program on a real terminal.

mod glyph;
mod palette;
mod svg;
mod terminal;

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use self::terminal::Terminal;
use crate::{
    cargo,
    host::{Host, say},
};

/// What each block of a recording begins with.
const BLOCK: &[u8] = b"OVLB";

/// `cargo xtask screenshot`.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  cargo xtask screenshot --share 61 --columns 110 --output in-flight.svg"
)]
pub(crate) struct ScreenshotOptions {
    /// The recording that is shown.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "tests/fixtures/recordings/docker-overlay2-6.1.ovlrec"
    )]
    from: PathBuf,
    /// How much of it: less shows how it was in the middle.
    #[arg(long, value_name = "PERCENT", default_value_t = 92,
          value_parser = clap::value_parser!(u8).range(1..=100))]
    share: u8,
    /// What is typed before the picture is taken.
    #[arg(long, default_value = "j")]
    keys: String,
    /// Columns of the terminal.
    #[arg(long, default_value_t = 160, value_parser = clap::value_parser!(u16).range(40..=300))]
    columns: u16,
    /// Its rows.
    #[arg(long, default_value_t = 33, value_parser = clap::value_parser!(u16).range(10..=100))]
    rows: u16,
    /// Where the picture goes.
    #[arg(long, value_name = "FILE", default_value = "docs/live.svg")]
    output: PathBuf,
}

/// Builds the agent, runs it, and writes the picture.
pub(crate) fn command(host: &Host, options: &ScreenshotOptions) -> Result<()> {
    let from = &options.from;
    let recording = fs::read(from)
        .with_context(|| format!("cannot read the recording '{}'", from.display()))?;
    let mut build = cargo::host(host, "build");
    build.arg("--package=ovl-trace");
    host.run("the view that is shown", &mut build)?;
    let screen = look(host, beginning(&recording, options.share), options)?;
    let title = format!("ovl-trace live --from {}", from.display());
    fs::write(&options.output, svg::picture(&screen, &title))
        .with_context(|| format!("cannot write '{}'", options.output.display()))?;
    say(format_args!("written: '{}'", options.output.display()));
    Ok(())
}

/// So much of a recording, in whole blocks: in the middle of one the view would wait
/// for the rest of it.
fn beginning(recording: &[u8], percent: u8) -> &[u8] {
    if percent >= 100 {
        return recording;
    }
    let wanted = recording.len() * usize::from(percent) / 100;
    let block = recording
        .windows(BLOCK.len())
        .take(wanted + 1)
        .rposition(|bytes| bytes == BLOCK);
    &recording[..block.unwrap_or(recording.len())]
}

/// What the view shows of the beginning of a recording.
fn look(host: &Host, recording: &[u8], options: &ScreenshotOptions) -> Result<vt100::Screen> {
    // A pipe: the view goes on waiting for the rest, as it does when it is live.
    let dir = tempfile::tempdir()?;
    let pipe = dir.path().join("recording");
    make_pipe(&pipe)?;
    let mut live = Command::new(host.target.join("debug/ovl-trace"));
    live.args(["live", "--color", "always", "--from"])
        .arg(&pipe);
    let mut terminal = Terminal::start(live, options.columns, options.rows)?;
    // Opened for both, so that neither waits for the other.
    let mut end = OpenOptions::new().read(true).write(true).open(&pipe)?;
    let recording = recording.to_vec();
    // A pipe does not hold all of it. What the thread returns keeps it open.
    let written = thread::spawn(move || end.write_all(&recording).map(|()| end));
    terminal.settled()?;
    terminal.press(&options.keys)?;
    terminal.settled()?;
    ensure!(
        written.is_finished(),
        "the recording was not read to its end"
    );
    Ok(terminal.screen())
}

fn make_pipe(path: &Path) -> Result<()> {
    let name = std::ffi::CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: a name that ends with a zero byte.
    let made = unsafe { libc::mkfifo(name.as_ptr(), 0o600) };
    ensure!(
        made == 0,
        "cannot make the pipe '{}': {}",
        path.display(),
        std::io::Error::last_os_error()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_ends_with_a_block() {
        let recording = b"headOVLB1234OVLB1234";
        assert_eq!(beginning(recording, 100), recording);
        assert_eq!(beginning(recording, 99), b"headOVLB1234");
        assert_eq!(beginning(recording, 60), b"headOVLB1234");
        assert_eq!(beginning(recording, 59), b"head");
    }
}
