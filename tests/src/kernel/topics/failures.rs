//! Copy-ups that do not succeed.

use std::{io, thread, time::Instant};

use crate::kernel::{
    case::Case,
    expected::copied,
    facts::Facts,
    layer::MIB,
    merged::{Merged, refused},
    process::{Child, cached, in_child},
};

/// Large enough that a signal comes in time.
const LARGE: u64 = 128 * MIB;
/// When so much was copied, the copy-up has begun, and more than the rest of
/// the system caches meanwhile.
const BEGUN: u64 = 8 * MIB;

/// Copy-ups that are killed at random moments.
const VICTIMS: usize = 24;

pub(super) fn cases(_: &Facts) -> Vec<Case> {
    vec![
        Case::new("failures::no_space")
            .lower(|layer| layer.file("f", 32 * MIB))
            .lower_on_tmpfs()
            .upper_is_full()
            .run(|merged| refused(libc::ENOSPC, merged.touch("f")))
            .reports([copied("/f", 32 * MIB, "open").failed(&["ENOSPC"])]),
        // The limit is that of the caller, although the kernel writes.
        Case::new("failures::file_size_limit")
            .lower(|layer| layer.file("f", 3 * MIB))
            .run(|merged| {
                in_child(libc::EFBIG, || {
                    limit_file_size(MIB)?;
                    merged.touch("f")
                })
            })
            .reports([copied("/f", 3 * MIB, "open").failed(&["EFBIG"])]),
        Case::new("failures::killed_half_way")
            .lower(|layer| layer.file("f", LARGE))
            .lower_on_tmpfs()
            .run(|merged| {
                let before = cached()?;
                let victim = Child::start(|| merged.touch("f"))?;
                anyhow::ensure!(victim.copies(BEGUN, before)?, "it was too fast");
                victim.signal(libc::SIGKILL)?;
                anyhow::ensure!(victim.wait()?.is_none(), "it was not killed");
                Ok(())
            })
            .reports([copied("/f", LARGE, "open").failed(&["EINTR", "ERESTARTSYS"])]),
        Case::new("failures::killed_at_random_moments")
            .lower(|layer| {
                (0..VICTIMS).try_for_each(|index| layer.file(&format!("f-{index}"), 8 * MIB))
            })
            .lower_on_tmpfs()
            .run(kill_at_random)
            // How many it hits is chance; what the upper directory holds must be
            // what was reported all the same.
            .check(|events| {
                let mut paths: Vec<_> = events.iter().map(|event| event["path"].as_str()).collect();
                let count = paths.len();
                paths.sort_unstable();
                paths.dedup();
                anyhow::ensure!(paths.len() == count, "a file has two events");
                Ok(())
            }),
        Case::new("failures::interrupted_in_the_lock")
            .lower(|layer| layer.file("f", LARGE))
            .lower_on_tmpfs()
            .run(interrupt)
            .reports([
                copied("/f", LARGE, "open").failed(&["EINTR"]),
                copied("/f", LARGE, "open"),
            ]),
    ]
}

/// Kills tasks between the beginning of a copy-up and a little after its end.
fn kill_at_random(merged: &Merged) -> anyhow::Result<()> {
    let started = Instant::now();
    Child::start(|| merged.touch("f-0"))?.wait()?;
    let whole = started.elapsed();
    // The same moments in each run, as far as that goes (Knuth's MMIX).
    let mut random: u64 = 1;
    for index in 1..VICTIMS {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let victim = Child::start(|| merged.touch(&format!("f-{index}")))?;
        thread::sleep(whole.mul_f64(1.2 * ((random >> 11) as f64 / (1_u64 << 53) as f64)));
        victim.signal(libc::SIGKILL)?;
        victim.wait()?;
    }
    Ok(())
}

/// One task copies, another one waits for it and gets a signal.
fn interrupt(merged: &Merged) -> anyhow::Result<()> {
    let before = cached()?;
    let copier = Child::start(|| merged.touch("f"))?;
    anyhow::ensure!(copier.copies(BEGUN, before)?, "the copier was too fast");
    let waiter = Child::start(|| {
        handle_signal();
        merged.touch("f")
    })?;
    let waits = waiter.sleeps()?;
    waiter.signal(libc::SIGUSR1)?;
    let ended = waiter.wait()?;
    anyhow::ensure!(waits, "the waiter did not wait");
    anyhow::ensure!(ended == Some(libc::EINTR), "the waiter got {ended:?}");
    anyhow::ensure!(copier.wait()? == Some(0), "the copier failed");
    Ok(())
}

/// Makes SIGUSR1 interrupt a system call and do nothing else.
fn handle_signal() {
    extern "C" fn nothing(_: i32) {}
    // SAFETY: the handler does nothing; no SA_RESTART, so calls are interrupted.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = nothing as extern "C" fn(i32) as usize;
        libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut());
    }
}

/// Writing beyond this fails with EFBIG.
fn limit_file_size(bytes: u64) -> io::Result<()> {
    let limit = libc::rlimit {
        rlim_cur: bytes,
        rlim_max: bytes,
    };
    // SAFETY: the limit lives until the call returns; ignoring a signal needs
    // no handler.
    let result = unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit)
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
