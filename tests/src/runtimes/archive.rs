//! Images, made without a network and without a builder: a tar archive in the
//! form of `docker save`, which every runtime can load. So their layers,
//! digests and instructions are known before a runtime has seen them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::command::{run, shell};

/// One layer of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ImageLayer {
    /// `DiffID`: the digest of its uncompressed tar.
    pub(crate) digest: String,
    /// The instruction that made it, as it must be shown.
    pub(crate) instruction: String,
}

/// An image, and the archive that holds it.
pub(crate) struct Image {
    /// Its name and tag.
    pub(crate) name: &'static str,
    /// The file to load.
    pub(crate) archive: PathBuf,
    /// Its layers, the lowest first.
    pub(crate) layers: Vec<ImageLayer>,
    _directory: TempDir,
}

/// The large file of [`shop`].
const BIG_BYTES: usize = 8 << 20;

/// Files in the tree of [`shop`].
pub(crate) const TREE_FILES: usize = 20;

/// Busybox, a large file, a tree, and a file that a step of the build made.
pub(crate) fn shop(name: &'static str) -> Result<Image> {
    let mut builder = Builder::new(name)?;
    builder.busybox()?;
    let layer = builder.layer(
        "COPY big.dat /srv/big.dat # buildkit",
        "COPY big.dat /srv/big.dat",
    )?;
    write(&layer.join("srv/big.dat"), &vec![b'b'; BIG_BYTES])?;
    // The classic builder's words.
    let layer = builder.layer(
        "/bin/sh -c #(nop) COPY dir:5d41402abc4b in /srv/tree ",
        "COPY dir:5d41402abc4b in /srv/tree",
    )?;
    for index in 0..TREE_FILES {
        let path = format!("srv/tree/part-{}/file-{index}", index % 3);
        write(&layer.join(path), &vec![b't'; index * 500])?;
    }
    let layer = builder.layer(
        "RUN |1 VERSION=3 /bin/sh -c echo welcome > /etc/motd # buildkit",
        "RUN echo welcome > /etc/motd",
    )?;
    write(&layer.join("etc/motd"), b"welcome\n")?;
    builder.finish()
}

/// An image of `count` layers: busybox, and one file `/srv/layer-N` in each of
/// the others, from 1 on.
pub(crate) fn many_layers(name: &'static str, count: usize) -> Result<Image> {
    let mut builder = Builder::new(name)?;
    builder.busybox()?;
    for index in 1..count {
        let instruction = format!("COPY layer-{index} /srv/layer-{index}");
        let layer = builder.layer(&format!("{instruction} # buildkit"), &instruction)?;
        write(
            &layer.join(format!("srv/layer-{index}")),
            &vec![b'l'; 1000 + index],
        )?;
    }
    builder.finish()
}

/// What runs in a pod beside its containers: something that waits.
pub(crate) fn pause(name: &'static str) -> Result<Image> {
    let mut builder = Builder::new(name)?;
    builder.busybox()?;
    builder.command = &["/bin/sleep", "1000000"];
    builder.finish()
}

/// The directories and links of a Debian whose `/usr` is mounted.
pub(crate) fn machine(name: &'static str) -> Result<Image> {
    let mut builder = Builder::new(name)?;
    let root = builder.layer("ADD machine / # buildkit", "ADD machine /")?;
    let at = root.display();
    shell(&format!(
        "mkdir -p {at}/usr {at}/etc/docker {at}/var/lib/docker {at}/var/run {at}/proc {at}/sys
         mkdir -p {at}/dev {at}/run {at}/tmp {at}/root
         for name in bin sbin lib lib64; do ln -s usr/$name {at}/$name; done
         echo root:x:0:0:root:/root:/bin/sh > {at}/etc/passwd
         echo root:x:0: > {at}/etc/group"
    ))?;
    builder.command = &["/bin/sh"];
    builder.environment = "PATH=/usr/sbin:/usr/bin";
    builder.finish()
}

/// An image in the making.
struct Builder {
    name: &'static str,
    directory: TempDir,
    history: Vec<Value>,
    instructions: Vec<String>,
    /// What its containers run unless told otherwise.
    command: &'static [&'static str],
    environment: &'static str,
}

impl Builder {
    fn new(name: &'static str) -> Result<Self> {
        Ok(Self {
            name,
            // Too large for a /tmp in memory.
            directory: tempfile::tempdir_in("/var/tmp").context("a directory for an image")?,
            history: Vec::new(),
            instructions: Vec::new(),
            command: &["/bin/sh"],
            environment: "PATH=/bin",
        })
    }

