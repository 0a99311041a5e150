//! Filters by container: the kernel side does not send what others do, and sends all else.

use anyhow::{Context as _, Result, ensure};

use super::containers::agrees_with_oracle;
use crate::{
    command::run,
    docker::{Container, run_once, unique},
    events::{of_kind, paths},
    image::{self, APP_FILES},
    tracer::Tracer,
};

/// How often a container is given something to do until its name is noticed. Once is
/// enough where a second has passed.
const TRIES: usize = 20;

pub(crate) fn what_others_do_is_not_sent() -> Result<()> {
    let image = image::ensure()?;
    let wanted = Container::start(image, "wanted")?;
    let other = Container::start(image, "other")?;
    let brief = unique("brief");
    let tracer = Tracer::start(&["--container", &format!("{},{brief}", wanted.name)])?;
    // By its first event it is known.
    other.shell("chmod 600 /etc/motd")?;
    other.shell("chown -R 1 /srv/app")?;
    wanted.shell("echo x >> /etc/motd; chmod 600 /srv/app/part-0/*; rm /srv/app/part-1/*")?;
    // Mounted, named, written to and gone while others are busy.
    run_once(image, &brief, "echo x >> /etc/motd; rm -r /srv/app/part-0")?;
    other.shell("rm -r /srv/app")?;
    let recorded = tracer.finish()?;
    agrees_with_oracle(&recorded, &wanted)?;
    let copy_ups = recorded.copy_ups(&brief);
    assert_eq!(paths(&of_kind(&copy_ups, "data")), ["/etc/motd"]);
    // Of a hundred files, and their directory.
    assert_eq!(recorded.row(&brief)?["whiteouts"]["total"], 101);
    ensure!(recorded.row(&other.name).is_err(), "{}", recorded.summary);
    let withheld = recorded.withheld()?;
    // A second has passed a few times meanwhile, whatever the machine.
    ensure!(withheld > APP_FILES / 2, "{withheld}: {}", recorded.log);
    Ok(())
}

pub(crate) fn a_container_gets_the_name_that_is_asked_for() -> Result<()> {
    let container = Container::start(image::ensure()?, "before")?;
    let new = unique("after");
    let tracer = Tracer::start(&["--container", &new])?;
    container.shell("chmod 600 /etc/motd; chmod 600 /srv/app/part-0/*")?;
    run("docker", &["rename", &container.name, &new])?;
    let file = |index: usize| format!("/srv/app/part-1/file-{}.txt", 100 + index);
    let mut tries = 0;
    while tracer.so_far()?.is_empty() {
        ensure!(tries < TRIES, "it was not noticed");
        run("docker", &["exec", &new, "chmod", "600", &file(tries)])?;
        tries += 1;
    }
    run("docker", &["exec", &new, "chmod", "600", &file(tries)])?;
    let recorded = tracer.finish()?;
    let shown = paths(&of_kind(&recorded.copy_ups(&new), "data"));
    let first = shown.first().context("nothing")?;
    let first = (0..=tries).find(|index| file(*index) == *first);
    let first = first.context("of before its name")?;
    let expected: Vec<_> = (first..=tries).map(file).collect();
    assert_eq!(shown, expected, "from the first on, all");
    let row = recorded.row(&new)?;
    assert_eq!(row["container"]["id"], container.id.as_str());
    // The counts are of all its life: the note, part 0, and what followed.
    assert_eq!(row["copy_ups"]["data"], 1 + 100 + tries + 1, "{row}");
    let reasons = &recorded.summary["loss"]["reasons"];
    let lost = reasons["renamed"].as_u64().context("no loss")? as usize;
    // Of others, if there are any, events were withheld for good.
    let withheld = recorded.withheld()?;
    assert!((1..=withheld).contains(&lost), "{lost} of {withheld}");
    Ok(())
}
