//! Copy-ups that do not succeed.

use std::io;

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
