//! Machines that lack one thing each, as directories.

mod functions;
mod machine;

use std::os::unix::fs::symlink;

use super::{BpfSupport, Check, Diagnosis, Status, render};
use machine::{Machine, symbols};

fn find<'a>(diagnosis: &'a Diagnosis, name: &str) -> &'a Check {
    let check = diagnosis.checks.iter().find(|check| check.name == name);
    check.unwrap_or_else(|| panic!("no check '{name}'"))
}

#[test]
fn nothing_to_complain_about() {
    let machine = Machine::healthy();
    assert_eq!(machine.complaints(), "");
    let diagnosis = machine.diagnose();
    assert!(diagnosis.can_trace());
    assert_eq!(diagnosis.refusal(), None);
    assert_eq!(find(&diagnosis, "lockdown").found, "integrity");
    assert_eq!(find(&diagnosis, "overlayfs").found, "loaded as a module");
    assert!(find(&diagnosis, "Docker").found.contains("docker.sock"));
}

#[test]
fn without_kprobes_the_refusal_names_the_kernel() {
    let machine = Machine::healthy();
    let without = symbols().replace("register_kprobe", "register_other");
    machine.write("proc/kallsyms", without);
    machine.remove("sys/kernel/tracing");
    insta::assert_snapshot!(machine.diagnose().refusal().unwrap(), @"
    this machine cannot be traced:
    - kprobes: this kernel was built without CONFIG_KPROBES (no 'register_kprobe' in /proc/kallsyms)
      Use a kernel with CONFIG_KPROBES=y and CONFIG_KPROBE_EVENTS=y, as the kernels of all large distributions are. On a machine whose kernel is given (a microVM), trace in a guest with one of those.
    'ovl-trace doctor' shows all checks.
    ");
}

#[test]
fn tracefs_not_mounted() {
    let machine = Machine::healthy();
    machine.remove("sys/kernel/tracing");
    insta::assert_snapshot!(machine.complaints(), @"fatal tracefs: not mounted");
    let remedy = find(&machine.diagnose(), "tracefs").remedy.clone();
    assert_eq!(
        remedy.as_deref(),
        Some("mount -t tracefs tracefs /sys/kernel/tracing")
    );
}

#[test]
fn no_kprobe_events() {
    let machine = Machine::healthy();
    machine.remove("sys/kernel/tracing/kprobe_events");
    insta::assert_snapshot!(machine.complaints(), @"fatal kprobes: this kernel was built without CONFIG_KPROBE_EVENTS (no 'kprobe_events' in tracefs)");
}

#[test]
fn probes_switched_off() {
    let machine = Machine::healthy();
    machine.write("proc/sys/kernel/ftrace_enabled", "1\n");
    machine.write("sys/kernel/debug/kprobes/enabled", "1\n");
    assert_eq!(machine.complaints(), "");
    machine.write("proc/sys/kernel/ftrace_enabled", "0\n");
    machine.write("sys/kernel/debug/kprobes/enabled", "0\n");
    insta::assert_snapshot!(machine.diagnose().refusal().unwrap(), @"
    this machine cannot be traced:
    - probes switched off: 'kernel.ftrace_enabled' is 0: the kernel runs no probe
      sysctl kernel.ftrace_enabled=1
    - probes switched off: '/sys/kernel/debug/kprobes/enabled' is 0: the kernel runs no probe
      echo 1 > /sys/kernel/debug/kprobes/enabled
    'ovl-trace doctor' shows all checks.
    ");
}

#[test]
fn an_ordinary_user() {
    let mut machine = Machine::healthy();
    machine.status(1000, "0000000000000000");
    let hidden = symbols()
        .lines()
        .map(|line| format!("{:016x}{}", 0, &line[16..]))
        .collect::<Vec<_>>();
    machine.write("proc/kallsyms", hidden.join("\n"));
    let refused = Err("`bpf_prog_load` failed: EPERM".to_owned());
    machine.bpf = BpfSupport {
        kprobe_program: refused.clone(),
        ring_buffer: refused,
    };
    insta::assert_snapshot!(machine.complaints(), @"
    fatal privileges: user id 1000, without CAP_BPF and CAP_PERFMON (or CAP_SYS_ADMIN)
    degraded other processes: no CAP_SYS_PTRACE: only own processes can be read
    degraded files of runtimes: no CAP_DAC_READ_SEARCH: root's directories cannot be read
    degraded kernel addresses: hidden: no CAP_SYSLOG
    fatal eBPF programs: refused: `bpf_prog_load` failed: EPERM
    ");
    machine.write("proc/sys/kernel/kptr_restrict", "2\n");
    let diagnosis = machine.diagnose();
    let remedy = &find(&diagnosis, "kernel addresses").remedy;
    assert_eq!(remedy.as_deref(), Some("sysctl kernel.kptr_restrict=1"));
}

#[test]
fn capabilities_are_enough() {
    let machine = Machine::healthy();
    // CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH
    machine.status(1000, "000000c000080004");
    assert_eq!(machine.complaints(), "");
    // Without CAP_PERFMON.
    machine.status(1000, "0000008000080004");
    insta::assert_snapshot!(machine.complaints(), @"fatal privileges: user id 1000, without CAP_BPF and CAP_PERFMON (or CAP_SYS_ADMIN)");
}

#[test]
fn in_a_container() {
    let machine = Machine::healthy();
    machine.write("proc/self/uid_map", "0 100000 65536\n");
    machine.remove("proc/self/ns/pid");
    symlink("pid:[4026532100]", machine.path("proc/self/ns/pid")).unwrap();
    insta::assert_snapshot!(machine.complaints(), @"
    fatal privileges: root of a user namespace, not of the machine
    degraded other processes: in a pid namespace of its own: the machine's processes are not visible
    ");
}

#[test]
fn locked_down() {
    let machine = Machine::healthy();
    machine.write(
        "sys/kernel/security/lockdown",
        "none integrity [confidentiality]\n",
    );
    insta::assert_snapshot!(machine.complaints(), @"fatal lockdown: confidentiality: the kernel refuses kprobes and eBPF reads of its memory");
}

#[test]
fn no_types_or_broken_ones() {
    let machine = Machine::healthy();
    machine.write("sys/kernel/btf/overlay", b"\x9f\xeb");
    // What this release has without a description is known.
    assert_eq!(machine.complaints(), "");
    machine.write("proc/sys/kernel/osrelease", "6.8.0\n");
    assert_eq!(
        machine.complaints(),
        "degraded field ovl_fs.config.upperdir: not in this kernel's types\n\
         degraded field ovl_fs.config.workdir: not in this kernel's types"
    );
    machine.write("proc/sys/kernel/osrelease", "6.1.0-56-amd64\n");
    machine.write("sys/kernel/btf/vmlinux", b"garbage");
    insta::assert_snapshot!(machine.complaints(), @"fatal kernel types: '/sys/kernel/btf/vmlinux': not BTF: the magic number is 0x6167");
    machine.remove("sys/kernel/btf");
    insta::assert_snapshot!(machine.complaints(), @"fatal kernel types: no BTF ('/sys/kernel/btf/vmlinux' does not exist)");
}

#[test]
fn an_old_kernel() {
    let mut machine = Machine::healthy();
    machine.bpf.ring_buffer = Ok(false);
    machine.write("proc/sys/kernel/osrelease", "5.4.0\n");
    insta::assert_snapshot!(machine.complaints(), @"fatal eBPF ring buffer: Linux 5.4.0 has none");
}

#[test]
fn overlay_not_loaded_or_absent() {
    let machine = Machine::healthy();
    machine.write("proc/kallsyms", "ffffffff81000000 T register_kprobe\n");
    machine.write("proc/filesystems", "nodev\ttracefs\n");
    insta::assert_snapshot!(machine.complaints(), @"fatal overlayfs: Linux 6.1.0-56-amd64 does not have it");
    machine.write(
        "modules/6.1.0-56-amd64/modules.dep",
        "kernel/fs/fat/fat.ko:\nkernel/fs/overlayfs/overlay.ko.xz: a\n",
    );
    insta::assert_snapshot!(machine.complaints(), @"fatal overlayfs: the module is not loaded");
    let diagnosis = machine.diagnose();
    let remedy = &find(&diagnosis, "overlayfs").remedy;
    assert_eq!(remedy.as_deref(), Some("modprobe overlay"));
    assert!(diagnosis.waits_for_overlayfs());
    machine.write("boot/config-6.1.0-56-amd64", "");
    machine.remove("sys/kernel/btf/vmlinux");
    assert!(
        !machine.diagnose().waits_for_overlayfs(),
        "BTF is missing, too"
    );
}

#[test]
fn no_symbols() {
    let machine = Machine::healthy();
    machine.write("proc/kallsyms", "");
    insta::assert_snapshot!(machine.complaints(), @"fatal kernel symbols: '/proc/kallsyms' cannot be read: it lists no functions");
    machine.write(
        "boot/config-6.1.0-56-amd64",
        "# CONFIG_KPROBES is not set\n",
    );
    assert!(
        machine
            .complaints()
            .contains("(/boot/config-6.1.0-56-amd64)")
    );
}

#[test]
fn leftovers_and_no_runtime() {
    let machine = Machine::healthy();
    machine.remove("run");
    machine.write(
        "sys/kernel/tracing/kprobe_events",
        "p:ovl_trace_4000000000/x overlay:ovl_open\n",
    );
    assert_eq!(machine.complaints(), "");
    let diagnosis = machine.diagnose();
    assert_eq!(
        find(&diagnosis, "leftovers").found,
        "probe events of killed runs: ovl_trace_4000000000"
    );
    assert_eq!(find(&diagnosis, "runtimes").status, Status::Info);
}

#[test]
fn an_empty_machine_is_refused_and_nothing_panics() {
    let machine = Machine::healthy();
    for name in ["proc", "sys", "run", "var"] {
        machine.remove(name);
    }
    assert!(!machine.diagnose().can_trace());
}

#[test]
fn for_people() {
    let diagnosis = Diagnosis {
        checks: vec![
            Check::ok("kernel", "Linux 6.1.0-56-amd64 on x86_64"),
            Check::degraded(
                "probe ovl_lower_positive",
                "no function ovl_lower_positive (inlined by the compiler, or renamed)",
                "whiteouts",
            ),
            Check::fatal("lock\x1b[31mdown", "a\x07b", "Boot without it."),
        ],
    };
    let mut text = Vec::new();
    render::table(&diagnosis, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(text.lines().all(|line| line.chars().count() <= 80));
    insta::assert_snapshot!(text, @"
    ok        kernel             Linux 6.1.0-56-amd64 on x86_64
    degraded  probe ovl_lower_positive
                                 no function ovl_lower_positive (inlined by the
                                 compiler, or renamed)
                                 Lost: whiteouts
    fatal     lock?[31mdown      a?b
                                 To do: Boot without it.

    This machine cannot be traced: 1 check is fatal.
    ");
}

#[test]
fn for_programs() {
    let diagnosis = Diagnosis {
        checks: vec![Check::fatal(
            "lockdown",
            "confidentiality",
            "Boot without it.",
        )],
    };
    let mut text = Vec::new();
    render::json(&diagnosis, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    let text = text.replace(env!("CARGO_PKG_VERSION"), "VERSION");
    insta::assert_snapshot!(text, @r#"
    {
      "schema": 1,
      "tool_version": "VERSION",
      "can_trace": false,
      "checks": [
        {
          "name": "lockdown",
          "status": "fatal",
          "found": "confidentiality",
          "remedy": "Boot without it.",
          "lost": null
        }
      ]
    }
    "#);
}

#[test]
fn by_what_means_functions_are_probed() {
    let machine = Machine::healthy();
    let found = || find(&machine.diagnose(), "trampolines").found.clone();
    assert_eq!(found(), "not used, but kprobes (preemption: unknown)");
    machine.write("proc/sys/kernel/version", "#1 SMP PREEMPT_DYNAMIC Debian\n");
    let model = |modes: &str| machine.write("sys/kernel/debug/sched/preempt", modes);
    model("none voluntary (full)\n");
    assert_eq!(found(), "not used, but kprobes (preemption: full)");
    model("none (voluntary) full\n");
    // The recorded types have no functions.
    let why = "(this kernel is too old, or does not describe its functions)";
    assert_eq!(found(), format!("not used, but kprobes {why}"));
}
