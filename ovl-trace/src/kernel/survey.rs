//! Everything that is asked of the running kernel before tracing, in one go.

use std::{collections::BTreeMap, fs, io, path::Path};

use ovl_trace_btf::{Btf, BtfError, ReadError, TypeId};
use ovl_trace_common::offsets::Offsets;

use super::{
    Architecture, KernelRoots, Preemption, Release,
    described::{self, Exists},
    kallsyms::{Overlay, Symbols},
    offsets::{self, MissingField, Sources},
    probe_table,
    tracefs::Tracefs,
};

/// What was found. The doctor judges it, the loader uses it.
#[derive(Debug)]
pub struct Survey {
    /// `uname -r`
    pub release: Release,
    /// `/proc/kallsyms`
    pub symbols: io::Result<Symbols>,
    /// The kernel's types.
    pub types: Result<Types, TypesError>,
    /// tracefs, if it is mounted.
    pub tracefs: Option<Tracefs>,
    /// By what means functions are probed.
    pub preemption: Preemption,
}

/// What BTF says.
#[derive(Clone, Debug)]
pub struct Types {
    /// For the program.
    pub offsets: Offsets,
    /// What could not be found.
    pub missing: Vec<MissingField>,
    /// Where overlayfs' own types were described.
    pub overlay: OverlayTypes,
    /// `enum bpf_map_type` has the ring buffer (5.8).
    pub has_ring_buffer: bool,
    /// Functions to probe that can have a trampoline, by their names.
    pub functions: Functions,
    /// Functions that have a form in which they are not probed ([`probe_table::FORMS`]).
    pub other_forms: Vec<&'static str>,
}

/// Where overlayfs' own types are described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OverlayTypes {
    /// In `/sys/kernel/btf/overlay`.
    Module,
    /// In `/sys/kernel/btf/vmlinux`.
    BuiltIn,
    /// Nowhere: known constants are used, if there are any.
    Absent,
    /// In `/sys/kernel/btf/overlay`, which cannot be read: why.
    Unreadable(String),
}

/// Why the kernel's types are not known.
#[derive(Debug, thiserror::Error)]
pub enum TypesError {
    /// The file cannot be read (`NotFound`: the kernel has no BTF).
    #[error("'{path}' cannot be read: {error}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// The file is not BTF.
    #[error("'{path}': {error}")]
    Parse {
        /// The file.
        path: String,
        /// Why.
        error: BtfError,
    },
    /// The architecture is not a supported one.
    #[error("the architecture is neither x86_64 nor aarch64")]
    Architecture,
}

impl Survey {
    /// Reads what the kernel offers: some 10 MB of `/proc` and `/sys`, of
    /// which little is kept.
    pub fn take(roots: &KernelRoots) -> Self {
        Self::look(roots, None)
    }

    /// As [`Self::take`], without `/proc/kallsyms` where the kernel's types tell which
    /// functions exist: the kernel takes longer to write it than for all else. `exists`
    /// is asked about a name that no type has; it answers `None` if it does not know.
    pub fn take_quickly(roots: &KernelRoots, exists: Exists<'_>) -> Self {
        Self::look(roots, Some(exists))
    }

    /// `/proc/kallsyms`, as [`Symbols::read`] does it.
    pub fn list(roots: &KernelRoots) -> io::Result<Symbols> {
        Symbols::read(roots, &probe_table::other_symbols())
    }

    /// The same by [`Symbols::try_read`].
    pub fn try_list(roots: &KernelRoots) -> io::Result<Symbols> {
        Symbols::try_read(roots, &probe_table::other_symbols())
    }

    fn look(roots: &KernelRoots, exists: Option<Exists<'_>>) -> Self {
        let release = fs::read_to_string(roots.proc.join("sys/kernel/osrelease"));
        let release = Release::parse(&release.unwrap_or_default());
        let preemption = Preemption::read(roots);
        let read_types = |exists| match roots.architecture {
            Some(architecture) => match types(roots, architecture, &release, preemption, exists) {
                Ok((types, described)) => (Ok(types), described),
                Err(error) => (Err(error), None),
            },
            None => (Err(TypesError::Architecture), None),
        };
        let (mut types, described) = read_types(exists);
        let mut symbols = described.map_or_else(|| Self::list(roots), Ok);
        // The module may have come after its types were looked for.
        if let (Ok(known), Ok(symbols)) = (&types, &symbols)
            && known.overlay == OverlayTypes::Absent
            && symbols.overlay() == Overlay::Module
        {
            (types, _) = read_types(None);
        }
        if let (Ok(types), Ok(symbols)) = (&types, &mut symbols) {
            for name in &types.other_forms {
                symbols.forget(name);
            }
        }
        Self {
            release,
            symbols,
            types,
            tracefs: Tracefs::find(roots),
            preemption,
        }
    }
}

