//! Before the first event: is it possible, and with what.

use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::time::Instant;

use super::{losses::Losses, module, signals::Signals, triggers::KernelTriggers, wanted};
use crate::{
    cli::{config::Observation, exit::Refused},
    doctor::{self, BpfSupport, Diagnosis, Roots},
    kernel::{Architecture, KernelRoots, Survey},
    load::{Lookup, Plan, Tracer, default_bytes, lingers},
};

/// Size from which on a copy-up is announced when it starts, unless
/// `--min-bytes` says another: it takes a noticeable time on any disk.
const ANNOUNCE_BYTES: u64 = 64 << 20;

/// A tracer that runs, and what is needed to understand it.
pub(super) struct Prepared {
    pub(super) tracer: Tracer,
    pub(super) losses: Losses,
    pub(super) triggers: KernelTriggers,
    pub(super) kernel: String,
    /// See [`lingers`].
    pub(super) lingers: Duration,
}

/// Checks, loads and attaches. What the doctor calls fatal is refused with the
/// doctor's words; only for the module there is a wait.
pub(super) async fn prepare(observation: &Observation, signals: &mut Signals) -> Result<Prepared> {
    let started = Instant::now();
    let lookup = Lookup::default();
    let (mut survey, mut diagnosis) = look(&lookup);
    if diagnosis.waits_for_overlayfs() {
        // A time beyond all clocks is no limit.
        let deadline = observation
            .duration
            .and_then(|limit| started.checked_add(limit));
        module::loaded(deadline, signals).await?;
        (survey, diagnosis) = look(&lookup);
    }
    if let Some(refusal) = diagnosis.refusal() {
        return Err(Refused(refusal).into());
    }
    let guessed = survey.symbols.as_ref().is_ok_and(|it| !it.are_listed());
    match start(survey, observation) {
        Ok(prepared) if !guessed || prepared.tracer.is_complete() => Ok(prepared),
        Err(error) if !guessed => Err(error),
        // What the types said was not quite so.
        incomplete => {
            drop(incomplete);
            start_by_list(observation)
        }
    }
}

fn look(lookup: &Lookup) -> (Survey, Diagnosis) {
    let roots = Roots::host();
    judge(
        &roots,
        Survey::take_quickly(&roots.kernel, &|name| lookup.exists(name)),
    )
}

fn judge(roots: &Roots, survey: Survey) -> (Survey, Diagnosis) {
    let diagnosis = doctor::diagnose(roots, &survey, &BpfSupport::try_it());
    (survey, diagnosis)
}

/// Starts with what `/proc/kallsyms` says.
fn start_by_list(observation: &Observation) -> Result<Prepared> {
    tracing::debug!("not every function is as the kernel's types say: reading /proc/kallsyms");
    let roots = Roots::host();
    let (survey, diagnosis) = judge(&roots, Survey::take(&roots.kernel));
    if let Some(refusal) = diagnosis.refusal() {
        return Err(Refused(refusal).into());
    }
    start(survey, observation)
}

fn start(survey: Survey, observation: &Observation) -> Result<Prepared> {
    // All four were checked: these errors only keep the types honest.
    let types = survey.types.context("the kernel's types")?;
    let symbols = survey.symbols.context("the kernel's symbols")?;
    let tracefs = survey.tracefs.context("tracefs is not mounted")?;
    let architecture = Architecture::host().context("this processor is not supported")?;
    let ring_bytes = match observation.ring_bytes {
        Some(bytes) => u32::try_from(bytes).context("'--ring-size' is too large")?,
        None => default_bytes(&KernelRoots::host()),
    };
    let tracer = Tracer::start(&Plan {
        offsets: types.offsets,
        symbols: &symbols,
        functions: &types.functions,
        tracefs,
        ring_bytes,
        table_rows: observation.table_rows,
        events: !observation.totals_only,
        wanted: wanted::by(&observation.filter),
        announce_bytes: Some(match observation.filter.min_bytes {
            0 => ANNOUNCE_BYTES,
            wanted => wanted,
        }),
    })?;
    let losses = Losses::start(&tracer)?;
    let (trampolines, kprobes) = tracer.probe_counts();
    tracing::info!(
        "{trampolines} trampolines and {kprobes} kprobes (preemption: {})",
        survey.preemption
    );
    Ok(Prepared {
        tracer,
        losses,
        triggers: KernelTriggers::new(symbols, architecture),
        kernel: survey.release.as_str().to_owned(),
        lingers: lingers(ring_bytes),
    })
}
