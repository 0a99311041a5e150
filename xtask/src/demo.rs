//! `cargo xtask demo`: shows the copy-ups of three real containers.
//!
//! The same demo runs on this machine, where its kernel can be traced and it
//! has a Docker, or in a guest.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use anyhow::{Context as _, Result, anyhow, bail, ensure};

use crate::{
    build::{self, Profile},
    guest::{self, Guest},
    host::{Host, say},
    packages::has_apt,
    progress::{Progress, Step},
    setup, toolchain, vm,
};

/// What `ovl-trace doctor` exits with where the kernel or the privileges do
/// not allow tracing.
const NOT_ALLOWED: i32 = 3;

/// The storage driver whose layers are overlay mounts.
const DRIVER: &str = "overlay2";

/// Prefix of the lines by which `ovl-trace-tests demo` announces its next stage.
const STAGE: &str = "demo: ";

/// Name of a file that exists after the first demo. The next one has little to prepare.
const SHOWN_BEFORE: &str = "demo.shown";

// Names of the steps in the progress line.
const PACKAGES: &str = "installing packages";
const TOOLCHAIN: &str = "building the linker for eBPF";
const OBJECT: &str = "compiling the kernel side";
const PROGRAMS: &str = "compiling the agent";
const EMBED: &str = "putting both together";
const GUEST: &str = "making a guest with Docker";
const DEMO: &str = "running the demo";

/// Sets up, builds, and shows copy-ups of real containers.
pub(crate) fn command(host: &Host) -> Result<()> {
    let obstacle = docker_obstacle();
    if !host.install {
        // Says what is missing, if anything is.
        let guests = guests();
        let needed = if obstacle.is_some() {
            &guests
        } else {
            &setup::Guests::default()
        };
        setup::for_tests(host, false, needed)?;
    }
    let log = host.cache.join("demo.log");
    let shown_before = host.cache.join(SHOWN_BEFORE);
    let steps = steps(obstacle.is_some(), shown_before.exists());
    if host.install && !shown_before.exists() {
        Host::authenticate("what is missing is installed as root")?;
    }
    Progress::run(&log, steps, |progress| {
        let Some(obstacle) = obstacle else {
            let programs = prepare(host, progress, None)?;
            return match on_this_machine(host, progress, &programs)? {
                None => Ok(()),
                Some(obstacle) => {
                    progress.show(&format!("{obstacle}: the demo runs in a guest"));
                    progress.step(GUEST, || setup::for_tests(host, false, &guests()))?;
                    in_guest(host, progress, &programs)
                }
            };
        };
        progress.show(&format!("{obstacle}: the demo runs in a guest"));
        let programs = prepare(host, progress, Some(&guests()))?;
        in_guest(host, progress, &programs)
    })?;
    // Only the estimate of the next demo suffers without it.
    drop(std::fs::write(shown_before, ""));
    Ok(())
}

/// The guest that the demo runs in.
fn guests() -> setup::Guests {
    setup::Guests {
        kernels: vec![vm::KERNEL.to_owned()],
        suites: vec![vm::SMALL.to_owned()],
    }
}

/// The steps, with the seconds that each takes on two processors.
fn steps(in_guest: bool, prepared: bool) -> Vec<Step> {
    let seconds = |from_nothing| if prepared { 2 } else { from_nothing };
    let mut steps = vec![
        Step::new(1, PACKAGES, seconds(50)),
        Step::new(1, TOOLCHAIN, seconds(60)),
        Step::new(1, OBJECT, seconds(55)),
        Step::new(2, PROGRAMS, seconds(150)),
        Step::new(0, EMBED, seconds(35)),
        Step::new(0, DEMO, if in_guest { 80 } else { 20 }),
    ];
    steps.push(if in_guest {
        Step::new(3, GUEST, seconds(90))
    } else {
        // Only if this machine's kernel turns out not to be traceable.
        Step::new(0, GUEST, 0)
    });
    steps
}

/// Builds the programs and, if `guests` is given, prepares the guest. Independent steps run at
/// the same time.
fn prepare(host: &Host, progress: &Progress, guests: Option<&setup::Guests>) -> Result<PathBuf> {
    let install = host.install;
    thread::scope(|scope| {
        // Compiles without the eBPF object; the step `EMBED` adds it.
        let programs = scope.spawn(move || {
            let host = Host::new(install)?;
            progress.step(PROGRAMS, || build::static_programs(&host, Profile::Dev))
        });
        progress.step(PACKAGES, || setup::packages(host, guests))?;
        let guest = guests.map(|guests| {
            scope.spawn(move || {
                let host = Host::new(install)?;
                progress.step(GUEST, || {
                    guest::ensure(&host, &guests.kernels, &guests.suites)?;
                    host.report_missing()?;
                    guest::warm_up(&host, vm::KERNEL)
                })
            })
        });
        let toolchain = progress.step(TOOLCHAIN, || toolchain::require(host))?;
        progress.step(OBJECT, || build::native_object(host, &toolchain))?;
        joined(programs)?;
        let programs = progress.step(EMBED, || build::static_programs(host, Profile::Dev))?;
        guest.map(joined).transpose()?;
        Ok(programs)
    })
}

