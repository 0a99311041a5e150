//! Which modules a guest loads before its root file system, and in what order.

use std::path::{Path, PathBuf};

use super::kernel::Kernel;
use super::tool::{bytes_of, output_of, tool};

/// All of these are modules in Debian's kernels: disks, the port that carries
/// the output, shared directories, and the root file system.
const NEEDED: [&str; 5] = [
    "virtio_pci",
    "virtio_blk",
    "virtio_console",
    "9pnet_virtio",
    "9p",
];

/// The root file system, and the checksum that old kernels ask for only when
/// it is mounted, when no `modprobe` is there to load it.
const ROOT: [&str; 2] = ["ext4", "crc32c_generic"];

/// A module, ready to be loaded.
pub(super) struct Module {
    /// File name without compression suffix, like `ext4.ko`.
    pub(super) name: String,
    /// The uncompressed file.
    pub(super) content: Vec<u8>,
}

/// The modules for `kernel` in the order in which they are to be loaded.
pub(super) fn needed(kernel: &Kernel) -> anyhow::Result<Vec<Module>> {
    let mut files: Vec<PathBuf> = Vec::new();
    for module in NEEDED.iter().chain(&ROOT) {
        let shown = match show_depends(kernel, module) {
            Ok(shown) => shown,
            // Newer kernels have this checksum built in, without a name.
            Err(_) if *module == "crc32c_generic" => continue,
            Err(error) => return Err(error),
        };
        for file in files_to_insert(&shown) {
            if !files.contains(&file) {
                files.push(file);
            }
        }
    }
    files.iter().map(|file| read(file)).collect()
}

fn show_depends(kernel: &Kernel, module: &str) -> anyhow::Result<String> {
    let mut modprobe = tool("modprobe");
    modprobe
        .arg("-d")
        .arg(&kernel.root)
        .args(["-S", &kernel.version]);
    // The machine's own /etc/modprobe.d says nothing about the guest.
    modprobe.args(["-C", "/dev/null", "--show-depends", module]);
    output_of(&mut modprobe)
}

/// The files in `modprobe --show-depends` output: `insmod FILE OPTIONS` in
/// load order, and `builtin NAME` for what needs no file.
fn files_to_insert(output: &str) -> Vec<PathBuf> {
    let lines = output
        .lines()
        .filter_map(|line| line.trim().strip_prefix("insmod "));
    let files = lines.filter_map(|rest| rest.split_whitespace().next());
    files.map(PathBuf::from).collect()
}

fn read(file: &Path) -> anyhow::Result<Module> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let (name, program) = match name.rsplit_once('.') {
        Some((name, "xz")) => (name, "xz"),
        Some((name, "zst")) => (name, "zstd"),
        Some((name, "gz")) => (name, "gzip"),
        _ => (&*name, "cat"),
    };
    let mut decompress = tool(program);
    if program != "cat" {
        decompress.arg("-dc");
    }
    let content = bytes_of(decompress.arg(file))?;
    Ok(Module {
        name: name.to_owned(),
        content,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn show_depends_is_files_in_load_order() {
        let output = "builtin virtio\n\
                      insmod /k/lib/modules/6.1/kernel/fs/mbcache.ko \n\
                      insmod /k/lib/modules/6.1/kernel/fs/ext4/ext4.ko.xz debug=1\n";
        assert_eq!(
            files_to_insert(output),
            [
                Path::new("/k/lib/modules/6.1/kernel/fs/mbcache.ko"),
                Path::new("/k/lib/modules/6.1/kernel/fs/ext4/ext4.ko.xz"),
            ]
        );
    }

    #[test]
    fn a_compressed_module_is_unpacked_and_renamed() {
        let directory = tempfile::tempdir().unwrap();
        let plain = directory.path().join("x.ko");
        std::fs::write(&plain, b"module").unwrap();
        output_of(tool("gzip").arg(&plain)).unwrap();
        let module = read(&directory.path().join("x.ko.gz")).unwrap();
        assert_eq!(
            (module.name.as_str(), &*module.content),
            ("x.ko", &b"module"[..])
        );
    }
}
