//! The image that the tests' containers run: busybox, one large file and a
//! tree of small ones, each in a layer of its own.

use std::{
    fs::{self, File},
    io::{BufWriter, Write as _},
    path::Path,
};

use anyhow::{Context as _, Result};

use crate::command::{output, shell};

/// Name of the image.
pub(crate) const IMAGE: &str = "ovl-trace/shop:1.4";

/// The large file in it.
pub(crate) const MODEL: &str = "/srv/model.bin";

/// Its size.
pub(crate) const MODEL_BYTES: u64 = 256 << 20;

/// The tree in it.
pub(crate) const APP: &str = "/srv/app";

/// Regular files in the tree, in directories of 100.
pub(crate) const APP_FILES: usize = 1000;

/// A file name with an escape sequence, a newline and a byte that is not UTF-8.
pub(crate) const HOSTILE: &[u8] = b"evil\x1b[2J\nname\xff";

/// Builds the image unless it is there. Nothing is fetched.
pub(crate) fn ensure() -> Result<&'static str> {
    if output("docker", &["image", "inspect", IMAGE])?
        .status
        .success()
    {
        return Ok(IMAGE);
    }
    // Too large for a /tmp in memory.
    let directory = tempfile::tempdir_in("/var/tmp").context("a directory for the image")?;
    let root = directory.path();
    let at = root.display();
    shell(&format!(
        "mkdir -p {at}/base/bin {at}/base/etc {at}/base/tmp {at}/base/root
         busybox=$(command -v busybox) || {{ echo 'busybox is not installed' >&2; exit 1; }}
         cp -L $busybox {at}/base/bin/busybox
         # Static where tests run; elsewhere with the libraries it needs.
         for library in $(ldd $busybox 2>/dev/null | grep -o '/[^ :]*'); do
             mkdir -p {at}/base$(dirname $library); cp -L $library {at}/base$library
         done
         for applet in $(busybox --list); do
             [ $applet = busybox ] || ln -s busybox {at}/base/bin/$applet
         done
         echo root:x:0:0:root:/root:/bin/sh > {at}/base/etc/passwd
         echo welcome > {at}/base/etc/motd
         tar -C {at}/base -c . | docker import - ovl-trace/base:1"
    ))
    .context("importing the base image")?;
    write_model(&root.join("model.bin"))?;
    write_app(&root.join("app"))?;
    fs::write(
        root.join("Dockerfile"),
        format!("FROM ovl-trace/base:1\nCOPY app {APP}/\nCOPY model.bin {MODEL}\n"),
    )?;
    fs::write(root.join(".dockerignore"), "base\n")?;
    shell(&format!(
        "DOCKER_BUILDKIT=0 docker build --network none --quiet --tag {IMAGE} {at}"
    ))
    .context("building the image")?;
    Ok(IMAGE)
}

/// No zeros, so that no file system takes it for sparse.
fn write_model(path: &Path) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let block: Vec<u8> = (0..1_u32 << 18)
        .flat_map(u32::to_ne_bytes)
        .map(|byte| byte | 1)
        .collect();
    for _ in 0..MODEL_BYTES / block.len() as u64 {
        file.write_all(&block)?;
    }
    Ok(file.flush()?)
}

fn write_app(root: &Path) -> Result<()> {
    use std::os::unix::ffi::OsStrExt as _;

    for index in 0..APP_FILES {
        let directory = root.join(format!("part-{}", index / 100));
        fs::create_dir_all(&directory)?;
        fs::write(
            directory.join(format!("file-{index}.txt")),
            "x".repeat(index + 1),
        )?;
    }
    fs::create_dir_all(root.with_file_name("app").join("odd"))?;
    let hostile = root.join("odd").join(std::ffi::OsStr::from_bytes(HOSTILE));
    fs::write(hostile, "hostile")?;
    Ok(())
}
