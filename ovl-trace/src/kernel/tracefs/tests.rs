//! tracefs as a directory.

use super::*;

const EVENTS: &str = "\
p:ovl_trace_12/copy_up_one_12 overlay:ovl_copy_up_one
r512:ovl_trace_12/copy_up_one_r_12 overlay:ovl_copy_up_one
p:ovl_trace_99/flags overlay:ovl_copy_up_flags
p:kprobes/ovl_trace_7 do_sys_open
p:ovl_trace_x/y z
nonsense
";

/// A directory that looks like tracefs.
fn fake(directory: &Path, events: &str) -> KernelRoots {
    let root = directory.join("sys/kernel/tracing");
    fs::create_dir_all(root.join("events/ovl_trace_12/flags")).unwrap();
    fs::create_dir_all(directory.join("proc/99")).unwrap();
    fs::write(root.join("kprobe_events"), events).unwrap();
    fs::write(root.join("events/ovl_trace_12/flags/id"), "1234\n").unwrap();
    KernelRoots {
        proc: directory.join("proc"),
        sys: directory.join("sys"),
        ..KernelRoots::host()
    }
}

#[test]
fn lists_events_and_finds_the_stale_ones() {
    let events = parse_events(EVENTS);
    assert_eq!(events.len(), 5);
    assert_eq!(events[1].group, "ovl_trace_12");
    assert_eq!(events[1].event, "copy_up_one_r_12");
    assert_eq!(stale(&events, |pid| pid == 12), ["ovl_trace_12"]);
    assert_eq!(stale(&events, |_| false), [""; 0]);
}

#[test]
fn only_groups_of_dead_processes_are_removed() {
    let directory = tempfile::tempdir().unwrap();
    let roots = fake(directory.path(), EVENTS);
    let tracefs = Tracefs::find(&roots).unwrap();
    assert_eq!(tracefs.stale_groups(&roots).unwrap(), ["ovl_trace_12"]);
    assert_eq!(tracefs.remove_stale(&roots).unwrap(), 2);
    let written = fs::read_to_string(tracefs.root().join("kprobe_events")).unwrap();
    let commands = written.strip_prefix(EVENTS).unwrap();
    insta::assert_snapshot!(commands, @r"
    -:ovl_trace_12/copy_up_one_12
    -:ovl_trace_12/copy_up_one_r_12
    ");
}

#[test]
fn creates_by_appending() {
    let directory = tempfile::tempdir().unwrap();
    let tracefs = Tracefs::find(&fake(directory.path(), "p:a/b c\n")).unwrap();
    let kind = ProbeKind::Return { instances: 512 };
    tracefs
        .create(
            &Tracefs::group(12),
            "one_r",
            kind,
            "overlay:ovl_copy_up_one",
        )
        .unwrap();
    tracefs
        .create(&Tracefs::group(12), "one", ProbeKind::Entry, "vfs_fsync")
        .unwrap();
    let written = fs::read_to_string(tracefs.root().join("kprobe_events")).unwrap();
    insta::assert_snapshot!(written, @r"
    p:a/b c
    r512:ovl_trace_12/one_r overlay:ovl_copy_up_one
    p:ovl_trace_12/one vfs_fsync
    ");
    assert_eq!(tracefs.event_id("ovl_trace_12", "flags").unwrap(), 1234);
    assert!(tracefs.event_id("ovl_trace_12", "none").is_err());
}

#[test]
fn finds_mount_points() {
    let mounts = "sysfs /sys sysfs rw 0 0\n\
                  debugfs /sys/kernel/debug debugfs rw 0 0\n\
                  tracefs /t tracefs rw 0 0\nshort\n";
    assert_eq!(
        mounted(mounts),
        [Path::new("/t"), Path::new("/sys/kernel/debug/tracing")]
    );
}

#[test]
fn reads_the_profile() {
    let profile = parse_profile(
        "  one                                                       60               0\n  \
         one_r                                                     10              50\nx\n",
    );
    assert_eq!(profile.len(), 2);
    assert_eq!((profile[1].hits, profile[1].misses), (10, 50));
    assert_eq!(profile[1].event, "one_r");
}
