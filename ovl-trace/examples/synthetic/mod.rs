//! Recordings of made-up events: as many as wanted, always the same, since their
//! times are of no clock. For measurements.

use std::{collections::BTreeMap, io::Write};

use jiff::Timestamp;
use ovl_trace::{
    aggregate::Coverage,
    kernel::{Architecture, WallClock, kallsyms::Symbols},
    load::KernelTotals,
    model::{Container, DeviceNumber, Filter, Layer, Mount, Origin, Runtime},
    recording::{End, Header, Writer},
};
use ovl_trace_common::{
    aggregate::{CopyUpKey, CopyUpTotals, WhiteoutKey, bucket},
    codes::{self, event_kind},
    event as wire,
    overlay::OverlayKey,
};
use zerocopy::{FromZeros as _, IntoBytes as _};

/// What the events are of.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// Containers that run at a time.
    at_a_time: u64,
    /// Events of one container, after which it is gone.
    events_each: u64,
    /// The number of a file, from the number of the event, of all and of its
    /// container.
    file: fn(u64, u64) -> u64,
}

/// All shapes, the first being the usual one.
pub(crate) const SHAPES: [Shape; 4] = [
    // Containers come and go, and most files are copied up once, as on a machine
    // that builds images all day.
    Shape {
        name: "churn",
        at_a_time: 8,
        events_each: 1000,
        file: |_, nth| nth,
    },
    // The same hundred files again and again.
    Shape {
        name: "few-files",
        at_a_time: 8,
        events_each: u64::MAX,
        file: |_, nth| nth % 100,
    },
    // No file twice.
    Shape {
        name: "many-files",
        at_a_time: 8,
        events_each: u64::MAX,
        file: |number, _| number,
    },
    // All at the same time.
    Shape {
        name: "many-containers",
        at_a_time: 1000,
        events_each: u64::MAX,
        file: |_, nth| nth,
    },
];

/// Events in a second.
const RATE: u64 = 10_000;

const STARTED: &str = "2026-11-21T07:10:31Z";

/// Functions of overlayfs: two that ask for copy-ups.
const FUNCTIONS: [(u64, u64, &str); 2] = [
    (0xffff_ffff_c000_1000, 0xffff_ffff_c000_1100, "ovl_open"),
    (0xffff_ffff_c000_1100, 0xffff_ffff_c000_1200, "ovl_setattr"),
];

/// Writes a recording of so many events.
pub(crate) fn write<W: Write>(out: W, shape: Shape, events: u64) -> std::io::Result<()> {
    let functions = FUNCTIONS.map(|(start, end, name)| (start, end, name.to_owned()));
    let started = time(0)?;
    let mut recording = Recording {
        writer: Writer::start(
            out,
            &header(started),
            &Symbols::of_functions(functions.into()),
        )?,
        shape,
        totals: BTreeMap::new(),
    };
    for number in 0..events {
        recording.event(number)?;
        if number % RATE == RATE - 1 {
            recording.writer.clock(time(number / RATE + 1)?)?;
        }
    }
    let last: Vec<_> = recording.totals.keys().copied().collect();
    for overlay in last {
        recording.total(overlay)?;
    }
    recording.writer.finish(&End {
        ended: time(events.div_ceil(RATE))?,
        in_flight: 0,
        full: false,
    })?;
    Ok(())
}

/// So many seconds after the start.
fn time(seconds: u64) -> std::io::Result<Timestamp> {
    let started: Timestamp = STARTED.parse().map_err(std::io::Error::other)?;
    let seconds = i64::try_from(seconds).map_err(std::io::Error::other)?;
    Timestamp::from_second(started.as_second() + seconds).map_err(std::io::Error::other)
}

fn header(started: Timestamp) -> Header {
    Header {
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        kernel: "6.18.2".to_owned(),
        hostname: "example".to_owned(),
        architecture: Architecture::X86_64,
        started,
        clock: WallClock::from_offset_ns(started.as_second() * 1_000_000_000),
        filter: Filter::default(),
        count: None,
        coverage: vec![Coverage {
            probe: "copy_up_end".to_owned(),
            why_not: None,
            lost: None,
            is_unwanted: false,
        }],
    }
}

struct Recording<W: Write> {
    writer: Writer<W>,
    shape: Shape,
    /// What the kernel would have counted.
    totals: BTreeMap<OverlayKey, (BTreeMap<u64, CopyUpTotals>, u64)>,
}

impl<W: Write> Recording<W> {
    fn event(&mut self, number: u64) -> std::io::Result<()> {
        let Shape {
            at_a_time,
            events_each,
            file,
            ..
        } = self.shape;
        let nth = number / at_a_time;
        let container = nth / events_each * at_a_time + number % at_a_time;
        let nth = nth % events_each;
        let overlay = OverlayKey {
            superblock: 0xffff_8880_0000_0000 + (container % at_a_time) * 0x1000,
            born_ns: container + 1,
        };
        if nth == 0 {
            self.writer.origin(overlay, &origin(container))?;
        }
        let time_ns = number * (1_000_000_000 / RATE);
        if nth % 10 == 9 {
            self.whiteout(overlay, time_ns, file(number, nth))?;
        } else {
            self.copy_up(overlay, time_ns, file(number, nth))?;
        }
        if nth == events_each - 1 {
            let gone = wire::OverlayGone {
                header: head(event_kind::OVERLAY_GONE, overlay, time_ns, 0),
            };
            self.writer.record(gone.as_bytes())?;
            self.total(overlay)?;
        }
        Ok(())
    }

