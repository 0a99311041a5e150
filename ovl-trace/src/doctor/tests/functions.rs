//! Functions that are not as they are usually built.

use super::machine::{Machine, symbols};

#[test]
fn functions_that_the_compiler_changed() {
    let machine = Machine::healthy();
    let changed = symbols()
        .replace("ovl_lower_positive", "ovl_lower_positive.isra.0")
        .replace("ovl_copy_up_start", "ovl_copy_up_start.constprop.0");
    machine.write("proc/kallsyms", changed);
    insta::assert_snapshot!(machine.complaints(), @"
    fatal probe ovl_copy_up_start: no function ovl_copy_up_start (inlined by the compiler, or renamed)
    degraded probe ovl_lower_positive: no function ovl_lower_positive (inlined by the compiler, or renamed)
    ");
}

/// The one that calls it has the name of an older function, and other arguments.
#[test]
fn a_function_that_is_inlined_is_not_taken_for_its_caller() {
    let machine = Machine::healthy();
    let inlined = symbols().replace("ovl_copy_up_file", "ovl_copy_up_data");
    machine.write("proc/kallsyms", &inlined);
    insta::assert_snapshot!(machine.complaints(), @"degraded probe ovl_copy_up_file: no function ovl_copy_up_file or ovl_copy_up_data (inlined by the compiler, or renamed)");
    // As it was.
    machine.write("proc/sys/kernel/osrelease", "5.15.0-30-amd64\n");
    assert!(!machine.complaints().contains("ovl_copy_up_file"));
}
