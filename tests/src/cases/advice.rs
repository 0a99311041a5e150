//! What the report advises: for each advice a container whose habit it is, and
//! one that just does not have it.

use std::{thread, time::Duration};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::{
    command::shell,
    docker::{Container, run_once, unique},
    events::Recorded,
    image::{self, MODEL, MODEL_BYTES},
    tracer::Tracer,
};

/// The ids of a container's advice.
pub(super) fn ids(row: &Value) -> Vec<&str> {
    let advice = row["advice"].as_array().map_or(&[][..], Vec::as_slice);
    let ids = advice.iter().filter_map(|advice| advice["id"].as_str());
    ids.collect()
}

/// A container's advice with this id, and a check of what holds for all.
pub(super) fn find<'a>(row: &'a Value, id: &str) -> Result<&'a Value> {
    let advice = row["advice"].as_array().context("no advice")?;
    for one in advice {
        let evidence = &one["evidence"];
        for (part, all) in [
            (&evidence["copy_ups"], &row["copy_ups"]["total"]),
            (&evidence["copied_bytes"], &row["copied_bytes"]),
            (&evidence["latency_ns"], &row["latency_ns"]["sum"]),
            (&evidence["whiteouts"], &row["whiteouts"]["total"]),
        ] {
            ensure!(part.as_u64() <= all.as_u64(), "more than there was: {row}");
        }
    }
    advice
        .iter()
        .find(|advice| advice["id"] == id)
        .with_context(|| format!("no '{id}': {row}"))
}

/// The advice is given for the container with the habit, and not for the other.
fn only<'a>(
    recorded: &'a Recorded,
    id: &str,
    habit: &Container,
    miss: &Container,
) -> Result<&'a Value> {
    recorded.expect_no_loss()?;
    // One that only had a near miss may have no row at all.
    if let Ok(row) = recorded.row(&miss.name) {
        ensure!(!ids(row).contains(&id), "{id} for a near miss: {row}");
    }
    find(recorded.row(&habit.name)?, id)
}

fn says(advice: &Value, field: &str, words: &[&str]) -> Result<()> {
    let text = advice[field].as_str().unwrap_or_default();
    for word in words {
        ensure!(text.contains(word), "no '{word}' in the {field}: {advice}");
    }
    Ok(())
}

/// Two containers of the image, each with a script to run while it is observed.
fn observed(habit: &str, miss: &str) -> Result<(Recorded, Container, Container)> {
    let image = image::ensure()?;
    let (with, without) = (
        Container::start(image, "habit")?,
        Container::start(image, "miss")?,
    );
    // The image's files are older than any copy-up, beyond doubt.
    thread::sleep(Duration::from_secs(4));
    let tracer = Tracer::start(&[])?;
    with.shell(habit)?;
    without.shell(miss)?;
    Ok((tracer.finish()?, with, without))
}

pub(crate) fn a_recursive_chown() -> Result<()> {
    let (recorded, habit, miss) = observed(
        "chown -R 1000:1000 /srv/app",
        "chown 1000:1000 /srv/app/part-1/file-11*",
    )?;
    let advice = only(&recorded, "recursive-chown", &habit, &miss)?;
    says(
        advice,
        "finding",
        &["'chown'", "below '/srv/app'", "/srv/app"],
    )?;
    says(advice, "remedy", &["--chown"])?;
    // Every file, and the one with an odd name.
    ensure!(
        advice["evidence"]["copy_ups"].as_u64() >= Some(1001),
        "{advice}"
    );
    // The owner is another one now.
    let row = recorded.row(&habit.name)?;
    ensure!(!ids(row).contains(&"unchanged-attributes"), "{row}");
    Ok(())
}

pub(crate) fn a_recursive_chmod() -> Result<()> {
    let (recorded, habit, miss) = observed(
        "find /srv/app -type f -exec chmod 600 {} +",
        "chmod 600 /srv/app/part-1/file-11*",
    )?;
    let advice = only(&recorded, "recursive-chmod", &habit, &miss)?;
    says(advice, "finding", &["'chmod'", "mode of 1001 files"])?;
    says(advice, "remedy", &["--chmod"])
}

pub(crate) fn a_chown_to_the_same_owner() -> Result<()> {
    let (recorded, habit, miss) = observed(
        "chown -R 0:0 /srv/app",
        "chown -R 1000:1000 /srv/app/part-1 /srv/app/part-2",
    )?;
    let advice = only(&recorded, "unchanged-attributes", &habit, &miss)?;
    says(advice, "finding", &["512 of 512 files"])?;
    let row = recorded.row(&habit.name)?;
    ensure!(
        !ids(row).contains(&"recursive-chown"),
        "blamed twice: {row}"
    );
    Ok(())
}

pub(crate) fn a_large_file_whose_mode_changes() -> Result<()> {
    let (recorded, habit, miss) = observed(
        &format!("chmod 600 {MODEL}"),
        "chmod 600 /srv/app/part-1/file-110.txt",
    )?;
    let advice = only(&recorded, "large-attribute-change", &habit, &miss)?;
    says(advice, "finding", &[MODEL, "96.0 MiB", "COPY"])?;
    assert_eq!(advice["evidence"]["copied_bytes"], MODEL_BYTES);
    Ok(())
}

