//! What the commands are to do: validated, free of clap.

use std::{fmt, num::NonZeroU64, path::PathBuf, time::Duration};

use clap::ValueEnum;

use crate::{aggregate::SortKey, model::Filter, render::style::Style};

/// One command with its configuration.
#[derive(Debug)]
pub enum Command {
    /// `ovl-trace live`
    Live(LiveConfig),
    /// `ovl-trace report`
    Report(ReportConfig),
    /// `ovl-trace record`
    Record(RecordConfig),
    /// `ovl-trace mounts`
    Mounts(MountsConfig),
    /// `ovl-trace doctor`
    Doctor(DoctorConfig),
    /// `ovl-trace completions`, `ovl-trace man`
    Text(Text),
}

/// What the program says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// Completions for a shell.
    Completions(clap_complete::Shell),
    /// Its man page.
    Man,
    /// All man pages, into a directory.
    ManPages(PathBuf),
}

/// How an observation goes, shared by `live` and `report`.
#[derive(Clone, Debug)]
pub struct Observation {
    /// What is shown and counted.
    pub filter: Filter,
    /// Stop after this time; `None`: at Ctrl-C.
    pub duration: Option<Duration>,
    /// Stop after this many events that the filter admits.
    pub count: Option<NonZeroU64>,
    /// Exit with 4 if more bytes than this were copied up.
    pub fail_over: Option<u64>,
    /// Rows of files, processes and calls per container.
    pub top: usize,
    /// Order of the report.
    pub sort: SortKey,
    /// Size of the ring buffer in bytes, a power of two; `None`: the default.
    pub ring_bytes: Option<u64>,
    /// Rows of each table in the kernel; `None`: as the program has them.
    pub table_rows: Option<u32>,
    /// Only keep the kernel's totals: no files, no processes.
    pub totals_only: bool,
    /// A recording to read; `None`: the running kernel.
    pub from: Option<Input>,
}

impl Default for Observation {
    /// Everything, until the end.
    fn default() -> Self {
        Self {
            filter: Filter::default(),
            duration: None,
            count: None,
            fail_over: None,
            top: 10,
            sort: SortKey::default(),
            ring_bytes: None,
            table_rows: None,
            totals_only: false,
            from: None,
        }
    }
}

/// Where a recording is read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A file.
    File(PathBuf),
    /// Standard input, `-`.
    Stdin,
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "'{}'", path.display()),
            Self::Stdin => f.write_str("standard input"),
        }
    }
}

/// Where a recording is written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// A file.
    File(PathBuf),
    /// Standard output, `-`.
    Stdout,
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "'{}'", path.display()),
            Self::Stdout => f.write_str("standard output"),
        }
    }
}

/// Configuration of `record`.
#[derive(Clone, Debug)]
pub struct RecordConfig {
    /// The observation.
    pub observation: Observation,
    /// Where it goes.
    pub output: Output,
    /// Most bytes of the recording; `None`: no limit.
    pub max_bytes: Option<u64>,
    /// Overwrite a file that is there.
    pub force: bool,
    /// Say on standard error how far it is.
    pub progress: bool,
}

/// Configuration of `live`.
#[derive(Clone, Debug)]
pub struct LiveConfig {
    /// The observation.
    pub observation: Observation,
    /// What is written.
    pub output: LiveOutput,
    /// Colours.
    pub style: Style,
    /// Width for the summary; `None`: unlimited.
    pub width: Option<u16>,
}

/// Configuration of `report`.
#[derive(Clone, Debug)]
pub struct ReportConfig {
    /// The observation.
    pub observation: Observation,
    /// What is written.
    pub output: ReportOutput,
    /// Colours.
    pub style: Style,
    /// Width of the table; `None`: unlimited.
    pub width: Option<u16>,
    /// Say on standard error how far it is.
    pub progress: bool,
}

/// Configuration of `mounts`.
#[derive(Clone, Copy, Debug)]
pub struct MountsConfig {
    /// What is written.
    pub output: TableOutput,
    /// Print the layers of each mount.
    pub layers: bool,
    /// Find out the size of each writable layer.
    pub size: bool,
    /// Colours.
    pub style: Style,
    /// Width of the table; `None`: unlimited.
    pub width: Option<u16>,
}

/// Configuration of `doctor`.
#[derive(Clone, Copy, Debug)]
pub struct DoctorConfig {
    /// What is written.
    pub output: TableOutput,
    /// Colours.
    pub style: Style,
    /// Width of the table; `None`: unlimited.
    pub width: Option<u16>,
}

/// Formats of `live`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LiveOutput {
    /// A full-screen view, then the report
    Screen,
    /// One line per event, then the report
    Lines,
    /// One JSON object per line, the last one of type `summary`
    Json,
}

/// Formats of `report`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ReportOutput {
    /// Tables for people
    #[default]
    Table,
    /// One JSON object
    Json,
    /// Markdown, to paste into an issue
    Markdown,
    /// One HTML file, to look at and to send on
    Html,
}

/// Formats of the other commands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum TableOutput {
    /// A table for people
    #[default]
    Table,
    /// One JSON object
    Json,
}

/// `--color`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColourChoice {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl ColourChoice {
    pub(crate) fn style(self, environment: Environment) -> Style {
        let colour = match self {
            Self::Auto => environment.stdout_colour(),
            Self::Always => true,
            Self::Never => false,
        };
        Style { colour }
    }
}

/// What the process was started in.
#[derive(Clone, Copy, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, and no state"
)]
pub struct Environment {
    /// Standard input is a terminal.
    pub stdin_terminal: bool,
    /// Standard output is a terminal.
    pub stdout_terminal: bool,
    /// Standard error is a terminal.
    pub stderr_terminal: bool,
    /// `NO_COLOR` is set and not empty, or `TERM` is `dumb`.
    pub no_colour: bool,
    /// Standard input and output are a terminal that a view can have to itself.
    pub full_screen: bool,
    /// Width of the terminal that standard output is.
    pub width: Option<u16>,
}

impl Environment {
    pub(crate) const fn stdout_colour(self) -> bool {
        self.stdout_terminal && !self.no_colour
    }

    pub(crate) const fn stderr_colour(self) -> bool {
        self.stderr_terminal && !self.no_colour
    }
}
