//! The image that the tests' containers run: busybox, a tree of small files and
//! one large file, each in a layer of its own.
//!
//! The tests write the archive that `docker save` would write, and load it. `docker build`
//! would copy and hash the large file four times, which takes minutes in an emulator.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{BufWriter, Write as _},
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::command::{output, run, shell};

/// Name of the image.
pub(crate) const IMAGE: &str = "ovl-trace/shop:1.5";

/// The large file in it.
pub(crate) const MODEL: &str = "/srv/model.bin";

/// Its size.
pub(crate) const MODEL_BYTES: u64 = 96 << 20;

/// The tree in it.
pub(crate) const APP: &str = "/srv/app";

/// Regular files in the tree, in directories of 100.
pub(crate) const APP_FILES: usize = 1000;

/// A file name with an escape sequence, a newline and a byte that is not UTF-8.
pub(crate) const HOSTILE: &[u8] = b"evil\x1b[2J\nname\xff";

/// Loads the image unless it is there. Nothing is fetched.
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
    write_base(&root.join("base")).context("writing the base layer")?;
    write_app(&below(&root.join("app"), APP)).context("writing the layer of small files")?;
    write_model(&below(&root.join("model"), MODEL))
        .context("writing the layer of the large file")?;
    load(root).context("loading the image")?;
    Ok(IMAGE)
}

/// The directories that hold the layers' files, lowest layer first, with the
/// instructions that would have made the layers.
fn layers() -> [(&'static str, String); 3] {
    [
        ("base", "ADD rootfs.tar /".to_owned()),
        ("app", format!("COPY app {APP}/")),
        ("model", format!("COPY model.bin {MODEL}")),
    ]
}

/// Where a file of the image is in the directory of its layer.
fn below(layer: &Path, path: &str) -> PathBuf {
    layer.join(path.trim_start_matches('/'))
}

fn write_base(base: &Path) -> Result<()> {
    let at = base.display();
    shell(&format!(
        "mkdir -p {at}/bin {at}/etc {at}/tmp {at}/root
         busybox=$(command -v busybox) || {{ echo 'busybox is not installed' >&2; exit 1; }}
         cp -L $busybox {at}/bin/busybox
         # Static where tests run; elsewhere with the libraries it needs.
         for library in $(ldd $busybox 2>/dev/null | grep -o '/[^ :]*'); do
             mkdir -p {at}$(dirname $library); cp -L $library {at}$library
         done
         for applet in $(busybox --list); do
             [ $applet = busybox ] || ln -s busybox {at}/bin/$applet
         done
         echo root:x:0:0:root:/root:/bin/sh > {at}/etc/passwd
         echo welcome > {at}/etc/motd"
    ))?;
    Ok(())
}

fn write_app(root: &Path) -> Result<()> {
    for index in 0..APP_FILES {
        let directory = root.join(format!("part-{}", index / 100));
        fs::create_dir_all(&directory)?;
        fs::write(
            directory.join(format!("file-{index}.txt")),
            "x".repeat(index + 1),
        )?;
    }
    let odd = root.join("odd");
    fs::create_dir_all(&odd)?;
    fs::write(odd.join(OsStr::from_bytes(HOSTILE)), "hostile")?;
    Ok(())
}

/// Writes the large file without zeros, so that file systems do not store it as sparse.
fn write_model(path: &Path) -> Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
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

/// Packs the layers and streams the archive into `docker load`. The options of
/// `tar` are those that busybox knows, too.
fn load(root: &Path) -> Result<()> {
    let at = root.display();
    let mut archives = Vec::new();
    let mut digests = Vec::new();
    for (layer, _) in layers() {
        let archive = format!("{layer}.tar");
        shell(&format!(
            "tar -cf {at}/{archive} -C {at}/{layer} . && rm -r {at}/{layer}"
        ))?;
        let sum = run("sha256sum", &[&format!("{at}/{archive}")])?;
        let hex = sum
            .split_whitespace()
            .next()
            .context("sha256sum printed no checksum")?;
        digests.push(format!("sha256:{hex}"));
        archives.push(archive);
    }
    let manifest = json!([{
        "Config": "config.json",
        "RepoTags": [IMAGE],
        "Layers": archives,
    }]);
    fs::write(root.join("config.json"), config(&digests).to_string())?;
    fs::write(root.join("manifest.json"), manifest.to_string())?;
    let archives = archives.join(" ");
    shell(&format!(
        "tar -cf - -C {at} manifest.json config.json {archives} | docker load --quiet"
    ))?;
    Ok(())
}

/// The image's configuration (OCI image specification, `config.md`).
fn config(digests: &[String]) -> Value {
    let history: Vec<Value> = layers()
        .iter()
        .map(|(_, instruction)| json!({ "created_by": instruction }))
        .collect();
    json!({
        "architecture": architecture(),
        "os": "linux",
        "config": {},
        "rootfs": { "type": "layers", "diff_ids": digests },
        "history": history,
    })
}

/// Go's name of this machine's architecture.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
