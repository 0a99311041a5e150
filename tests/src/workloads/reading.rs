//! A near miss: reading everything copies and hides nothing.

use anyhow::{Result, ensure};

use super::{container::Container, ledger::Ledger};

pub(crate) fn reading_costs_nothing() -> Result<()> {
    let container = Container::new("reading", "")?;
    let observed = container.observe(
        "tar -C / -cf - etc usr/lib/python3.11 var | wc -c
         grep -r -c needle /etc /var/lib/dpkg >/dev/null || true
         find / -xdev -ls | wc -l
         rsync -an --delete /usr/lib/python3.11/ /usr/share/ | wc -l
         dpkg --verify bash coreutils; dpkg -l | wc -l",
    )?;
    ensure!(observed.ledger == Ledger::default(), "{}", observed.ledger);
    Ok(())
}
