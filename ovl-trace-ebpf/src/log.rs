//! The program's own diagnostics, through aya-log. Only in a build with the
//! feature `log` (`cargo xtask build --log`); `ovl-trace -vv` shows them.

/// Writes a line at level debug. Nothing without the feature `log`.
#[cfg(feature = "log")]
macro_rules! diagnose {
    ($($argument:tt)*) => {
        aya_log_ebpf::debug!(&(), $($argument)*)
    };
}

/// Writes a line at level debug. Nothing without the feature `log`.
#[cfg(not(feature = "log"))]
macro_rules! diagnose {
    ($($argument:tt)*) => {};
}

pub(crate) use diagnose;
