//! What is not a copy-up costs nothing and is not shown.

use anyhow::{Result, ensure};

use crate::{docker::Container, events::of_kind, image, tracer::Tracer};

pub(crate) fn reads_and_upper_files_cost_nothing() -> Result<()> {
    let container = Container::start(image::ensure()?, "reader")?;
    container.shell("echo x >> /etc/motd; mkdir /srv/new; chown 1 /srv/app/part-9/file-900.txt")?;
    let tracer = Tracer::start(&[])?;
    container.shell(
        "cat /srv/app/part-1/* > /dev/null; stat /srv/model.bin > /dev/null; ls -lR /srv > /dev/null
         echo y >> /etc/motd; sync; chmod 600 /etc/motd; chown 2 /srv/app/part-9/file-900.txt
         echo fresh > /srv/new/file; echo more >> /srv/new/file; rm /srv/new/file",
    )?;
    let recorded = tracer.finish()?;
    let events = recorded.copy_ups(&container.name);
    ensure!(events.is_empty(), "{events:?}");
    ensure!(recorded.whiteouts(&container.name).is_empty());

    // The same tracer would have seen a copy-up.
    let tracer = Tracer::start(&[])?;
    container.shell("chmod 600 /srv/app/part-1/file-100.txt")?;
    let recorded = tracer.finish()?;
    assert_eq!(
        of_kind(&recorded.copy_ups(&container.name), "data").len(),
        1
    );
    Ok(())
}
