//! Kernels whose BTF has functions and nothing else.

use std::cell::RefCell;

use super::*;
use ovl_trace_btf::builder::Builder;

/// Adds functions.
fn add(builder: &mut Builder, names: &[&str]) {
    let prototype = builder.function(0);
    for name in names {
        builder.reference(name, 12, prototype);
    }
}

/// What is probed, as kernels since 6.8 have it.
fn probed(is_ovl: bool) -> Vec<&'static str> {
    PROBES
        .iter()
        .map(|probe| match probe.name {
            "vfs_clone_file_range" => probe.name,
            _ => probe.alternatives[0],
        })
        .filter(|name| name.starts_with("ovl_") == is_ovl)
        .collect()
}

fn others() -> Vec<&'static str> {
    let mut names = probed(false);
    names.extend([REGISTER_KPROBE]);
    names.extend(TYPED_TASK);
    names
}

/// What is found, and what was asked.
fn find(
    vmlinux: &[&str],
    module: Option<&[&str]>,
    answer: Option<bool>,
) -> (Option<Symbols>, Vec<String>) {
    let mut base = Builder::new();
    add(&mut base, vmlinux);
    let mut on_top = Builder::on(&base);
    add(&mut on_top, module.unwrap_or_default());
    let vmlinux = Btf::parse(base.bytes()).unwrap();
    let split = Btf::parse_split(on_top.bytes(), &vmlinux).unwrap();
    let asked = RefCell::new(Vec::new());
    let exists = |name: &str| {
        asked.borrow_mut().push(name.to_owned());
        answer
    };
    let found = symbols(&vmlinux, module.map(|_| &split), &exists);
    (found, asked.into_inner())
}

#[test]
fn a_module_and_vmlinux_say_what_there_is() {
    let (found, asked) = find(&others(), Some(&probed(true)), Some(false));
    let found = found.unwrap();
    assert_eq!(found.overlay(), Overlay::Module);
    assert!(!found.are_listed());
    for probe in PROBES {
        assert!(probe.find(&found).is_some(), "{}", probe.name);
    }
    assert!(TYPED_TASK.iter().all(|name| found.contains(name)));
    assert_eq!(found.event_symbol("ovl_unlink"), "overlay:ovl_unlink");
    // Only a preferred name that no type has.
    assert_eq!(asked, ["do_clone_file_range"]);
}

#[test]
fn overlayfs_may_be_built_in() {
    let mut names = others();
    names.extend(probed(true));
    names.push(ITS_OWN);
    let found = find(&names, None, Some(false)).0.unwrap();
    assert_eq!(found.overlay(), Overlay::BuiltIn);
    assert_eq!(found.event_symbol("ovl_unlink"), "ovl_unlink");
}

#[test]
fn without_overlayfs_nothing_is_said() {
    assert!(find(&others(), None, Some(false)).0.is_none());
}

#[test]
fn what_no_type_has_may_exist() {
    // The preferred name of two is there, or might be.
    for answer in [Some(true), None] {
        assert!(find(&others(), Some(&probed(true)), answer).0.is_none());
    }
}

#[test]
fn a_kernel_that_lacks_a_function_is_left_to_its_list() {
    for missing in probed(true) {
        let mut names = probed(true);
        names.retain(|name| *name != missing);
        let (found, asked) = find(&others(), Some(&names), Some(false));
        assert!(found.is_none(), "{missing}");
        assert!(asked.contains(&format!("overlay:{missing}")), "{asked:?}");
    }
}

#[test]
fn a_name_of_two_functions_is_left_to_the_list() {
    let mut names = probed(true);
    names.push("ovl_unlink");
    assert!(find(&others(), Some(&names), Some(false)).0.is_none());
}

#[test]
fn a_helper_of_a_newer_kernel_may_be_missing() {
    let mut names = others();
    names.retain(|name| !TYPED_TASK.contains(name));
    let found = find(&names, Some(&probed(true)), Some(false)).0.unwrap();
    assert!(!TYPED_TASK.iter().any(|name| found.contains(name)));
}
