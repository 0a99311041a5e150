//! Which functions exist, by the kernel's types.
//!
//! BTF describes functions, too, but not quite those that can be probed: one that has a
//! variant only (`name.isra.0`) may be there under its plain name, and one that is left
//! out may exist all the same. So what is said here is either certain, or proved wrong by
//! the kernel as soon as a probe is made; whatever is neither is left to
//! `/proc/kallsyms`.

use ovl_trace_btf::Btf;

use super::{
    kallsyms::{Overlay, Symbols},
    probe_table::{ITS_OWN, PROBES, REGISTER_KPROBE, TYPED_TASK},
};

/// Whether a symbol exists (`overlay:` in front for one of the module); `None` if that is
/// not known.
pub type Exists<'a> = &'a dyn Fn(&str) -> Option<bool>;

/// The functions to probe, with those that tell what the kernel can do. `module` is the
/// BTF of the module, if it is loaded.
///
/// `None`: `/proc/kallsyms` has to tell.
pub(super) fn symbols(
    vmlinux: &Btf<'_>,
    module: Option<&Btf<'_>>,
    exists: Exists<'_>,
) -> Option<Symbols> {
    let described = Described::new(vmlinux, module);
    let overlay = if module.is_some() {
        Overlay::Module
    } else if described.count(ITS_OWN) == 1 {
        Overlay::BuiltIn
    } else {
        // Not loaded, or not described.
        return None;
    };
    let symbol = |name: &str| {
        let is_ovl = overlay == Overlay::Module && name.starts_with("ovl_");
        exists(&if is_ovl {
            format!("overlay:{name}")
        } else {
            name.to_owned()
        })
    };
    let mut found = Vec::new();
    for probe in PROBES {
        found.push(choose(probe.alternatives, &described, symbol)?);
    }
    if described.count(REGISTER_KPROBE) == 0 {
        return None;
    }
    found.push(REGISTER_KPROBE);
    for name in TYPED_TASK {
        if described.count(name) > 0 || symbol(name)? {
            found.push(name);
        }
    }
    Some(Symbols::of_names(
        overlay,
        found.into_iter().map(str::to_owned),
    ))
}

/// The first name that is there, if it is certain that those before it are not.
fn choose(
    alternatives: &'static [&'static str],
    described: &Described,
    exists: impl Fn(&str) -> Option<bool>,
) -> Option<&'static str> {
    for name in alternatives {
        match described.count(name) {
            1 => return Some(name),
            0 if exists(name) == Some(false) => {}
            // Several functions share it, or it has no type.
            _ => return None,
        }
    }
    // A kernel that lacks one, of which there is more to say.
    None
}

/// How often each name occurs.
struct Described {
    names: Vec<&'static str>,
    counts: Vec<usize>,
}

impl Described {
    /// Functions of overlayfs in its module, others in vmlinux.
    fn new(vmlinux: &Btf<'_>, module: Option<&Btf<'_>>) -> Self {
        let (mut own, mut others): (Vec<_>, Vec<_>) = PROBES
            .iter()
            .flat_map(|probe| probe.alternatives)
            .copied()
            .chain([ITS_OWN, REGISTER_KPROBE])
            .chain(TYPED_TASK)
            .partition(|name| module.is_some() && name.starts_with("ovl_"));
        let mut counts = module.map_or(Vec::new(), |module| module.function_counts(&own));
        counts.extend(vmlinux.function_counts(&others));
        own.append(&mut others);
        Self { names: own, counts }
    }

    fn count(&self, name: &str) -> usize {
        let place = self.names.iter().position(|known| *known == name);
        place.map_or(0, |place| self.counts[place])
    }
}

#[cfg(test)]
mod tests;
