//! Packages of any Debian suite, through a private apt configuration: the
//! machine's own sources, lists and pins stay as they are.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::tool::{output_of, tool, write_whole};
use crate::files::unfinished_in;
use crate::host::Host;

/// Debian's public mirrors, for a machine whose apt sources name no other.
const MAIN: &str = "http://deb.debian.org/debian";
const SECURITY: &str = "http://deb.debian.org/debian-security";

/// The keys of Debian's archives (package `debian-archive-keyring`).
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// One suite on one of Debian's two mirrors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Archive<'a> {
    /// A suite of the main archive, like `bookworm` or `trixie-backports`.
    Main(&'a str),
    /// A suite of the security archive, like `bookworm-security`.
    Security(&'a str),
}

/// Where the machine gets Debian packages from.
#[derive(Debug, PartialEq, Eq)]
struct Mirrors {
    main: String,
    security: String,
}

/// apt, looking at some archives only.
pub(super) struct Apt<'a> {
    host: &'a Host,
    name: &'a str,
    config: PathBuf,
}

impl<'a> Apt<'a> {
    /// A configuration for `archives`, kept in the cache under `name`.
    pub(super) fn new(
        host: &'a Host,
        name: &'a str,
        archives: &[Archive<'_>],
    ) -> anyhow::Result<Self> {
        host.ensure_packages(
            "the keys of Debian's archives",
            &["debian-archive-keyring", "ca-certificates"],
        )?;
        let home = host.cache.join("apt").join(name);
        for directory in ["lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(home.join(directory))
                .with_context(|| format!("cannot make '{}'", home.display()))?;
        }
        write_whole(&home.join("sources.list"), sources(archives).as_bytes())?;
        // Nothing is installed, as far as this apt knows: a newer package on
        // the machine must not stand in the way of the suite's.
        let status = home.join("status");
        write_whole(&status, b"")?;
        let config = home.join("apt.conf");
        write_whole(&config, configuration(&home, &status).as_bytes())?;
        Ok(Self { host, name, config })
    }

    /// Installs packages on the machine, from `release` where it has them.
    pub(super) fn install(
        &self,
        why: &str,
        release: &str,
        packages: &[&str],
    ) -> anyhow::Result<()> {
        let home = self.config.parent().context("a file has a directory")?;
        let config = home.join("machine.conf");
        let machine = Path::new("/var/lib/dpkg/status");
        write_whole(&config, configuration(home, machine).as_bytes())?;
        self.host
            .install_from_release(why, &config, release, packages)
    }

    /// Fetches the archives' indexes.
    pub(super) fn update(&self) -> anyhow::Result<()> {
        let why = format!("what packages '{}' has (private lists)", self.name);
        self.host
            .run(&why, self.apt("apt-get").args(["-qq", "update"]))
    }

    /// The packages whose name matches the extended regular expression.
    pub(super) fn search(&self, pattern: &str) -> anyhow::Result<Vec<String>> {
        let found = output_of(
            self.apt("apt-cache")
                .args(["search", "--names-only", pattern]),
        )?;
        Ok(names_found(&found))
    }

    /// The packages that `package` depends on directly.
    pub(super) fn depends(&self, package: &str) -> anyhow::Result<Vec<String>> {
        let found = output_of(
            self.apt("apt-cache")
                .args(["depends", "--important", package]),
        )?;
        Ok(names_depended_on(&found))
    }

    /// Downloads packages and unpacks them, without installing, into `root`.
    pub(super) fn unpack(&self, packages: &[String], root: &Path) -> anyhow::Result<()> {
        let debs = unfinished_in(self.config.parent().unwrap_or(root))?;
        let mut download = self.apt("apt-get");
        download.arg("-qq").arg("download").args(packages);
        let why = format!("packages of '{}', unpacked into the cache", self.name);
        self.host.run(&why, download.current_dir(debs.path()))?;
        let mut count = 0;
        for entry in fs::read_dir(debs.path())? {
            output_of(tool("dpkg").arg("-x").arg(entry?.path()).arg(root))?;
            count += 1;
        }
        if count != packages.len() {
            bail!(
                "apt-get downloaded {count} of {} packages: run this again",
                packages.len()
            );
        }
        Ok(())
    }

    fn apt(&self, program: &str) -> std::process::Command {
        let mut command = tool(program);
        command.arg("-c").arg(&self.config).env("LC_ALL", "C");
        command
    }
}

/// A `sources.list` for `archives` on the machine's own mirrors.
pub(super) fn sources(archives: &[Archive<'_>]) -> String {
    let mirrors = Mirrors::of_sources(&machine_sources());
    let line = |archive: &Archive<'_>| match archive {
        Archive::Main(suite) => {
            format!("deb [signed-by={KEYRING}] {} {suite} main\n", mirrors.main)
        }
        Archive::Security(suite) => {
            format!(
                "deb [signed-by={KEYRING}] {} {suite} main\n",
                mirrors.security
            )
        }
    };
    archives.iter().map(line).collect()
}

/// apt.conf(5): read after the machine's own (`-c`), so proxies still apply.
fn configuration(home: &Path, status: &Path) -> String {
    let (home, status) = (home.display(), status.display());
    // With Error-Mode, indexes are complete, or fetching them fails.
    format!(
        "Dir::Etc::sourcelist \"{home}/sources.list\";\n\
         Dir::Etc::sourceparts \"/dev/null\";\n\
         Dir::Etc::preferences \"/dev/null\";\n\
         Dir::Etc::preferencesparts \"/dev/null\";\n\
         Dir::State::Lists \"{home}/lists\";\n\
         Dir::State::status \"{status}\";\n\
         Dir::Cache \"{home}/cache\";\n\
         Acquire::Languages \"none\";\n\
         APT::Update::Error-Mode \"any\";\n\
         Acquire::IndexTargets::deb::DEP-11::DefaultEnabled \"false\";\n\
         APT::Sandbox::User \"root\";\n"
    )
}

/// All that `/etc/apt` says about sources, in both of its formats.
fn machine_sources() -> String {
    let parts = fs::read_dir("/etc/apt/sources.list.d")
        .into_iter()
        .flatten();
    let mut files: Vec<PathBuf> = parts.flatten().map(|entry| entry.path()).collect();
    files.sort();
    files.insert(0, PathBuf::from("/etc/apt/sources.list"));
    let read = |file: &PathBuf| fs::read_to_string(file).unwrap_or_default() + "\n";
    files.iter().map(read).collect()
}

impl Mirrors {
    /// The first Debian mirrors in `text` (`deb` lines and deb822 `URIs:`).
    fn of_sources(text: &str) -> Self {
        let uris = text.lines().filter(|line| {
            let first = line.split_whitespace().next().unwrap_or_default();
            first == "deb" || first.eq_ignore_ascii_case("uris:")
        });
        let uris: Vec<&str> = uris
            .flat_map(str::split_whitespace)
            // A password belongs into apt's auth.conf, not into a copy here.
            .filter(|word| word.starts_with("http") && !word.contains('@'))
            .map(|uri| uri.trim_end_matches('/'))
            .collect();
        let first = |end: &str, default: &str| {
            let found = uris.iter().find(|uri| uri.ends_with(end));
            (*found.unwrap_or(&default)).to_owned()
        };
        Self {
            main: first("/debian", MAIN),
            security: first("/debian-security", SECURITY),
        }
    }
}

/// The names in `apt-cache search` output: `NAME - description`.
fn names_found(output: &str) -> Vec<String> {
    let names = output.lines().filter_map(|line| line.split_once(" - "));
    names.map(|(name, _)| name.to_owned()).collect()
}

/// The names in `apt-cache depends` output: `  Depends: NAME`, a `|` before
/// alternatives, `<NAME>` for what only other packages provide.
fn names_depended_on(output: &str) -> Vec<String> {
    let names = output.lines().filter_map(|line| {
        let line = line.trim_start().trim_start_matches('|');
        let name = line
            .strip_prefix("Depends: ")
            .or(line.strip_prefix("PreDepends: "))?;
        (!name.starts_with('<')).then(|| name.trim().to_owned())
    });
    names.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirrors_come_from_both_formats_of_sources() {
        let text = "Types: deb\nURIs: http://mirror.example/debian/\nSuites: bookworm\n\
                    # URIs: http://comment.example/debian\n\
                    deb [arch=amd64] https://safe.example/debian-security bookworm-security main\n";
        assert_eq!(
            Mirrors::of_sources(text),
            Mirrors {
                main: "http://mirror.example/debian".into(),
                security: "https://safe.example/debian-security".into(),
            }
        );
    }

    #[test]
    fn other_distributions_and_passwords_fall_back_to_the_public_mirror() {
        let text = "deb http://archive.example/ubuntu noble main\n\
                    deb http://me:secret@mirror.example/debian bookworm main\n";
        assert_eq!(Mirrors::of_sources(text).main, MAIN);
        assert_eq!(Mirrors::of_sources("").security, SECURITY);
    }

    #[test]
    fn search_output_is_names() {
        let output = "linux-image-6.1.0-56-amd64 - Linux 6.1 for 64-bit PCs (signed)\n\nW: odd\n";
        assert_eq!(names_found(output), ["linux-image-6.1.0-56-amd64"]);
    }

    #[test]
    fn depends_output_is_names_of_real_packages() {
        let output = "linux-image-x\n  PreDepends: base\n  Depends: linux-modules-x\n \
                      |Depends: kmod\n  Depends: <virtual>\n    real\n  Breaks: other\n";
        assert_eq!(
            names_depended_on(output),
            ["base", "linux-modules-x", "kmod"]
        );
    }
}