/// Waits for a thread and returns its result. A panic becomes an error.
fn joined<T>(thread: thread::ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    thread
        .join()
        .unwrap_or_else(|_| Err(anyhow!("a thread panicked")))
}

/// Runs the demo in a guest.
fn in_guest(host: &Host, progress: &Progress, programs: &Path) -> Result<()> {
    let guest = Guest {
        rootfs: vm::SMALL.to_owned(),
        docker: true,
        ..Guest::new(programs.to_owned())
    };
    progress.step(DEMO, || {
        let mut written = Ok(());
        let finished = guest::run(host, &guest, "exec ovl-trace-tests demo", &mut |line| {
            if written.is_ok() {
                written = tell(progress, line);
            }
        })?;
        written?;
        for warning in &finished.kernel_warnings {
            progress.show(&format!("kernel {}: {warning}", finished.kernel_version));
        }
        ensure!(
            finished.status == 0,
            "the demo ended with status {}",
            finished.status
        );
        Ok(())
    })
}

/// Prints a line of the demo. A line that announces a stage goes into the progress line.
fn tell(progress: &Progress, line: &str) -> Result<()> {
    say(line);
    match line.strip_prefix(STAGE) {
        Some(stage) => {
            progress.detail(stage);
            Ok(())
        }
        None => progress
            .print(line)
            .context("cannot write to standard output"),
    }
}

/// Returns why the demo cannot use this machine's Docker, or `None` if it can.
fn docker_obstacle() -> Option<String> {
    if Host::find_program("docker").is_none() {
        return Some("this machine has no Docker".to_owned());
    }
    let mut info = Command::new("docker");
    info.args(["info", "--format", "{{.Driver}}"]);
    let answer = Host::output_as_root("does Docker answer?", &mut info)
        .ok()
        .filter(|answer| answer.status.success());
    let Some(answer) = answer else {
        return Some("Docker does not answer here".to_owned());
    };
    let driver = String::from_utf8_lossy(&answer.stdout);
    let driver = driver.trim();
    (driver != DRIVER).then(|| format!("Docker's storage driver is '{driver}', not '{DRIVER}'"))
}

/// Runs the demo here, or says why that is not possible.
fn on_this_machine(host: &Host, progress: &Progress, programs: &Path) -> Result<Option<String>> {
    let mut doctor = Command::new(programs.join("ovl-trace"));
    doctor.arg("doctor");
    let verdict = Host::output_as_root("can this kernel be traced?", &mut doctor)?;
    match verdict.status.code() {
        Some(0) => {}
        Some(NOT_ALLOWED) => {
            progress.show(String::from_utf8_lossy(&verdict.stdout).trim_end());
            return Ok(Some("this machine's kernel cannot be traced".to_owned()));
        }
        _ => bail!(
            "'ovl-trace doctor' failed: {}: {}",
            verdict.status,
            String::from_utf8_lossy(&verdict.stderr).trim()
        ),
    }
    if Host::find_program("busybox").is_none() && has_apt() {
        host.ensure_packages("what the demo's containers run", &["busybox-static"])?;
        host.report_missing()?;
    }
    let mut demo = Command::new(programs.join("ovl-trace-tests"));
    demo.arg("demo").env("PATH", path_with(programs)?);
    let mut written = Ok(());
    progress.step(DEMO, || {
        Host::lines_as_root("the demo, on this machine", &mut demo, &mut |line| {
            if written.is_ok() {
                written = tell(progress, line);
            }
        })
    })?;
    written?;
    progress.show(
        "the containers are removed; the image stays for the next demo: \
         docker rmi ovl-trace/shop:1.5",
    );
    Ok(None)
}

/// `PATH` with the built programs first.
fn path_with(programs: &Path) -> Result<OsString> {
    let path = env::var_os("PATH").unwrap_or_default();
    let dirs = [programs.to_owned()]
        .into_iter()
        .chain(env::split_paths(&path));
    env::join_paths(dirs)
        .with_context(|| format!("'{}' cannot be in PATH: it has a colon", programs.display()))
}
