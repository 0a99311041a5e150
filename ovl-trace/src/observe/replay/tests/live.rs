//! A session without a kernel: what it handles goes into the core, as always, and
//! into a recorder.

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;
use ovl_trace_common::{event as wire, overlay::OverlayKey};

use super::{super::view::about, kernel::Kernel};
use crate::{
    aggregate::{Coverage, Report, ReportContext},
    cli::config::{LiveOutput, Observation},
    decode::decode,
    kernel::{Architecture, ClockStep, WallClock, kallsyms::Symbols},
    model::{CopyUp, Event, Loss, LossSource, Origin, test_support},
    observe::{
        core::Core,
        recorder::{Destination, Recorder},
        sink::Sink,
        triggers::KernelTriggers,
    },
    recording::{Header, test_support as record},
    render::{self, style::Style},
};

/// `CLOCK_REALTIME` minus `CLOCK_MONOTONIC` at the start.
const OFFSET_NS: i64 = 1_795_244_000_000_000_000;

/// One thing that a session handles.
#[derive(Clone, Debug)]
pub(super) enum Step {
    CopyUp(wire::CopyUp),
    Started(u32, u64),
    Running(u32, u64),
    Whiteout(u64),
    Seen(u64),
    Gone(u64),
    Loss(LossSource, u64),
    Undecodable,
    Renamed(u64, String),
    Totals,
    Reloaded,
    Tick,
    /// The wall clock is this many seconds ahead of its start.
    ClockSet(u32),
}

/// What an observation gave: events as lines or JSON, the report, the recording.
pub(super) struct Observed {
    pub(super) events: Vec<u8>,
    pub(super) report: Report,
    pub(super) recording: Vec<u8>,
}

impl Observed {
    pub(super) fn json(&self) -> String {
        json(&self.report)
    }
}

pub(super) fn json(report: &Report) -> String {
    let mut out = Vec::new();
    render::report_json::write_report(&mut out, report).unwrap();
    String::from_utf8(out).unwrap()
}

pub(super) fn sink(output: LiveOutput, out: &mut Vec<u8>) -> Sink<'_> {
    match output {
        LiveOutput::Lines => Sink::lines(out, Style { colour: false }),
        LiveOutput::Json => Sink::json(out),
        LiveOutput::Screen => Sink::none(),
    }
}

fn symbols(base: u64) -> Symbols {
    Symbols::of_functions(vec![
        (base, base + 0x100, "ovl_open".to_owned()),
        (base + 0x100, base + 0x200, "ovl_setattr".to_owned()),
    ])
}

fn header(observation: &Observation) -> Header {
    Header {
        tool_version: "0.1.0".to_owned(),
        kernel: "6.18.2".to_owned(),
        hostname: "host".to_owned(),
        architecture: Architecture::X86_64,
        started: "2026-11-21T07:10:31.123456789Z".parse().unwrap(),
        clock: WallClock::from_offset_ns(OFFSET_NS),
        filter: observation.filter.clone(),
        count: observation.count.map(std::num::NonZero::get),
        coverage: vec![Coverage {
            probe: "sync".to_owned(),
            why_not: Some("no such function".to_owned()),
            lost: Some("the time that syncing took".to_owned()),
            is_unwanted: false,
        }],
    }
}

struct Live<'a, 'out> {
    core: Core<'a, 'out>,
    recorder: Recorder<'a>,
    triggers: KernelTriggers,
    names: HashMap<u64, Arc<Origin>>,
    announced: HashMap<u32, CopyUp>,
    kernel: Kernel,
    time_ns: u64,
}

/// Runs a session of these steps.
pub(super) fn observe(steps: &[Step], observation: &Observation, output: LiveOutput) -> Observed {
    observe_limited(steps, observation, output, None)
}

/// The same, with a largest size of the recording.
pub(super) fn observe_limited(
    steps: &[Step],
    observation: &Observation,
    output: LiveOutput,
    max_bytes: Option<u64>,
) -> Observed {
    let (mut events, mut recording) = (Vec::new(), Vec::new());
    let header = header(observation);
    let ended: Timestamp = "2026-11-21T07:11:31Z".parse().unwrap();
    let report = {
        let mut sink = sink(output, &mut events);
        sink.start(|| about(&header)).unwrap();
        let mut triggers = KernelTriggers::recorded(symbols(0x1000), header.architecture);
        let destination = Destination {
            out: Box::new(&mut recording),
            max_bytes,
        };
        let mut live = Live {
            core: Core::new(observation, header.clock.clone(), &mut sink),
            recorder: Recorder::start(destination, &header, triggers.symbols().unwrap()).unwrap(),
            triggers,
            names: HashMap::new(),
            announced: HashMap::new(),
            kernel: Kernel::default(),
            time_ns: 1_000_000,
        };
        for step in steps {
            live.step(step);
        }
        live.totals(true);
        let context = ReportContext {
            tool_version: header.tool_version,
            kernel: header.kernel,
            hostname: header.hostname,
            started: header.started,
            ended,
            in_flight: live.announced.len(),
            coverage: header.coverage,
        };
        live.recorder.finish(&context).unwrap();
        live.core.report(context)
    };
    Observed {
        events,
        report,
        recording,
    }
}

