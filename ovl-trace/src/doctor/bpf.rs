//! Whether the kernel takes eBPF programs from this process.

use std::error::Error;

use aya::{maps::MapType, programs::ProgramType, sys};

use super::Check;
use crate::kernel::Survey;

/// What `bpf(2)` said when it was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BpfSupport {
    /// A program of type kprobe loads; else the error.
    pub kprobe_program: Result<bool, String>,
    /// A ring buffer can be made; else the error.
    pub ring_buffer: Result<bool, String>,
}

impl BpfSupport {
    /// Loads an empty program and makes a small ring buffer; both are gone
    /// when this returns.
    pub fn try_it() -> Self {
        Self {
            kprobe_program: sys::is_program_supported(ProgramType::KProbe)
                .map_err(|error| message(&error)),
            ring_buffer: sys::is_map_supported(MapType::RingBuf).map_err(|error| message(&error)),
        }
    }
}

/// An error with its causes.
fn message(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

pub(super) fn checks(bpf: &BpfSupport, survey: &Survey) -> Vec<Check> {
    vec![programs(bpf), ring_buffer(bpf, survey)]
}

fn programs(bpf: &BpfSupport) -> Check {
    const NAME: &str = "eBPF programs";
    match &bpf.kprobe_program {
        Ok(true) => Check::ok(NAME, "accepted"),
        Ok(false) => Check::fatal(
            NAME,
            "this kernel has no programs of type kprobe",
            "Use a kernel with CONFIG_BPF_SYSCALL=y and CONFIG_BPF_EVENTS=y.",
        ),
        Err(error) => Check::fatal(
            NAME,
            format!("refused: {error}"),
            "Run it as root, outside of a container or with '--privileged'. If root is \
             refused, a security module or the hypervisor forbids bpf(2).",
        ),
    }
}

/// `BPF_MAP_TYPE_RINGBUF` came with 5.8.
fn ring_buffer(bpf: &BpfSupport, survey: &Survey) -> Check {
    const NAME: &str = "eBPF ring buffer";
    const NEWER: &str = "Use Linux 5.8 or newer.";
    match &bpf.ring_buffer {
        Ok(true) => Check::ok(NAME, "available"),
        Ok(false) => Check::fatal(NAME, format!("Linux {} has none", survey.release), NEWER),
        // Refused for another reason, which the programs' check says: whether
        // the kernel has it is in its types.
        Err(error) => match &survey.types {
            Ok(types) if types.has_ring_buffer => {
                Check::info(NAME, format!("in the kernel, but refused: {error}"))
            }
            _ => Check::fatal(NAME, format!("not known: {error}"), NEWER),
        },
    }
}