pub(crate) fn a_large_file_written_in_place() -> Result<()> {
    // Truncated, it costs nothing.
    let (recorded, habit, miss) =
        observed(&format!("printf x >> {MODEL}"), &format!(": > {MODEL}"))?;
    let advice = only(&recorded, "written-in-place", &habit, &miss)?;
    says(advice, "finding", &["'sh'", MODEL, "96.0 MiB"])?;
    says(advice, "remedy", &["volume", "'/srv'"])?;
    assert_eq!(advice["evidence"]["paths"][0], MODEL);
    let row = recorded.row(&habit.name)?;
    ensure!(!ids(row).contains(&"unchanged-content"), "{row}");
    Ok(())
}

pub(crate) fn an_open_without_a_write() -> Result<()> {
    // The second one writes what is there already, and sets the time back.
    let (recorded, habit, miss) = observed(
        &format!("exec 3<>{MODEL}; head -c 1 <&3 > /dev/null"),
        &format!(
            "touch -r {MODEL} /tmp/time; head -c 1 {MODEL} > /tmp/byte
             dd if=/tmp/byte of={MODEL} bs=1 count=1 conv=notrunc
             sleep 1; touch -r /tmp/time {MODEL}"
        ),
    )?;
    let advice = only(&recorded, "unchanged-content", &habit, &miss)?;
    says(advice, "finding", &[MODEL, "1 of 1 file"])?;
    says(advice, "remedy", &["O_RDONLY"])?;
    let row = recorded.row(&habit.name)?;
    ensure!(
        !ids(row).contains(&"written-in-place"),
        "blamed twice: {row}"
    );
    Ok(())
}

pub(crate) fn the_same_file_in_each_container() -> Result<()> {
    let image = image::ensure()?;
    for (count, expected) in [(2, false), (3, true)] {
        let tracer = Tracer::start(&[])?;
        let mut name = String::new();
        for _ in 0..count {
            name = unique("again");
            run_once(image, &name, &format!("printf x >> {MODEL}"))?;
        }
        let recorded = tracer.finish()?;
        recorded.expect_no_loss()?;
        // The newest one.
        let row = recorded.row(&name)?;
        let found = ids(row).contains(&"copied-by-each-container");
        ensure!(found == expected, "{count} containers: {row}");
        ensure!(ids(row).contains(&"written-in-place") != expected, "{row}");
        if expected {
            let advice = find(row, "copied-by-each-container")?;
            says(
                advice,
                "finding",
                &["3 containers", image, MODEL, "288.0 MiB"],
            )?;
        }
    }
    Ok(())
}

pub(crate) fn a_storm_of_whiteouts() -> Result<()> {
    let (recorded, habit, miss) = observed(
        "rm -r /srv/app/part-1 /srv/app/part-2",
        "rm /srv/app/part-1/file-11*",
    )?;
    let advice = only(&recorded, "whiteout-storm", &habit, &miss)?;
    says(
        advice,
        "finding",
        &["'rm'", "202 names", "below '/srv/app'"],
    )?;
    assert_eq!(advice["evidence"]["whiteouts"], 202);
    Ok(())
}

pub(crate) fn an_instruction_that_brought_it() -> Result<()> {
    // Of a rename no other advice knows why; of a write one does.
    let (recorded, habit, miss) = observed(
        &format!("mv {MODEL} /srv/other.bin"),
        &format!("printf x >> {MODEL}"),
    )?;
    let advice = only(&recorded, "image-instruction", &habit, &miss)?;
    says(advice, "finding", &["COPY", MODEL, "96.0 MiB"])
}

pub(crate) fn waiting_for_the_disk() -> Result<()> {
    // Renames, so that no other advice explains it; and a disk that is busy.
    shell(
        "rm -f /var/lib/docker/load-stop
         ( while [ ! -e /var/lib/docker/load-stop ]; do
               dd if=/dev/zero of=/var/lib/docker/load bs=1M count=16 conv=fsync 2>/dev/null
           done; rm -f /var/lib/docker/load /var/lib/docker/load-stop ) >/dev/null 2>&1 &",
    )?;
    let observed = observed(
        "cd /srv/app/part-4; for f in file-4[0-8]*; do mv $f moved-$f; done",
        "cd /srv/app/part-4; mv file-400.txt moved",
    );
    shell("touch /var/lib/docker/load-stop")?;
    let (recorded, habit, miss) = observed?;
    recorded.expect_no_loss()?;
    // How fast the disk is is not for this test to say: one file may wait for half a second.
    for container in [&habit, &miss] {
        let row = recorded.row(&container.name)?;
        let sync = row["phases"]["sync"]["sum_ns"]
            .as_u64()
            .context("no sync")?;
        let all = row["latency_ns"]["sum"].as_u64().context("no latency")?;
        if sync >= 500_000_000 && sync * 2 >= all {
            let advice = find(row, "sync-bound")?;
            says(advice, "remedy", &["volatile", "thrown away"])?;
        } else {
            crate::harness::note(&format!("the disk is fast: {sync} of {all} ns syncing"));
            ensure!(!ids(row).contains(&"sync-bound"), "{row}");
        }
    }
    Ok(())
}
