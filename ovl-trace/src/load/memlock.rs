//! The limit on locked memory.

/// Lifts `RLIMIT_MEMLOCK`, to which kernels before 5.11 charge BPF maps
/// (commit "bpf: Eliminate rlimit-based memory accounting"). If that is not
/// allowed, loading the maps says so.
pub(super) fn lift() {
    let unlimited = libc::rlimit {
        rlim_cur: libc::RLIM_INFINITY,
        rlim_max: libc::RLIM_INFINITY,
    };
    // SAFETY: reads a valid structure.
    let result = unsafe { libc::setrlimit(libc::RLIMIT_MEMLOCK, &raw const unlimited) };
    if result != 0 {
        let error = std::io::Error::last_os_error();
        tracing::debug!("the limit on locked memory stays: {error}");
    }
}
