//! A container of runc's whose root is an overlay of ours: below is the
//! guest's own root file system, and on it what a workload prepares.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::{event::Event, layers::Directories, ledger::Ledger, upper};
use crate::{
    command::{run, shell},
    events::Recorded,
    harness,
    kernel::{judge, totals},
    tracer::Tracer,
};

/// Where the guest has an ext4 disk.
const DISK: &str = "/data/workloads";

/// What Docker gives to a container (`capabilities(7)`; moby
/// `oci/caps/defaults.go`). runc's own default is too little for a package
/// manager.
const CAPABILITIES: [&str; 14] = [
    "CAP_AUDIT_WRITE",
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_MKNOD",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_RAW",
    "CAP_SETFCAP",
    "CAP_SETGID",
    "CAP_SETPCAP",
    "CAP_SETUID",
    "CAP_SYS_CHROOT",
];

/// A mounted overlay, in which a container can run.
pub(crate) struct Container {
    name: &'static str,
    directory: PathBuf,
}

/// What came of a workload.
pub(crate) struct Observed {
    pub(crate) ledger: Ledger,
    events: Vec<Event>,
    layers: Directories,
    entries: upper::Entries,
    // Its directories are there as long as the others are of use.
    _container: Container,
}

impl Observed {
    /// The ledger would not balance without any one of the events, nor if one
    /// came twice.
    pub(crate) fn needs_every_event(&self) -> Result<()> {
        let balances = |events: &[Event]| Ledger::balance(events, &self.layers, &self.entries);
        for (index, event) in self.events.iter().enumerate() {
            let mut events = self.events.clone();
            events.remove(index);
            ensure!(balances(&events).is_err(), "nobody misses {event:?}");
            events.insert(index, event.clone());
            events.insert(index, event.clone());
            let twice = balances(&events).is_ok_and(|ledger| ledger == self.ledger);
            ensure!(!twice, "nobody minds twice {event:?}");
        }
        Ok(())
    }
}

impl Container {
    /// Makes the lower layer with a script that has its directory as `$1`, and
    /// mounts the overlay.
    pub(crate) fn new(name: &'static str, prepare: &str) -> Result<Self> {
        let container = Self {
            name,
            directory: Path::new(DISK).join(name),
        };
        for part in ["lower", "upper", "work", "merged", "root"] {
            fs::create_dir_all(container.at(part))?;
        }
        let lower = container.text("lower");
        run("sh", &["-euc", prepare, "sh", &lower]).context("making the lower layer")?;
        // Without what is mounted on it, and safe from this test itself.
        let root = container.text("root");
        run("mount", &["--bind", "/", &root])?;
        run("mount", &["-o", "remount,bind,ro", &root])?;
        // Holes of files are known only when these are on the disk.
        run("sync", &[])?;
        let options = format!(
            "lowerdir={lower}:{root},upperdir={},workdir={}",
            container.text("upper"),
            container.text("work")
        );
        let merged = container.text("merged");
        run(
            "mount",
            &["-t", "overlay", "overlay", "-o", &options, &merged],
        )?;
        container.configure()?;
        Ok(container)
    }

    /// The lower layer that was made for it.
    pub(crate) fn lower(&self) -> PathBuf {
        self.at("lower")
    }

    /// Runs a script in a container, observed, and balances the ledger.
    pub(crate) fn observe(self, script: &str) -> Result<Observed> {
        let tracer = Tracer::start(&[])?;
        let worked = self.run(script);
        let recorded = tracer.finish()?;
        let said = worked?;
        let observed = self.judge(&recorded);
        observed.with_context(|| format!("the container said: {said}"))
    }

    /// Runs a script in a container to its end; returns what it printed.
    fn run(&self, script: &str) -> Result<String> {
        let mut config = self.config()?;
        config["process"]["args"] = json!(["sh", "-euc", script]);
        self.set_config(&config)?;
        let bundle = self.directory.display().to_string();
        let command = format!(
            "exec runc run --bundle '{bundle}' workload-{} 2>&1",
            self.name
        );
        shell(&command).context("the container")
    }

    fn judge(self, recorded: &Recorded) -> Result<Observed> {
        recorded.expect_no_loss()?;
        let upper = self.text("upper");
        let events = judge::of_upper(recorded, &upper);
        totals::agree(recorded, &upper, &events)?;
        judge::no_strays(recorded, &[upper].into())?;
        let events: Vec<Event> = events
            .iter()
            .filter_map(|event| Event::parse(event).transpose())
            .collect::<Result<_>>()?;
        let layers = Directories(vec![self.at("lower"), self.at("root")]);
        let entries = upper::read(&self.at("upper"))?;
        let ledger = Ledger::balance(&events, &layers, &entries)?;
        harness::note(&format!("{}: {ledger}", self.name));
        Ok(Observed {
            ledger,
            events,
            layers,
            entries,
            _container: self,
        })
    }

    /// runc's own example of a configuration, for this root.
    fn configure(&self) -> Result<()> {
        run(
            "runc",
            &["spec", "--bundle", &self.directory.display().to_string()],
        )?;
        let mut config = self.config()?;
        config["root"] = json!({ "path": self.text("merged"), "readonly": false });
        config["process"]["terminal"] = json!(false);
        config["process"]["noNewPrivileges"] = json!(false);
        for set in ["bounding", "effective", "permitted"] {
            config["process"]["capabilities"][set] = json!(CAPABILITIES);
        }
        config["process"]["env"] = json!([
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME=/root",
            "LC_ALL=C.UTF-8",
            "DEBIAN_FRONTEND=noninteractive",
        ]);
        self.set_config(&config)
    }

    fn config(&self) -> Result<Value> {
        let text = fs::read_to_string(self.at("config.json"))?;
        Ok(serde_json::from_str(&text)?)
    }

    fn set_config(&self, config: &Value) -> Result<()> {
        Ok(fs::write(self.at("config.json"), config.to_string())?)
    }

    fn at(&self, part: &str) -> PathBuf {
        self.directory.join(part)
    }

    fn text(&self, part: &str) -> String {
        self.at(part).display().to_string()
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        for part in ["merged", "root"] {
            if let Err(error) = run("umount", &[&self.text(part)]) {
                harness::note(&format!("{}: {error:#}", self.name));
                return;
            }
        }
        if let Err(error) = fs::remove_dir_all(&self.directory) {
            harness::note(&format!("removing {}: {error}", self.directory.display()));
        }
    }
}
