//! The tracers that are compared.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};

use serde_json::Value;

use super::{cost::TracerCost, measured, priority::Priority};
use crate::tracer::signal;

/// How long a start may take; much more than it does where the processor is
/// emulated.
const PATIENCE: Duration = Duration::from_secs(600);

/// How often to look whether it has started.
const STEP: Duration = Duration::from_millis(50);

/// How long a tracer may sleep between two looks at its ring.
const DRAINED: Duration = Duration::from_secs(3);

/// Where in the second between two looks of ovl-trace at its totals a workload begins: most
/// end before the next one. Else one look or two find something new, which is a million
/// instructions of its own.
const AFTER_LOOK: Duration = Duration::from_millis(100);

/// How the line begins with which `ovl-trace` ends.
const SUMMARY: &[u8] = b"{\"type\":\"summary\"";

/// A tracer.
pub(super) struct Tracer {
    pub(super) name: &'static str,
    /// Nothing for none.
    command: &'static [&'static str],
    /// How a line begins that is an event.
    event: &'static [&'static str],
}

/// What a script of bpftrace's begins with.
macro_rules! bpftrace {
    ($script:literal) => {
        &[
            "bpftrace",
            "-e",
            concat!("BEGIN { printf(\"ready\\n\"); } ", $script),
        ]
    };
}

/// `ovl-trace` with all that it says of an event.
pub(super) const EVENTS: Tracer = Tracer {
    name: "events",
    command: &["ovl-trace", "live", "-v", "--output", "json"],
    event: &["{\"type\":\"copy_up\"", "{\"type\":\"whiteout\""],
};

/// All of them, the first without a tracer.
pub(super) const TRACERS: [Tracer; 7] = [
    Tracer {
        name: "none",
        command: &[],
        event: &[],
    },
    Tracer {
        name: "totals",
        command: &[
            "ovl-trace",
            "report",
            "--totals-only",
            "-v",
            "--output",
            "json",
        ],
        event: EVENTS.event,
    },
    // What no event comes of, where files are changed.
    Tracer {
        name: "filtered",
        command: &[
            "ovl-trace",
            "live",
            "-v",
            "--output",
            "json",
            "--kind",
            "directory",
        ],
        event: EVENTS.event,
    },
    EVENTS,
    // Counts per duration: the least that is of use.
    Tracer {
        name: "bpftrace histogram",
        command: bpftrace!(
            "kprobe:ovl_copy_up_one, kprobe:ovl_unlink { @start[tid] = nsecs; }
            kretprobe:ovl_copy_up_one, kretprobe:ovl_unlink /@start[tid]/ {
                @ns[func] = hist(nsecs - @start[tid]); delete(@start[tid]);
            }"
        ),
        event: &[],
    },
    // A line per event, as near to the fields of `live` as a script comes: no
    // container, no path, no bytes copied.
    Tracer {
        name: "bpftrace print",
        command: bpftrace!(
            "kprobe:ovl_copy_up_one {
                @start[tid] = nsecs; @dentry[tid] = arg1;
            }
            kretprobe:ovl_copy_up_one /@start[tid]/ {
                $d = (struct dentry *)@dentry[tid];
                printf(\"EVENT %d %s %d %d %d %s\\n\", pid, comm, nsecs - @start[tid],
                    retval, $d->d_inode->i_size, str($d->d_name.name));
                delete(@start[tid]); delete(@dentry[tid]);
            }
            kprobe:ovl_unlink { @name[tid] = arg1; }
            kretprobe:ovl_unlink /@name[tid]/ {
                printf(\"EVENT %d %s %d %s\\n\", pid, comm, retval,
                    str(((struct dentry *)@name[tid])->d_name.name));
                delete(@name[tid]);
            }"
        ),
        event: &["EVENT"],
    },
    // The phases as well, each by a pair of probes: what `live` knows of a copy-up
    // but for container, path, trigger and layer.
    Tracer {
        name: "bpftrace pairs",
        command: bpftrace!(
            "kprobe:ovl_copy_up_one {
                @start[tid] = nsecs; @dentry[tid] = arg1;
                @lock[tid] = 0; @sync[tid] = 0; @bytes[tid] = 0;
            }
            kprobe:ovl_copy_up_start /@start[tid]/ { @begun[tid] = nsecs; }
            kretprobe:ovl_copy_up_start /@start[tid]/ { @lock[tid] = nsecs - @begun[tid]; }
            kretprobe:do_splice_direct /@start[tid]/ { @bytes[tid] += retval; }
            kprobe:vfs_fsync /@start[tid]/ { @begun[tid] = nsecs; }
            kretprobe:vfs_fsync /@start[tid]/ { @sync[tid] = nsecs - @begun[tid]; }
            kretprobe:ovl_copy_up_one /@start[tid]/ {
                $d = (struct dentry *)@dentry[tid];
                printf(\"EVENT %d %s %d %d %d %d %d %d %s\\n\", pid, comm, nsecs - @start[tid],
                    @lock[tid], @sync[tid], @bytes[tid], retval, $d->d_inode->i_size,
                    str($d->d_name.name));
                delete(@start[tid]); delete(@dentry[tid]); delete(@begun[tid]);
                delete(@lock[tid]); delete(@sync[tid]); delete(@bytes[tid]);
            }
            kprobe:ovl_unlink { @name[tid] = arg1; }
            kretprobe:ovl_lower_positive /@name[tid]/ { @lower[tid] = retval; }
            kretprobe:ovl_unlink /@name[tid]/ {
                if (@lower[tid]) {
                    printf(\"EVENT %d %s %d %s\\n\", pid, comm, retval,
                        str(((struct dentry *)@name[tid])->d_name.name));
                }
                delete(@name[tid]); delete(@lower[tid]);
            }"
        ),
        event: &["EVENT"],
    },
];