    fn copy_up(&mut self, overlay: OverlayKey, time_ns: u64, nth: u64) -> std::io::Result<()> {
        let path = path(nth);
        // All powers of two up to 16 MiB.
        let size_bytes = (1 << (nth % 25)) + nth;
        let latency_ns = 100_000 + size_bytes;
        let (start, ..) = FUNCTIONS[usize::from(nth.is_multiple_of(3))];
        let record = wire::CopyUp {
            header: head(event_kind::COPY_UP, overlay, time_ns, path.len()),
            task: task(257, start + 0x10, overlay),
            size_bytes,
            copied_bytes: size_bytes,
            latency_ns,
            lock_ns: 500,
            data_ns: latency_ns / 2,
            sync_ns: latency_ns / 4,
            inode: nth,
            open_flags: 1,
            result: 0,
            mode: 0o100_644,
            layer: (nth % 4) as u32 + 1,
            kind: codes::kind::DATA,
            method: codes::method::COPY,
            padding: [0; 2],
            lower_device: 0x80_0001,
            lower_filesystem: *b"ext4\0\0\0\0\0\0\0\0\0\0\0\0",
        };
        let (rows, _) = self.totals.entry(overlay).or_default();
        let row = rows.entry(record.task.caller);
        add(row.or_insert_with(CopyUpTotals::new_zeroed), &record);
        self.writer.record(&[record.as_bytes(), &path].concat())
    }

    fn whiteout(&mut self, overlay: OverlayKey, time_ns: u64, nth: u64) -> std::io::Result<()> {
        let path = path(nth);
        let record = wire::Whiteout {
            header: head(event_kind::WHITEOUT, overlay, time_ns, path.len()),
            task: task(263, 0, overlay),
            inode: nth,
            cause: codes::cause::UNLINK,
            padding: [0; 7],
        };
        self.totals.entry(overlay).or_default().1 += 1;
        self.writer.record(&[record.as_bytes(), &path].concat())
    }

    /// The last totals of an overlay.
    fn total(&mut self, overlay: OverlayKey) -> std::io::Result<()> {
        let Some((rows, whiteouts)) = self.totals.remove(&overlay) else {
            return Ok(());
        };
        let key = |caller| CopyUpKey {
            overlay,
            caller,
            syscall: 257,
            result: 0,
            kind: codes::kind::DATA,
            method: codes::method::COPY,
            ancestor: 0,
            flags_set: 1,
        };
        let whiteout = WhiteoutKey {
            overlay,
            cause: codes::cause::UNLINK,
            padding: [0; 7],
        };
        self.writer.totals(&KernelTotals {
            copy_ups: rows
                .into_iter()
                .map(|(caller, totals)| (key(caller), totals))
                .collect(),
            whiteouts: vec![(whiteout, whiteouts)],
        })
    }
}

fn add(row: &mut CopyUpTotals, record: &wire::CopyUp) {
    row.count += 1;
    row.size_bytes += record.size_bytes;
    row.copied_bytes += record.copied_bytes;
    row.latency_ns += record.latency_ns;
    row.latency_min_ns = match row.count {
        1 => record.latency_ns,
        _ => row.latency_min_ns.min(record.latency_ns),
    };
    row.latency_max_ns = row.latency_max_ns.max(record.latency_ns);
    row.lock_ns += record.lock_ns;
    row.data_ns += record.data_ns;
    row.sync_ns += record.sync_ns;
    row.histogram[bucket(record.latency_ns)] += 1;
    row.lock_histogram[bucket(record.lock_ns)] += 1;
    row.data_histogram[bucket(record.data_ns)] += 1;
    row.sync_histogram[bucket(record.sync_ns)] += 1;
}

fn head(kind: u16, overlay: OverlayKey, time_ns: u64, path_bytes: usize) -> wire::Header {
    wire::Header {
        kind,
        flags: 0,
        path_bytes: path_bytes as u32,
        time_ns,
        overlay,
        device: 28,
        padding: 0,
    }
}

fn task(syscall: i32, caller: u64, overlay: OverlayKey) -> wire::Task {
    wire::Task {
        pid: 1000 + (overlay.born_ns % 30_000) as u32,
        tid: 1000 + (overlay.born_ns % 30_000) as u32,
        uid: 0,
        syscall,
        caller,
        cgroup: overlay.born_ns,
        comm: *b"sh\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        mount_namespace: 0,
    }
}

/// From the file to the root, as the kernel side walks.
fn path(nth: u64) -> Vec<u8> {
    format!("file-{nth}.txt\0part-{}\0app\0srv\0", nth / 100).into_bytes()
}

fn origin(container: u64) -> Origin {
    let directory = format!("/var/lib/docker/overlay2/{container:064x}");
    Origin {
        container: Some(Container {
            id: format!("{:064x}", container + 1),
            name: Some(format!("web-{container}")),
            image: Some("shop/web:1.4".to_owned()),
            runtime: Runtime::Docker,
            pod: None,
            namespace: None,
        }),
        mount: Mount {
            device: DeviceNumber {
                major: 0,
                minor: 28,
            },
            merged: Some(format!("{directory}/merged").into()),
            upperdir: Some(format!("{directory}/diff").into()),
            workdir: Some(format!("{directory}/work").into()),
            upper_filesystem: Some("ext4".to_owned()),
            lowerdirs: Vec::new(),
        },
        layers: (0..4)
            .map(|number| Layer {
                id: format!("l{number}"),
                digest: Some(format!("sha256:{number:064x}")),
                created_by: Some(format!("COPY part-{number} /srv/app/ # buildkit")),
            })
            .collect(),
    }
}
