//! A loader that has not read the kernel's types.

use aya::EbpfLoader;

/// As `EbpfLoader::new().btf(None)`, whose `new` reads and takes apart all of
/// `/sys/kernel/btf/vmlinux` first (`Btf::from_sys_fs`, aya 0.14): 130 million
/// instructions, and 15 to 30 MB of which the allocator keeps most, for types that
/// nothing here asks for. A process that may open no more files cannot read it,
/// and aya takes that for a kernel without BTF.
///
/// Other threads could open no files meanwhile, either; the agent has none.
pub(super) fn loader<'a>() -> EbpfLoader<'a> {
    let _no_files = NoFiles::enter();
    let mut loader = EbpfLoader::new();
    loader.btf(None);
    loader
}

/// For as long as it lives, no file can be opened by this process.
struct NoFiles {
    before: Option<libc::rlimit>,
}

impl NoFiles {
    fn enter() -> Self {
        let mut before = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        // SAFETY: both calls are given a valid structure.
        let before = unsafe {
            let known = libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut before) == 0;
            let none = libc::rlimit {
                rlim_cur: 0,
                ..before
            };
            let entered = known && libc::setrlimit(libc::RLIMIT_NOFILE, &raw const none) == 0;
            entered.then_some(before)
        };
        Self { before }
    }
}

impl Drop for NoFiles {
    fn drop(&mut self) {
        if let Some(before) = self.before {
            // SAFETY: reads a valid structure. The hard limit is as it was, so
            // this cannot be refused.
            let result = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const before) };
            if result != 0 {
                let error = std::io::Error::last_os_error();
                tracing::warn!("the limit on open files stays 0: {error}");
            }
        }
    }
}
