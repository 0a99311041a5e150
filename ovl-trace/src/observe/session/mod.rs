//! The event loop.

mod context;
mod counters;
mod drain;
mod verdicts;

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use tokio::{
    io::unix::AsyncFd,
    time::{Interval, MissedTickBehavior, interval},
};

use super::{
    core::Core,
    deadline::at,
    disarmed::Disarmed,
    docker::DockerApi,
    in_flight::InFlight,
    kernel_log::KernelLog,
    losses::Losses,
    prepare::Prepared,
    recorder::{Destination, Recorded, Recorder},
    signals::Signals,
    sink::Sink,
    stdout,
    triggers::KernelTriggers,
    verdicts::Verdicts,
};
use crate::{
    aggregate::Report,
    cli::config::Observation,
    decode::overlay_state,
    enrich::{
        EnrichConfig, Enricher,
        docker::api::{ApiContainer, EngineApi},
    },
    kernel::{KernelRoots, ProbeSwitches, WallClock},
    load::{Ring, Tracer},
    model::{Event, OverlayKey, Process},
};

/// How often counters are read. Events do not wait for it, but those that woke nobody.
const TICK: Duration = Duration::from_secs(1);

/// A running observation.
pub(super) struct Session<'a, 'out> {
    tracer: Tracer,
    triggers: KernelTriggers,
    kernel: String,
    ring: AsyncFd<Ring>,
    core: Core<'a, 'out>,
    enricher: Enricher,
    docker: DockerApi,
    kernel_log: KernelLog,
    recorder: Option<Recorder<'a>>,
    /// The record of the event at hand, while it is recorded.
    record: Vec<u8>,
    /// Memory for the path of the next event.
    spare: Vec<u8>,
    losses: Losses,
    disarmed: Disarmed,
    in_flight: InFlight,
    verdicts: Verdicts,
    /// Some program ran between the last two looks at how often they did, or a
    /// record was handled or an owner may have become known since.
    moved: bool,
    /// Overlays that are gone and whose totals are still in the kernel.
    gone: HashSet<OverlayKey>,
    started: Timestamp,
    /// The same by a clock that nobody sets.
    began: Instant,
    deadline: Option<Instant>,
    /// The last batch left records in the ring. The descriptor does not say
    /// so: it is edge-triggered, and the kernel only wakes a reader that had
    /// read all.
    more: bool,
    /// How long the kernel side wakes nobody after it has woken the agent.
    lingers: Duration,
    /// When to look at the ring without being woken.
    look_again: Option<Instant>,
}

/// What the loop waits for.
enum Wake {
    Ring,
    Tick,
    Retry,
    Log,
    Docker(Vec<ApiContainer>),
    Screen,
    End,
}

impl<'a, 'out> Session<'a, 'out> {
    pub(super) fn start(
        prepared: Prepared,
        observation: &Observation,
        destination: Option<Destination<'a>>,
        sink: &'a mut Sink<'out>,
    ) -> Result<Self> {
        let Prepared {
            mut tracer,
            losses,
            mut triggers,
            kernel,
            lingers,
        } = prepared;
        let ring = tracer.take_ring()?;
        // SAFETY: the ring owns its descriptor, gives out the same one every
        // time, and closes it only when it is dropped, with the `AsyncFd`.
        let ring = unsafe { AsyncFd::register(ring) }.context("waiting for the ring buffer")?;
        let kernel_log = KernelLog::new(&mut tracer)?;
        let enrich = EnrichConfig::default();
        let mut enricher = Enricher::new(&enrich);
        enricher.scan().context("reading the mounts")?;
        let clock = WallClock::now();
        let started = Timestamp::now();
        let recorder = match destination {
            Some(destination) => {
                let header =
                    context::header(&tracer, &triggers, &kernel, started, &clock, observation);
                let symbols = triggers.symbols().context("reading /proc/kallsyms")?;
                Some(Recorder::start(destination, &header, symbols)?)
            }
            None => None,
        };
        Ok(Self {
            tracer,
            triggers,
            kernel,
            ring,
            core: Core::new(observation, clock, sink),
            enricher,
            docker: DockerApi::new(EngineApi::new(enrich.docker_sockets)),
            kernel_log,
            recorder,
            record: Vec::new(),
            spare: Vec::new(),
            losses,
            disarmed: Disarmed::new(ProbeSwitches::open(&KernelRoots::host())),
            in_flight: InFlight::default(),
            verdicts: Verdicts::new(&observation.filter),
            moved: true,
            gone: HashSet::new(),
            started,
            began: Instant::now(),
            deadline: observation
                .duration
                .and_then(|duration| Instant::now().checked_add(duration)),
            more: false,
            lingers,
            look_again: None,
        })
    }

