//! What an event costs on its way through the agent, in events per second and in
//! instructions:
//!
//! ```sh
//! cargo bench -p ovl-trace --bench pipeline            # all stages
//! cargo bench -p ovl-trace --bench pipeline -- decode  # one
//! ```
//!
//! The events are of a recording that is made in memory (`examples/synthetic`), the
//! same at any time. Seconds are those of the processor, and depend on the machine and
//! on what else it does: of several runs the fastest counts. Instructions do not;
//! `valgrind` counts them (Debian: `apt-get install valgrind`), and without it they are
//! '-', which is said. (The seeds of hash tables make a difference of less than one in a
//! hundred.)

use std::{
    env,
    error::Error,
    hint::black_box,
    io::{self, Write},
    process::Command,
    sync::Arc,
    time::Duration,
};

use ovl_trace::{
    aggregate::{Aggregator, Report, SortKey},
    cli::config::Observation,
    decode::decode_reusing,
    kernel::kallsyms::Symbols,
    model::{Event, Filter, Origin, OverlayKey},
    observe::{self, KernelTriggers},
    recording::{Header, Item, Origins, Reader},
};

#[path = "../examples/synthetic/mod.rs"]
mod synthetic;

/// Events for the clock, and for valgrind, which takes fifty times as long.
const EVENTS: u64 = 1_000_000;
const COUNTED_EVENTS: u64 = 100_000;

/// Runs, of which the fastest counts.
const RUNS: u32 = 5;

type Stage = (&'static str, &'static str, fn(&Input));

/// Name, function as valgrind knows it, function.
const STAGES: [Stage; 3] = [
    ("decode", "*stages::decode_alone*", stages::decode_alone),
    (
        "decode-enrich-aggregate",
        "*stages::pipeline*",
        stages::pipeline,
    ),
    (
        "recording-to-report",
        "*stages::recording*",
        stages::recording,
    ),
];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).filter(|it| it != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut out = io::stdout().lock();
    match words[..] {
        ["--once", name] => {
            let input = Input::new(COUNTED_EVENTS)?;
            stages(Some(name)).for_each(|(.., run)| run(&input));
        }
        [] | [_] => {
            say_what_is_missing()?;
            let input = Input::new(EVENTS)?;
            writeln!(
                out,
                "{:<24} {:>12} {:>20}",
                "STAGE", "EVENTS/S", "INSTRUCTIONS/EVENT"
            )?;
            for (name, function, run) in stages(words.first().copied()) {
                let fastest = (0..RUNS).map(|_| time(run, &input)).min();
                let per_second = EVENTS as f64 / fastest.unwrap_or_default().as_secs_f64();
                let counted = instructions(name, function)
                    .map_or_else(|| "-".to_owned(), |it| (it / COUNTED_EVENTS).to_string());
                writeln!(out, "{name:<24} {per_second:>12.0} {counted:>20}")?;
            }
        }
        _ => return Err("usage: pipeline [STAGE]".into()),
    }
    Ok(())
}

fn stages(wanted: Option<&str>) -> impl Iterator<Item = Stage> {
    let all = STAGES.into_iter();
    all.filter(move |(name, ..)| wanted.is_none_or(|wanted| wanted == *name))
}

fn time(run: fn(&Input), input: &Input) -> Duration {
    let started = processor_time();
    run(input);
    processor_time().saturating_sub(started)
}

/// What this process has used so far.
fn processor_time() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a valid place for the result.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    Duration::new(
        time.tv_sec.unsigned_abs(),
        time.tv_nsec.unsigned_abs() as u32,
    )
}

/// Says once what is missing, if valgrind does not run.
fn say_what_is_missing() -> io::Result<()> {
    let found = Command::new("valgrind").arg("--version").output();
    if found.is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    writeln!(
        io::stderr(),
        "INSTRUCTIONS/EVENT are '-': they are counted by 'valgrind', which does not run here. \
         Install it (Debian: apt-get install valgrind) and run this again."
    )
}