/// A tracer that observes.
pub(super) struct Running<'a> {
    tracer: &'a Tracer,
    child: Child,
    output: &'a Path,
    start_ns: u64,
    start_kib: u64,
}

impl Tracer {
    /// Starts it, and waits until it observes. `None`: there is nothing to start.
    pub(super) fn start<'a>(
        &'a self,
        output: &'a Path,
        priority: Priority,
    ) -> Result<Option<Running<'a>>> {
        let Some((program, arguments)) = self.command.split_first() else {
            return Ok(None);
        };
        let log = output.with_extension("log");
        let mut command = Command::new(program);
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(File::create(output)?)
            .stderr(File::create(&log)?);
        priority.give(&mut command);
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start '{program}'"))?;
        let mut waited = Duration::ZERO;
        while !says_ready(&log)? && !says_ready(output)? {
            if child.try_wait()?.is_some() || waited > PATIENCE {
                bail!(
                    "'{}' did not start: {}",
                    self.name,
                    fs::read_to_string(&log)?
                );
            }
            thread::sleep(STEP);
            waited += STEP;
        }
        // What it does once, right after its start.
        thread::sleep(DRAINED + AFTER_LOOK);
        Ok(Some(Running {
            tracer: self,
            start_ns: measured::so_far(child.id())?,
            start_kib: measured::memory(child.id(), "VmHWM")?,
            child,
            output,
        }))
    }
}

/// What either kind of tracer writes when it observes.
fn says_ready(file: &Path) -> Result<bool> {
    let text = fs::read_to_string(file)?;
    Ok(text.lines().any(|line| line.trim_end().ends_with("ready")))
}

impl Running<'_> {
    /// Its process id.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Lets it do nothing until it may go on.
    pub(super) fn pause(&self) {
        signal(&self.child, libc::SIGSTOP);
    }

    /// Lets it go on.
    pub(super) fn go_on(&self) {
        signal(&self.child, libc::SIGCONT);
    }

    /// Ends it when it has read all.
    pub(super) fn finish(self) -> Result<TracerCost> {
        thread::sleep(DRAINED);
        let pid = self.child.id();
        let before_end = measured::so_far(pid)?;
        let end_kib = measured::memory(pid, "VmHWM")?;
        signal(&self.child, libc::SIGINT);
        let all = measured::wait(pid.cast_signed())?;
        let written = Written::read(self.output, self.tracer.event)?;
        Ok(TracerCost {
            start_ns: self.start_ns,
            work_ns: before_end - self.start_ns,
            end_ns: all.saturating_sub(before_end),
            start_kib: self.start_kib,
            end_kib,
            events: written.events,
            lost: written.lost,
        })
    }
}

/// What a tracer wrote.
struct Written {
    events: u64,
    lost: Option<u64>,
}

impl Written {
    /// Events are lines that begin with one of `event`.
    fn read(output: &Path, event: &[&str]) -> Result<Self> {
        let mut written = Self {
            events: 0,
            lost: None,
        };
        for line in BufReader::new(File::open(output)?).split(b'\n') {
            let line = line?;
            if line.starts_with(SUMMARY) {
                let summary: Value = serde_json::from_slice(&line).context("the summary")?;
                let losses = summary["loss"].as_object().context("no losses")?;
                written.lost = Some(losses.values().filter_map(Value::as_u64).sum());
            } else if event.iter().any(|begin| line.starts_with(begin.as_bytes())) {
                written.events += 1;
            }
        }
        Ok(written)
    }
}