fn types(
    roots: &KernelRoots,
    architecture: Architecture,
    release: &Release,
    preemption: Preemption,
    exists: Option<Exists<'_>>,
) -> Result<(Types, Option<Symbols>), TypesError> {
    let directory = roots.sys.join("kernel/btf");
    let vmlinux = read(&directory.join("vmlinux"), Btf::read)?;
    let module = match read(&directory.join("overlay"), |path| {
        Btf::read_split(path, &vmlinux)
    }) {
        Ok(btf) => Ok(Some(btf)),
        Err(TypesError::Read { error, .. }) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.to_string()),
    };
    let (module, unreadable) = match module {
        Ok(module) => (module, None),
        Err(why) => (None, Some(why)),
    };
    let (offsets, missing) = offsets::resolve(&Sources {
        vmlinux: &vmlinux,
        overlay: module.as_ref(),
        release,
        architecture,
        page_bytes: page_bytes(),
    });
    let overlay = match unreadable {
        Some(why) => OverlayTypes::Unreadable(why),
        None if module.is_some() => OverlayTypes::Module,
        None if vmlinux.struct_named("ovl_inode").is_some() => OverlayTypes::BuiltIn,
        None => OverlayTypes::Absent,
    };
    let home = module.as_ref().unwrap_or(&vmlinux);
    let other_forms: Vec<_> = probe_table::FORMS
        .iter()
        .filter(|form| !form.is_that_of(release.version(), home.parameter_count(form.name)))
        .map(|form| form.name)
        .collect();
    let described = exists.and_then(|exists| {
        let is_live = fs::read_to_string(roots.sys.join("module/overlay/initstate"))
            .is_ok_and(|state| state.trim() == "live");
        let module = module.as_ref().filter(|_| is_live);
        // One that is missing is left to the list, whatever the reason.
        described::symbols(&vmlinux, module, exists)
            .filter(|symbols| !other_forms.iter().any(|name| symbols.contains(name)))
    });
    let functions = if preemption.interrupts_programs() {
        Functions::new()
    } else {
        functions(&vmlinux, module.as_ref())
    };
    let types = Types {
        functions,
        other_forms,
        offsets,
        missing,
        overlay,
        has_ring_buffer: vmlinux
            .enumerator("bpf_map_type", "BPF_MAP_TYPE_RINGBUF")
            .is_some(),
    };
    Ok((types, described))
}

/// A function that can have a trampoline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FunctionType {
    /// Its id in the types of overlayfs' module; else in those of vmlinux.
    pub id: TypeId,
    /// In which of them.
    pub of_module: bool,
}

/// By name; empty where trampolines are not used.
pub type Functions = BTreeMap<&'static str, FunctionType>;

fn functions(vmlinux: &Btf<'_>, module: Option<&Btf<'_>>) -> Functions {
    // Programs in trampolines use it: 5.17.
    let helper = vmlinux.enumerator("bpf_func_id", "BPF_FUNC_get_func_arg");
    if helper.is_none() {
        return Functions::new();
    }
    let names: Vec<_> = probe_table::PROBES
        .iter()
        .flat_map(|probe| probe.alternatives)
        .copied()
        .collect();
    let of = |btf: &Btf<'_>, of_module| {
        let found = btf.functions(&names).into_iter();
        found.map(move |(name, id)| (name, FunctionType { id, of_module }))
    };
    let inside = module.map(|btf| of(btf, true)).into_iter().flatten();
    of(vmlinux, false).chain(inside).collect()
}

fn read<'base>(
    path: &Path,
    read: impl FnOnce(&Path) -> Result<Btf<'base>, ReadError>,
) -> Result<Btf<'base>, TypesError> {
    let name = path.display().to_string();
    read(path).map_err(|error| match error {
        ReadError::File(error) => TypesError::Read { path: name, error },
        ReadError::Content(error) => TypesError::Parse { path: name, error },
    })
}

fn page_bytes() -> u32 {
    // SAFETY: takes an integer and returns one.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    u32::try_from(bytes).unwrap_or(4096)
}
