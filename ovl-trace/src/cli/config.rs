//! What the commands are to do: validated, free of clap.

use std::{num::NonZeroU64, time::Duration};

use clap::ValueEnum;

use crate::{aggregate::SortKey, model::Filter, render::style::Style};

/// One command with its configuration.
#[derive(Debug)]
pub enum Command {
    /// `ovl-trace live`
    Live(LiveConfig),
    /// `ovl-trace report`
    Report(ReportConfig),
    /// `ovl-trace mounts`
    Mounts(MountsConfig),
    /// `ovl-trace doctor`
    Doctor(DoctorConfig),
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
    pub output: TableOutput,
    /// Colours.
    pub style: Style,
    /// Width of the table; `None`: unlimited.
    pub width: Option<u16>,
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
#[expect(clippy::struct_excessive_bools, reason = "facts that are independent")]
pub struct Environment {
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
