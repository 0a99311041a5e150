//! The kernel and what it forbids.

use std::fs;

use super::{Check, Roots};
use crate::kernel::Survey;

pub(super) fn checks(roots: &Roots, survey: &Survey) -> Vec<Check> {
    vec![kernel(roots, survey), lockdown(roots)]
}

fn kernel(roots: &Roots, survey: &Survey) -> Check {
    let release = match survey.release.as_str() {
        "" => "of unknown release",
        release => release,
    };
    match roots.kernel.architecture {
        Some(architecture) => Check::ok("kernel", format!("Linux {release} on {architecture}")),
        None => Check::fatal(
            "kernel",
            format!("Linux {release} on {}", std::env::consts::ARCH),
            "Run ovl-trace on x86_64 or aarch64; other architectures are not supported.",
        ),
    }
}

/// Kernel lockdown (`kernel_lockdown(7)`): at *confidentiality* neither kprobes
/// nor reads of kernel memory by eBPF are allowed (`LOCKDOWN_KPROBES`,
/// `LOCKDOWN_BPF_READ_KERNEL` in include/linux/security.h); at *integrity*
/// they are.
fn lockdown(roots: &Roots) -> Check {
    let path = roots.kernel.sys.join("kernel/security/lockdown");
    let Ok(text) = fs::read_to_string(path) else {
        return Check::ok("lockdown", "none (no file 'lockdown' in securityfs)");
    };
    let mode = text
        .split_once('[')
        .and_then(|(_, rest)| rest.split_once(']'))
        .map_or(text.trim(), |(mode, _)| mode);
    match mode {
        "confidentiality" => Check::fatal(
            "lockdown",
            "confidentiality: the kernel refuses kprobes and eBPF reads of its memory",
            "Boot without 'lockdown=confidentiality' on the kernel's command line; \
             'integrity' is enough for Secure Boot.",
        ),
        mode => Check::ok("lockdown", mode),
    }
}