    /// A new layer on top; returns the directory to fill.
    fn layer(&mut self, created_by: &str, instruction: &str) -> Result<PathBuf> {
        let path = self.tree(self.instructions.len());
        fs::create_dir_all(&path)?;
        self.history.push(entry(created_by, false));
        self.instructions.push(instruction.to_owned());
        Ok(path)
    }

    /// The lowest layer, and an instruction that made none.
    fn busybox(&mut self) -> Result<()> {
        let root = self.layer(
            "/bin/sh -c #(nop) ADD file:2bd03c84 in / ",
            "ADD file:2bd03c84 in /",
        )?;
        let at = root.display();
        shell(&format!(
            "mkdir -p {at}/bin {at}/etc {at}/tmp {at}/root {at}/proc {at}/sys {at}/dev {at}/run
             busybox=$(command -v busybox) || {{ echo 'busybox is not installed' >&2; exit 1; }}
             cp -L $busybox {at}/bin/busybox
             for applet in sh cat chmod chown echo ls mkdir mv printf rm sleep true touch; do
                 ln -s busybox {at}/bin/$applet
             done
             echo root:x:0:0:root:/root:/bin/sh > {at}/etc/passwd
             echo root:x:0: > {at}/etc/group"
        ))?;
        self.history
            .push(entry("/bin/sh -c #(nop)  CMD [\"/bin/sh\"]", true));
        Ok(())
    }

    fn tree(&self, index: usize) -> PathBuf {
        self.directory.path().join(format!("tree-{index}"))
    }

    fn finish(self) -> Result<Image> {
        let root = self.directory.path();
        let count = self.instructions.len();
        let names: Vec<String> = (0..count)
            .map(|index| format!("layer-{index}.tar"))
            .collect();
        for (index, name) in names.iter().enumerate() {
            tar(&self.tree(index), &root.join(name), &["."])?;
            fs::remove_dir_all(self.tree(index))?;
        }
        let digests = digests(root, &names)?;
        let config = json!({
            "architecture": match std::env::consts::ARCH { "aarch64" => "arm64", _ => "amd64" },
            "os": "linux",
            "created": CREATED,
            "config": {"Cmd": self.command, "Env": [self.environment]},
            "rootfs": {"type": "layers", "diff_ids": digests},
            "history": self.history,
        });
        let manifest = json!([{"Config": "config.json", "RepoTags": [self.name], "Layers": names}]);
        fs::write(root.join("config.json"), config.to_string())?;
        fs::write(root.join("manifest.json"), manifest.to_string())?;
        let archive = root.join("image.tar");
        let parts: Vec<&str> = ["manifest.json", "config.json"]
            .into_iter()
            .chain(names.iter().map(String::as_str))
            .collect();
        tar(root, &archive, &parts)?;
        for name in &names {
            fs::remove_file(root.join(name))?;
        }
        // A rootless runtime reads it, too.
        shell(&format!("chmod 755 {0}; chmod 644 {0}/*", root.display()))?;
        let layers = digests.into_iter().zip(self.instructions);
        Ok(Image {
            name: self.name,
            archive,
            layers: layers
                .map(|(digest, instruction)| ImageLayer {
                    digest,
                    instruction,
                })
                .collect(),
            _directory: self.directory,
        })
    }
}

const CREATED: &str = "2026-01-01T00:00:00Z";

fn entry(created_by: &str, empty: bool) -> Value {
    json!({"created": CREATED, "created_by": created_by, "empty_layer": empty})
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    fs::create_dir_all(path.parent().context("a file has a directory")?)?;
    Ok(fs::write(path, content)?)
}

fn tar(directory: &Path, archive: &Path, parts: &[&str]) -> Result<()> {
    let output = Command::new("tar")
        .arg("-C")
        .arg(directory)
        .args([
            "--owner=0",
            "--group=0",
            "--numeric-owner",
            "--mode=u=rwX,go=rX",
            "-cf",
        ])
        .arg(archive)
        .args(parts)
        .output()
        .context("cannot start 'tar'")?;
    ensure!(
        output.status.success(),
        "tar: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// `sha256:…` of each of these files.
fn digests(directory: &Path, names: &[String]) -> Result<Vec<String>> {
    let paths: Vec<String> = names
        .iter()
        .map(|name| directory.join(name).display().to_string())
        .collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let digests: Vec<String> = run("sha256sum", &paths)?
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(|digest| format!("sha256:{digest}"))
        .collect();
    ensure!(
        digests.len() == names.len(),
        "sha256sum said something else: {digests:?}"
    );
    Ok(digests)
}