impl Live<'_, '_> {
    fn step(&mut self, step: &Step) {
        self.time_ns += 1_000_000;
        match step {
            Step::CopyUp(copy_up) => {
                let mut copy_up = *copy_up;
                copy_up.header.time_ns = self.time_ns;
                self.kernel.copy_up(&copy_up);
                self.announced.remove(&copy_up.task.tid);
                self.record(&record::with_path(&copy_up));
            }
            Step::Started(tid, overlay) => {
                let mut started = record::copy_up(record::overlay(*overlay), self.time_ns, 1 << 30);
                started.header.kind = ovl_trace_common::codes::event_kind::COPY_UP_STARTED;
                started.task.tid = *tid;
                self.record(&record::with_path(&started));
            }
            Step::Running(tid, copied) => self.running(*tid, *copied),
            Step::Whiteout(number) => {
                let overlay = record::overlay(*number);
                let whiteout = record::whiteout(overlay, self.time_ns);
                self.kernel.whiteout(&whiteout);
                self.record(&record::with_path(&whiteout));
            }
            Step::Seen(number) => self.record(&bytes(&record::seen(record::overlay(*number)))),
            Step::Gone(number) => self.record(&bytes(&record::gone(record::overlay(*number)))),
            Step::Loss(source, count) => self.lost(*source, "unreadable", *count),
            Step::Undecodable => self.lost(LossSource::Queue, "undecodable", 1),
            Step::Renamed(number, name) => {
                let origin = Arc::new(test_support::origin(name));
                self.names.insert(*number, origin);
            }
            Step::Totals => self.totals(false),
            Step::Reloaded => {
                self.triggers.learn(symbols(0xf80));
                self.recorder
                    .symbols(self.triggers.symbols().unwrap())
                    .unwrap();
            }
            Step::Tick => {
                self.recorder.tick().unwrap();
            }
            Step::ClockSet(seconds) => {
                let step = ClockStep {
                    since_ns: self.time_ns,
                    offset_ns: OFFSET_NS + i64::from(*seconds) * 1_000_000_000,
                };
                self.core.clock.follow(step);
                self.recorder.clock_step(step).unwrap();
            }
        }
    }

    fn origin(names: &HashMap<u64, Arc<Origin>>, overlay: OverlayKey) -> Arc<Origin> {
        let number = overlay.born_ns - 1;
        names
            .get(&number)
            .map_or_else(|| Arc::new(test_support::unowned()), Arc::clone)
    }

    fn record(&mut self, record: &[u8]) {
        let event = decode(record, &self.triggers).unwrap();
        if let Event::CopyUpStarted(started) = &event {
            self.announced.insert(started.process.tid, started.clone());
        }
        self.event(&event, Some(record));
    }

    fn event(&mut self, event: &Event, record: Option<&[u8]>) {
        let overlay = event.place().map(|(overlay, _)| overlay);
        let origin = Self::origin(&self.names, overlay.unwrap_or(record::overlay(99)));
        self.core.event(event, &origin).unwrap();
        self.recorder.event(event, record, &origin).unwrap();
    }

    fn running(&mut self, tid: u32, copied: u64) {
        if let Some(announced) = self.announced.get(&tid) {
            let event = Event::CopyUpRunning(CopyUp {
                time_ns: self.time_ns,
                copied_bytes: Some(copied),
                latency_ns: copied + 1,
                ..announced.clone()
            });
            self.event(&event, None);
        }
    }

    fn lost(&mut self, source: LossSource, reason: &'static str, count: u64) {
        let loss = Loss {
            time_ns: self.time_ns,
            source,
            reason,
            count,
        };
        let time = "2026-11-21T07:10:59.5Z".parse().unwrap();
        self.core.lost(loss, time).unwrap();
        self.recorder.loss(&loss, time).unwrap();
    }

    fn totals(&mut self, last: bool) {
        let rows = self.kernel.totals();
        let names = &self.names;
        self.core
            .totals(&rows, &self.triggers, |key| Self::origin(names, key));
        self.recorder
            .totals(&rows, |_| last, |key| Self::origin(names, key))
            .unwrap();
    }
}

fn bytes(record: &(impl zerocopy::IntoBytes + zerocopy::Immutable)) -> Vec<u8> {
    record.as_bytes().to_vec()
}
