//! Owner and mode.

use super::*;

#[test]
fn a_recursive_chown_is_named_with_what_it_cost() {
    let events = many(200, Operation::Chown, "chown", "/srv/app");
    let advice = advice(&events);
    assert_eq!(ids(&advice), ["recursive-chown"]);
    insta::assert_snapshot!(advice[0].finding, @r"'chown' changed the owner of 200 files below '/srv/app' (from the image's layer of 'COPY model.bin /srv/'): 19.5 KiB copied in 20.0 ms.");
    insta::assert_snapshot!(advice[0].remedy, @r"Give the files their owner when the image is built ('COPY --chown=USER:GROUP', or the RUN that makes them), and let the start script change only what differs: 'find DIRECTORY ! -user USER -exec chown USER {} +'. Data that belongs to the running container goes to a volume.");
    let evidence = &advice[0].evidence;
    assert_eq!((evidence.copy_ups, evidence.copied_bytes), (200, 20_000));
    assert_eq!(evidence.latency_ns, 20 * MS);
    assert_eq!(evidence.paths.len(), 5);
}

#[test]
fn a_few_files_are_no_recursion() {
    assert!(advice(&many(99, Operation::Chown, "chown", "/srv/app")).is_empty());
}

#[test]
fn single_files_now_and_then_are_no_recursion() {
    let mut events = many(200, Operation::Chown, "daemon", "/srv/app");
    for (index, event) in events.iter_mut().enumerate() {
        if let Event::CopyUp(event) = event {
            event.time_ns = index as u64 * 15_000 * MS;
        }
    }
    assert!(advice(&events).is_empty());
}

#[test]
fn a_process_for_each_file_is_the_same_recursion() {
    let mut events = many(200, Operation::Chmod, "chmod", "/srv/app");
    for (index, event) in events.iter_mut().enumerate() {
        if let Event::CopyUp(event) = event {
            event.process.pid = index as u32;
        }
    }
    assert_eq!(ids(&advice(&events)), ["recursive-chmod"]);
}

#[test]
fn at_the_start_and_in_a_build_it_says_so() {
    let chown = many(200, Operation::Chown, "chown", "/srv/app");
    let start = [vec![mounted(1, 9_000 * MS)], chown.clone()].concat();
    let found = advice(&start);
    assert!(
        found[0]
            .finding
            .starts_with("Soon after the start of the container, 'chown'"),
        "{}",
        found[0].finding
    );
    let found = advice_of(&step(), &chown);
    insta::assert_snapshot!(found[0].finding, @r"The build step 'chown -R 7:7 /srv' ('chown') changed the owner of 200 files below '/srv/app' (from the image's layer of 'COPY model.bin /srv/'): 19.5 KiB copied in 20.0 ms.");
    insta::assert_snapshot!(found[0].remedy, @r"Every file is in the image twice now: give it its owner where it comes in, with 'COPY --chown=USER:GROUP', or in the same RUN that makes it, and drop this step.");
}

#[test]
fn syncing_is_mentioned_where_it_is_the_cost() {
    let mut events = many(200, Operation::Chown, "chown", "/srv/app");
    for event in &mut events {
        if let Event::CopyUp(event) = event {
            event.latency_ns = 10 * MS;
            event.phases.sync_ns = Some(8 * MS);
        }
    }
    let advice = advice(&events);
    assert_eq!(
        ids(&advice),
        ["recursive-chown"],
        "and not 'sync-bound', too"
    );
    assert!(
        advice[0].finding.contains("1.60 s of it syncing"),
        "{advice:?}"
    );
}

#[test]
fn a_large_file_by_a_chmod() {
    let found = advice(&[Event::CopyUp(large(
        "/srv/model.bin",
        Operation::Chmod,
        256 * MIB,
    ))]);
    assert_eq!(ids(&found), ["large-attribute-change"]);
    insta::assert_snapshot!(found[0].finding, @r"A change of attributes (chmod and the like, by 'sh') copied 1 file whole, the largest '/srv/model.bin' (from the image's layer of 'COPY model.bin /srv/'): 256.0 MiB copied in 10.0 ms.");
    let less = advice(&[Event::CopyUp(large("/srv/a", Operation::Chmod, 15 * MIB))]);
    assert!(less.is_empty(), "{less:?}");
}

#[test]
fn metacopy_copies_nothing_of_a_large_file() {
    let event = CopyUp {
        copied_bytes: Some(0),
        ..large("/srv/model.bin", Operation::Chmod, 256 * MIB)
    };
    assert!(advice(&[Event::CopyUp(event)]).is_empty());
}

/// All of it by a process in the mounter's namespace.
fn by_engine(comm: &str) -> Vec<Event> {
    let mut events = vec![mounted(1, 0)];
    events.extend(many(200, Operation::Chown, comm, "/usr"));
    for event in &mut events {
        if let Event::CopyUp(event) = event {
            event.process.mount_namespace = Some(1);
        }
    }
    events
}

#[test]
fn the_engines_own_chown_is_another_matter() {
    let found = advice(&by_engine("containerd"));
    assert_eq!(ids(&found), ["engine-chown"]);
    insta::assert_snapshot!(found[0].finding, @r"'containerd', which is none of the container's processes, changed the owner of 200 files below '/usr': 19.5 KiB copied in 20.0 ms.");
    insta::assert_snapshot!(found[0].remedy, @r"Let the kernel map the owners instead: idmapped mounts on Linux 5.19 and newer, where the engine can. Where all layers are trusted, 'metacopy=on' (/sys/module/overlay/parameters/metacopy, for mounts to come) makes a chown copy the attributes only.");
    let mut podman = origin("web");
    if let Some(container) = &mut podman.container {
        container.runtime = Runtime::Podman;
    }
    let found = advice_of(&podman, &by_engine("exe"));
    assert!(found[0].remedy.contains("storage.conf"), "{found:?}");
    let found = advice(&by_engine("kubelet"));
    assert!(found[0].remedy.contains("OnRootMismatch"), "{found:?}");
}

#[test]
fn a_name_alone_makes_no_engine() {
    // Another program of the host.
    assert_eq!(ids(&advice(&by_engine("chown"))), ["recursive-chown"]);
    // A program of that name, in the container.
    let mut events = many(200, Operation::Chown, "dockerd", "/usr");
    assert_eq!(ids(&advice(&events)), ["recursive-chown"]);
    events.insert(0, mounted(1, 0));
    assert_eq!(ids(&advice(&events)), ["recursive-chown"]);
}

#[test]
fn an_engine_with_metacopy_needs_none() {
    let mut events = by_engine("containerd");
    for event in &mut events {
        if let Event::CopyUp(event) = event {
            event.copied_bytes = Some(0);
        }
    }
    assert!(!ids(&advice(&events)).contains(&"engine-chown"));
}