/// Runs one stage under valgrind; `None` without it.
fn instructions(name: &str, function: &str) -> Option<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(format!("--toggle-collect={function}"))
        .arg(env::current_exe().ok()?)
        .args(["--once", name])
        .output()
        .ok()?;
    let text = String::from_utf8(output.stderr).ok()?;
    let line = text.lines().find(|line| line.contains("Collected :"))?;
    line.rsplit(' ').next()?.parse().ok()
}

/// A recording, and what is in it.
struct Input {
    bytes: Vec<u8>,
    steps: Vec<Step>,
    header: Header,
    symbols: Symbols,
}

enum Step {
    Record(Vec<u8>),
    Origin(OverlayKey, Arc<Origin>),
}

impl Input {
    fn new(events: u64) -> Result<Self, Box<dyn Error>> {
        let mut bytes = Vec::new();
        let mut shapes = synthetic::SHAPES.into_iter();
        let shape = shapes.find(|shape| shape.name == "churn");
        synthetic::write(&mut bytes, shape.ok_or("no such shape")?, events)?;
        let mut reader = Reader::open(bytes.as_slice())?;
        let header = reader.header().clone();
        let (mut steps, mut symbols) = (Vec::new(), Symbols::of_functions(Vec::new()));
        loop {
            match reader.next_item()? {
                Item::Record(record) => steps.push(Step::Record(record.to_vec())),
                Item::Origin(key, origin) => steps.push(Step::Origin(key, Arc::new(*origin))),
                Item::Symbols(known) => symbols = known,
                Item::Tail(_) => break,
                _ => {}
            }
        }
        Ok(Self {
            bytes,
            steps,
            header,
            symbols,
        })
    }

    fn triggers(&self) -> KernelTriggers {
        KernelTriggers::recorded(self.symbols.clone(), self.header.architecture)
    }
}

/// Never inlined: valgrind counts what is called by them.
mod stages {
    use super::{
        Aggregator, Event, Filter, Input, Observation, Origins, Report, SortKey, Step, black_box,
        decode_reusing, io, observe,
    };

    /// Bytes → event.
    #[inline(never)]
    pub(super) fn decode_alone(input: &Input) {
        let triggers = input.triggers();
        let mut spare = Vec::new();
        for step in &input.steps {
            if let Step::Record(record) = step {
                let event = decode_reusing(black_box(record), &triggers, &mut spare);
                spare = black_box(event)
                    .ok()
                    .and_then(Event::into_path)
                    .unwrap_or_default();
            }
        }
    }

    /// Bytes → event → whose it is → the fold.
    #[inline(never)]
    pub(super) fn pipeline(input: &Input) {
        let triggers = input.triggers();
        let mut origins = Origins::default();
        let mut aggregator = Aggregator::new(Filter::default(), 10, SortKey::default());
        let mut spare = Vec::new();
        for step in &input.steps {
            let record = match step {
                Step::Record(record) => record,
                Step::Origin(key, origin) => {
                    origins.learn(*key, origin);
                    continue;
                }
            };
            let Ok(event) = decode_reusing(record, &triggers, &mut spare) else {
                continue;
            };
            let (key, time_ns) = match &event {
                Event::CopyUp(event) => (event.overlay, event.time_ns),
                Event::Whiteout(event) => (event.overlay, event.time_ns),
                Event::OverlayGone { overlay, .. } => (*overlay, 0),
                _ => continue,
            };
            if let Some(origin) = origins.get(key) {
                aggregator.event(&event, origin, input.header.clock.at(time_ns));
            }
            spare = event.into_path().unwrap_or_default();
        }
        black_box(aggregator);
    }

    /// A file, with everything that is in it → the report.
    #[inline(never)]
    pub(super) fn recording(input: &Input) {
        let observation = Observation::default();
        let report: Result<Report, _> =
            observe::replay(input.bytes.as_slice(), &observation, None, &mut io::sink());
        drop(black_box(report));
    }
}
