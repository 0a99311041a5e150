//! Whether anybody still reads standard output.

/// The reading end of the pipe that standard output is was closed. Without
/// asking, `ovl-trace live | head -1` would only end at the next event.
pub(super) fn reader_is_gone() -> bool {
    let mut poll = libc::pollfd {
        fd: libc::STDOUT_FILENO,
        events: 0,
        revents: 0,
    };
    // SAFETY: one valid `pollfd`, and no waiting.
    let ready = unsafe { libc::poll(&raw mut poll, 1, 0) };
    ready > 0 && poll.revents & libc::POLLERR != 0
}