    /// Runs until the user, the clock or the count ends it.
    pub(super) async fn run(&mut self, signals: &mut Signals) -> Result<()> {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let kernel = &self.kernel;
        self.core.sink.start(|| context::about(kernel))?;
        tracing::info!("ready");
        while !self.is_over() {
            let wake = self.wait(signals, &mut tick).await?;
            match wake {
                Wake::Ring => self.drain_and_linger()?,
                Wake::Tick => {
                    self.drain_late()?;
                    self.tick()?;
                    if self.recorder.is_none() && stdout::reader_is_gone() {
                        return Err(std::io::Error::from(std::io::ErrorKind::BrokenPipe).into());
                    }
                }
                Wake::Log => {}
                Wake::Retry => {
                    self.enricher.retry(Instant::now());
                    self.moved = true;
                }
                Wake::Docker(containers) => {
                    self.moved = true;
                    self.enricher.learn_docker_api(containers);
                    if !self.enricher.wants_docker_api() {
                        self.docker.helped();
                    }
                }
                Wake::Screen => {
                    if self.core.follow_screen() {
                        break;
                    }
                }
                Wake::End => break,
            }
        }
        Ok(())
    }

    /// The ring comes last: it may always have more, and what comes before it
    /// is rare. Between two batches the runtime gets its turn, without which
    /// neither signals nor sockets would ever be ready.
    async fn wait(&mut self, signals: &mut Signals, tick: &mut Interval) -> Result<Wake> {
        let deadline = self.deadline;
        let retry = self.enricher.next_retry();
        Ok(tokio::select! {
            biased;
            () = signals.received() => Wake::End,
            () = at(deadline) => Wake::End,
            () = at(retry) => Wake::Retry,
            written = self.kernel_log.written() => {
                written?;
                Wake::Log
            }
            containers = self.docker.answer() => Wake::Docker(containers),
            _ = tick.tick() => Wake::Tick,
            woken = self.core.sink.woken() => {
                woken?;
                Wake::Screen
            }
            () = tokio::task::yield_now(), if self.more => Wake::Ring,
            () = at(self.look_again), if self.look_again.is_some() => Wake::Ring,
            guard = self.ring.readable(), if !self.more && self.look_again.is_none() => {
                guard.context("waiting for the ring buffer")?.clear_ready();
                Wake::Ring
            }
        })
    }

    /// `record` is what the event was decoded from, if it was.
    fn event(&mut self, event: &Event, record: Option<&[u8]>) -> Result<()> {
        if let Some((overlay, process)) = event.place() {
            self.identify(overlay, Some(process))?;
        }
        self.moved = true;
        let origin = self.enricher.origin(event);
        self.judge(event, &origin)?;
        if let Event::OverlayGone { overlay, .. } = event {
            self.gone.insert(*overlay);
            self.examine(Some(*overlay))?;
        }
        self.in_flight.note(event);
        self.core.event(event, &origin)?;
        if let Some(recorder) = &mut self.recorder {
            recorder.event(event, record, &origin)?;
        }
        Ok(())
    }

    /// As much was shown, or recorded, as was asked for.
    fn is_over(&self) -> bool {
        self.core.is_complete() || self.recorder.as_ref().is_some_and(Recorder::is_full)
    }

    /// Asks the kernel side about an overlay whose own record was lost, or is
    /// still to come: another processor may be about to send it.
    fn identify(&mut self, overlay: OverlayKey, process: Option<&Process>) -> Result<()> {
        if !self.enricher.knows(overlay)
            && let Some(state) = self.tracer.overlay(overlay)?
        {
            let seen = overlay_state(overlay, &state, process);
            self.enricher.origin(&Event::OverlaySeen(seen));
        }
        Ok(())
    }

    /// Stops the probes, takes in what they left, and sums up.
    pub(super) fn finish(mut self) -> Result<(Report, Option<Recorded>)> {
        // Hits are compared with the runs after the next: these are the last.
        self.look_for_all_losses()?;
        self.look_for_preemption()?;
        self.look_for_disarmed_probes()?;
        self.tracer.stop();
        self.drain(usize::MAX)?;
        self.look_for_all_losses()?;
        // The last chance for records that come late.
        self.enricher.retry(Instant::now() + TICK);
        let totals = self.tracer.totals()?;
        self.take_totals(&totals, |_| true)?;
        self.end_verdicts()?;
        self.learn_owners()?;
        self.examine(None)?;
        let context = context::of(&self.tracer, self.kernel, self.started)?;
        let recorded = match self.recorder {
            Some(recorder) => Some(recorder.finish(&context)?),
            None => None,
        };
        Ok((self.core.report(context), recorded))
    }
}
