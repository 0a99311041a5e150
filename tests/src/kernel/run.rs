//! Runs the cases of one file system under one tracer, then judges each.

use std::{
    fs,
    io::{self, Write as _},
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    time::Instant,
};

use anyhow::{Context as _, Result, anyhow};

use super::{
    case::{Case, Lower, Upper},
    disks::{Disks, Kind},
    expected::Expected,
    facts::Facts,
    judge,
    merged::Merged,
    print::Ended,
    storm, sys, topics,
    upper::{self, Entries, Origins},
};
use crate::{harness, tracer::Tracer};

/// How a case ended.
pub(crate) enum Verdict {
    Passed,
    /// Why.
    Failed(String),
    /// What it would need.
    Unsupported(String),
}

impl From<Result<()>> for Verdict {
    fn from(result: Result<()>) -> Self {
        match result {
            Ok(()) => Self::Passed,
            Err(error) => Self::Failed(format!("{error:#}")),
        }
    }
}

/// What a case left behind, to be judged when the events are there.
pub(crate) struct Done {
    pub(crate) case: Case,
    pub(crate) upper: PathBuf,
    pub(crate) lowers: Vec<PathBuf>,
    pub(crate) entries: Entries,
    pub(crate) origins: Origins,
    /// The type of the upper directory's file system.
    pub(crate) filesystem: &'static str,
    /// See [`Facts`].
    pub(crate) clones_are_not_synced: bool,
    /// See [`Facts`].
    pub(crate) attributes_are_synced: bool,
}

impl Done {
    /// The type of the lower layers' file system.
    pub(crate) fn lower_filesystem(&self) -> &'static str {
        match self.case.lower {
            Lower::Same => self.filesystem,
            Lower::Tmpfs => "tmpfs",
            Lower::Overlay => "overlay",
        }
    }
}

/// Runs the cases whose name contains one of `names` on a file system; with
/// `describe`, says what they must report.
pub(crate) fn cases(kind: Kind, names: &[String], describe: bool) -> Result<Vec<Ended>> {
    let disks = Disks::mount(kind).with_context(|| format!("making {}", kind.name))?;
    let facts = Facts::find(&disks.roomy().join("probe"), &disks.roomy())
        .context("trying the file system out")?;
    harness::note(&format!("{facts:?}"));
    let wanted = |case: &Case| {
        let full = format!("{}::{}", kind.name, case.name);
        names.is_empty() || names.iter().any(|name| full.contains(name.as_str()))
    };
    let mut ended = Vec::new();
    let mut done = Vec::new();
    let tracer = Tracer::start(&[])?;
    for case in topics::all(&facts).into_iter().filter(wanted) {
        let name = case.name;
        if let Some(why) = case.unsupported {
            ended.push(Ended::of(name, || Verdict::Unsupported(why)));
            continue;
        }
        let started = Instant::now();
        match perform(case, &disks, kind, &facts) {
            Ok(finished) => done.push((finished, started.elapsed())),
            Err(error) => ended.push(Ended {
                case: name,
                verdict: Verdict::Failed(format!("{error:#}")),
                took: started.elapsed(),
            }),
        }
    }
    if describe {
        done.iter()
            .try_for_each(|(done, _)| describe_case(kind, &done.case))?;
    }
    let recorded = tracer.finish()?;
    for (finished, took) in &done {
        ended.push(Ended {
            case: finished.case.name,
            verdict: judge::case(finished, &recorded).into(),
            took: *took,
        });
    }
    let done: Vec<Done> = done.into_iter().map(|(done, _)| done).collect();
    if !done.is_empty() {
        ended.push(Ended::of("all::nothing_else_and_no_loss", || {
            judge::nothing_else(&done, &recorded).into()
        }));
    }
    let stormy = format!("{}::{}", kind.name, storm::NAME);
    if names.is_empty() || names.iter().any(|name| stormy.contains(name.as_str())) {
        ended.push(Ended::of(storm::NAME, || storm::run(&disks).into()));
    }
    // Overlays hold the file systems below them.
    for finished in &done {
        let root = finished.upper.with_file_name("merged");
        // One that was never mounted, or not any more.
        let _unmounted = sys::umount(&root);
    }
    Ok(ended)
}

/// `reports kernel::ext4::opens::append: data copy /f (open)`
fn describe_case(kind: Kind, case: &Case) -> io::Result<()> {
    let events: Vec<String> = case.events.iter().map(Expected::describe).collect();
    let text = if case.check.is_some() {
        "see the case".to_owned()
    } else if events.is_empty() {
        "nothing".to_owned()
    } else {
        events.join("; ")
    };
    let (kind, name) = (kind.name, case.name);
    writeln!(io::stdout(), "reports kernel::{kind}::{name}: {text}")
}

/// Mounts the overlay, does the operation and reads the upper directory.
fn perform(case: Case, disks: &Disks, kind: Kind, facts: &Facts) -> Result<Done> {
    let upper_root = match case.upper {
        Upper::Roomy => disks.roomy(),
        Upper::Full => disks.full(),
    };
    let lower_root = match case.lower {
        Lower::Same | Lower::Overlay => disks.roomy(),
        Lower::Tmpfs => disks.tmpfs(),
    };
    fs::create_dir_all(&lower_root)?;
    let merged = Merged::new(&case, &lower_root, &upper_root)?;
    let origins = Origins::read(&merged.lowers)?;
    catch_unwind(AssertUnwindSafe(|| (case.run)(&merged)))
        // The panic's own message is on standard error.
        .map_err(|_panic| anyhow!("panicked"))?
        .context("the operation")?;
    let entries = upper::read(&merged.upper, &origins)?;
    Ok(Done {
        upper: merged.upper,
        lowers: merged.lowers,
        case,
        entries,
        origins,
        filesystem: kind.name,
        clones_are_not_synced: facts.clones_are_not_synced,
        attributes_are_synced: facts.attributes_are_synced,
    })
}
