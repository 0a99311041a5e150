//! What happened.

use super::{
    Cause, Comm, DeviceNumber, FileSystemName, Kind, Method, OpenFlags, Operation, OverlayKey,
};

/// One decoded record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A copy-up ended.
    CopyUp(CopyUp),
    /// A copy-up of a large file started.
    CopyUpStarted(CopyUp),
    /// A copy-up that was announced goes on: bytes and time so far.
    CopyUpRunning(CopyUp),
    /// A name disappeared behind a whiteout, or a directory became opaque.
    Whiteout(Whiteout),
    /// An overlay was mounted, or seen for the first time.
    OverlaySeen(OverlaySeen),
    /// An overlay's superblock was torn down; no event of it follows.
    OverlayGone {
        /// The overlay.
        overlay: OverlayKey,
        /// Its device number, free for the next mount now.
        device: DeviceNumber,
    },
    /// Events were lost.
    Loss(Loss),
}

impl Event {
    /// The overlay of a copy-up or a whiteout, and the process.
    pub fn place(&self) -> Option<(OverlayKey, &Process)> {
        match self {
            Self::CopyUp(event) | Self::CopyUpStarted(event) | Self::CopyUpRunning(event) => {
                Some((event.overlay, &event.process))
            }
            Self::Whiteout(event) => Some((event.overlay, &event.process)),
            Self::OverlaySeen(_) | Self::OverlayGone { .. } | Self::Loss(_) => None,
        }
    }

    /// The path of a copy-up or a whiteout: memory for that of the next one.
    pub fn into_path(self) -> Option<Vec<u8>> {
        match self {
            Self::CopyUp(event) | Self::CopyUpStarted(event) | Self::CopyUpRunning(event) => {
                Some(event.path)
            }
            Self::Whiteout(event) => Some(event.path),
            Self::OverlaySeen(_) | Self::OverlayGone { .. } | Self::Loss(_) => None,
        }
    }
}

/// The task that caused an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Thread group id in the initial pid namespace.
    pub pid: u32,
    /// Thread id in the initial pid namespace.
    pub tid: u32,
    /// Its name.
    pub comm: Comm,
    /// Real caller's uid in the initial user namespace.
    pub uid: Option<u32>,
    /// cgroup v2 id.
    pub cgroup: u64,
    /// Mount namespace inode number.
    pub mount_namespace: Option<u64>,
}

/// Why the copy-up was needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Trigger {
    /// The operation.
    pub operation: Operation,
    /// Open flags; empty if the operation has none.
    pub flags: OpenFlags,
    /// The system call by name, where it can be had.
    pub syscall: Option<&'static str>,
}

/// Where the time went, as far as it could be measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Phases {
    /// Waiting for the inode's copy-up lock.
    pub lock_ns: Option<u64>,
    /// Moving data.
    pub data_ns: Option<u64>,
    /// Syncing the new file.
    pub sync_ns: Option<u64>,
}

/// A file system below an overlay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RealFileSystem {
    /// `s_dev` of its superblock.
    pub device: DeviceNumber,
    /// Its type (`ext4`, `xfs` …), if known.
    pub name: Option<FileSystemName>,
}

/// How a copy-up ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// The file is in the upper layer.
    Ok,
    /// Another task copied it up while this one waited; not a copy-up of its
    /// own.
    Raced,
    /// It failed with this errno; `None` if the errno is unknown.
    Failed(Option<i32>),
}

/// One copy-up of one inode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyUp {
    /// `CLOCK_MONOTONIC` nanoseconds of its end.
    pub time_ns: u64,
    /// The overlay.
    pub overlay: OverlayKey,
    /// The overlay's device number.
    pub device: DeviceNumber,
    /// Path inside the overlay, starting with `/`; any bytes but NUL. A path
    /// whose top is missing starts with `…/`.
    pub path: Vec<u8>,
    /// What was copied.
    pub kind: Kind,
    /// How.
    pub method: Option<Method>,
    /// Size of the lower file.
    pub size_bytes: u64,
    /// Bytes really written; `None` if not measured.
    pub copied_bytes: Option<u64>,
    /// From entering the copy-up to leaving it.
    pub latency_ns: u64,
    /// Its parts.
    pub phases: Phases,
    /// Why.
    pub trigger: Trigger,
    /// Who.
    pub process: Process,
    /// How it ended.
    pub outcome: Outcome,
    /// Overlay inode number.
    pub inode: u64,
    /// `i_mode`.
    pub mode: u32,
    /// Lower layer (1 is the topmost), if known.
    pub layer: Option<u32>,
    /// The real file system of that layer, if known.
    pub lower: Option<RealFileSystem>,
    /// A directory copied up for something below it.
    pub ancestor: bool,
}

/// A whiteout or an opaque mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whiteout {
    /// `CLOCK_MONOTONIC` nanoseconds.
    pub time_ns: u64,
    /// The overlay.
    pub overlay: OverlayKey,
    /// The overlay's device number.
    pub device: DeviceNumber,
    /// The path that disappeared (for opaque: the directory).
    pub path: Vec<u8>,
    /// Why.
    pub cause: Cause,
    /// Who.
    pub process: Process,
}

/// First sight of an overlay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverlaySeen {
    /// `CLOCK_MONOTONIC` nanoseconds.
    pub time_ns: u64,
    /// The overlay.
    pub overlay: OverlayKey,
    /// The overlay's device number.
    pub device: DeviceNumber,
    /// `upperdir=` as the mounter gave it; `None` if there is none, or if
    /// this kernel's layout of it is unknown.
    pub upperdir: Option<Vec<u8>>,
    /// `workdir=`, likewise.
    pub workdir: Option<Vec<u8>>,
    /// The upper directory itself: file system and inode number.
    pub upper: Option<(DeviceNumber, u64)>,
    /// The type of that file system, if known.
    pub upper_filesystem: Option<String>,
    /// Number of layers, the upper one included.
    pub layers: Option<u32>,
    /// The mount itself was observed (else the overlay was there before).
    pub mounted: bool,
    /// The task: the mounter if `mounted`, else whoever touched it first.
    pub process: Process,
}

/// Events or counts that could not be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Wall-clock-free time: `CLOCK_MONOTONIC` nanoseconds.
    pub time_ns: u64,
    /// Where.
    pub source: LossSource,
    /// The reason's name (one of `ovl_trace_common::loss::NAMES`, or the name
    /// of the agent's own).
    pub reason: &'static str,
    /// How many since the last such event.
    pub count: u64,
}

/// Where something was lost (names of the interface).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LossSource {
    /// The ring buffer was full: detail is missing, totals are exact.
    Ring,
    /// A record could not be decoded, did not fit into a recording, or was ruled out before
    /// its container was renamed.
    Queue,
    /// A probe missed: totals may be short.
    Probe,
    /// The top of a path is missing: all else is exact.
    Path,
    /// Somebody switched the kernel's probes off for a while: nothing was counted then.
    Disarmed,
}

impl LossSource {
    /// The name in JSON and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ring => "ring",
            Self::Queue => "queue",
            Self::Probe => "probe",
            Self::Path => "path",
            Self::Disarmed => "disarmed",
        }
    }
}
