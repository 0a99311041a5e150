//! The initramfs: a static busybox, the modules for disks and shared
//! directories, and an init that goes on to the root file system.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;

use super::cpio::Archive;
use super::kernel::Kernel;
use super::modules;
use super::tool::{fingerprint, write_whole};
use crate::host::Host;

const INIT: &str = include_str!("initramfs.sh");

/// What is in it follows from these: a change of one makes a new initramfs.
const RECIPE: [&[u8]; 4] = [
    INIT.as_bytes(),
    include_bytes!("cpio.rs"),
    include_bytes!("initramfs.rs"),
    include_bytes!("modules.rs"),
];

/// Makes the initramfs for `kernel`, or finds it in the cache.
pub(super) fn ensure(host: &Host, kernel: &Kernel) -> anyhow::Result<PathBuf> {
    let recipe = fingerprint(&RECIPE);
    let file = kernel.root.join(format!("initramfs-{recipe}.cpio"));
    if !file.is_file() {
        host.ensure_packages(
            "load order and decompression of kernel modules",
            &["kmod", "xz-utils", "zstd"],
        )?;
        write_whole(&file, &build(kernel)?)?;
    }
    Ok(file)
}

fn build(kernel: &Kernel) -> anyhow::Result<Vec<u8>> {
    let mut archive = Archive::default();
    for directory in ["bin", "dev", "modules", "proc", "root", "sys"] {
        archive.directory(directory);
    }
    // The kernel opens this as standard output of init, before any mount.
    archive.device("dev/console", (5, 1));
    let busybox = kernel.busybox();
    let busybox =
        fs::read(&busybox).with_context(|| format!("cannot read '{}'", busybox.display()))?;
    archive.file("bin/busybox", &busybox);
    archive.file("init", INIT.as_bytes());
    let mut order = String::new();
    for module in modules::needed(kernel)? {
        archive.file(&format!("modules/{}", module.name), &module.content);
        order.push_str(&module.name);
        order.push('\n');
    }
    archive.file("modules/order", order.as_bytes());
    Ok(archive.finish())
}
