//! overlayfs: present, described by types, and with the functions to probe.

use std::{fs, io};

use super::{Check, Roots};
use crate::kernel::{
    OverlayTypes, Survey, Types, TypesError,
    kallsyms::{Overlay, Symbols},
    probe_table::PROBES,
};

pub(super) const NAME: &str = "overlayfs";

/// Found where the module is there, but nobody needed it yet.
pub(super) const NOT_LOADED: &str = "the module is not loaded";

pub(super) fn checks(roots: &Roots, survey: &Survey) -> Vec<Check> {
    let mut checks = vec![types(survey)];
    match &survey.symbols {
        Ok(symbols) => {
            checks.push(presence(roots, survey, symbols));
            if symbols.overlay() != Overlay::NotLoaded {
                checks.extend(functions(symbols));
                checks.extend(survey.types.as_ref().ok().map(overlay_types));
            }
        }
        Err(error) => checks.push(Check::fatal(
            "kernel symbols",
            format!("'/proc/kallsyms' cannot be read: {error}"),
            match error.kind() {
                io::ErrorKind::ResourceBusy => "Try again when the machine has started.",
                _ => "Use a kernel with CONFIG_KALLSYMS=y, and mount /proc.",
            },
        )),
    }
    if let Ok(types) = &survey.types {
        checks.extend(fields(types));
    }
    checks
}

/// The kernel's own description of its structures.
fn types(survey: &Survey) -> Check {
    const NAME: &str = "kernel types";
    const REMEDY: &str = "Use a kernel with CONFIG_DEBUG_INFO_BTF=y: Debian 11, Ubuntu 20.10, \
                          Fedora 31, RHEL 8.2 and all later ones.";
    match &survey.types {
        Ok(_) => Check::ok(NAME, "described by BTF"),
        Err(TypesError::Read { path, error }) if error.kind() == io::ErrorKind::NotFound => {
            Check::fatal(NAME, format!("no BTF ('{path}' does not exist)"), REMEDY)
        }
        Err(TypesError::Architecture) => Check::info(NAME, "not read for this architecture"),
        Err(error) => Check::fatal(NAME, error.to_string(), REMEDY),
    }
}

fn presence(roots: &Roots, survey: &Survey, symbols: &Symbols) -> Check {
    match symbols.overlay() {
        Overlay::Module => return Check::ok(NAME, "loaded as a module"),
        Overlay::BuiltIn => return Check::ok(NAME, "built into the kernel"),
        Overlay::NotLoaded => {}
    }
    let modules = roots.kernel.modules.join(survey.release.as_str());
    if let Ok(list) = fs::read_to_string(modules.join("modules.dep"))
        && list.lines().any(is_overlay)
    {
        return Check::fatal(NAME, NOT_LOADED, "modprobe overlay");
    }
    let filesystems = fs::read_to_string(roots.kernel.proc.join("filesystems"));
    if filesystems
        .unwrap_or_default()
        .split_whitespace()
        .any(|word| word == "overlay")
    {
        return Check::fatal(
            NAME,
            "in the kernel, but /proc/kallsyms does not show its functions",
            "Use a kernel with CONFIG_KALLSYMS=y.",
        );
    }
    Check::fatal(
        NAME,
        format!("Linux {} does not have it", survey.release),
        "Use a kernel with CONFIG_OVERLAY_FS, or install its modules. Containers here do not \
         use overlayfs (perhaps fuse-overlayfs, btrfs, zfs or vfs), so there are no copy-ups \
         to see.",
    )
}

/// A line of `modules.dep`: `kernel/fs/overlayfs/overlay.ko.xz: …`
fn is_overlay(line: &str) -> bool {
    line.split(':')
        .next()
        .and_then(|path| path.rsplit('/').next())
        .is_some_and(|file| file.split('.').next() == Some("overlay"))
}

/// One check for all functions that are there, one for each that is not.
fn functions(symbols: &Symbols) -> Vec<Check> {
    let found = PROBES
        .iter()
        .filter(|probe| probe.find(symbols).is_some())
        .count();
    let summary = format!("{found} of {} functions found", PROBES.len());
    let missing = PROBES
        .iter()
        .filter(|probe| probe.find(symbols).is_none())
        .map(|probe| {
            let name = format!("probe {}", probe.name);
            let found = format!(
                "no function {} (inlined by the compiler, or renamed)",
                probe.alternatives.join(" or ")
            );
            if probe.required {
                let remedy = "Please report this kernel and the compiler it was built with \
                              (/proc/version).";
                Check::fatal(&name, found, remedy)
            } else {
                Check::degraded(&name, found, probe.lost)
            }
        });
    let summary = if found == PROBES.len() {
        Check::ok("probes", summary)
    } else {
        Check::info("probes", summary)
    };
    std::iter::once(summary).chain(missing).collect()
}

fn overlay_types(types: &Types) -> Check {
    const NAME: &str = "overlayfs types";
    match &types.overlay {
        OverlayTypes::Module => Check::ok(NAME, "described by the module's BTF"),
        OverlayTypes::BuiltIn => Check::ok(NAME, "described by the kernel's BTF"),
        OverlayTypes::Absent => Check::info(
            NAME,
            "no BTF of the module; what is known of this release is used",
        ),
        OverlayTypes::Unreadable(error) => Check::info(
            NAME,
            format!("{error}; what is known of this release is used"),
        ),
    }
}

/// One check for each field that was not found.
fn fields(types: &Types) -> Vec<Check> {
    types
        .missing
        .iter()
        .map(|field| {
            let name = format!("field {}", field.name);
            let found = "not in this kernel's types";
            match field.lost {
                Some(lost) => Check::degraded(&name, found, lost),
                None => Check::fatal(
                    &name,
                    found,
                    "Please report this kernel (/proc/version): its layout is not known.",
                ),
            }
        })
        .collect()
}
