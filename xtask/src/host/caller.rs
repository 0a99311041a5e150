//! The user on whose behalf this runs, also under sudo.

use std::{
    env, fs,
    os::unix::fs::chown,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use super::is_root;

/// The user on whose behalf this runs.
pub(super) struct Caller {
    home: PathBuf,
    /// The owner for what is made in the user's directories; `None` when this
    /// process is that user.
    owner: Option<(u32, u32)>,
}

impl Caller {
    /// Under sudo the user who called it, else the user of this process.
    pub(super) fn find() -> Result<Self> {
        if is_root()
            && let Some(uid) = env::var("SUDO_UID").ok().and_then(|uid| uid.parse().ok())
        {
            let passwd = fs::read_to_string("/etc/passwd").context("cannot read '/etc/passwd'")?;
            if let Some(caller) = from_passwd(&passwd, uid) {
                return Ok(caller);
            }
        }
        let home = env::var_os("HOME")
            .context("HOME is not set: set it to a directory whose '.cache' can be written")?;
        Ok(Self {
            home: home.into(),
            owner: None,
        })
    }

    /// The cache directory of the user; XDG's variable counts when it is
    /// absolute, as its specification says.
    pub(super) fn cache_dir(&self) -> PathBuf {
        env::var_os("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .filter(|dir| dir.is_absolute())
            .unwrap_or_else(|| self.home.join(".cache"))
    }

    /// Gives a directory to the user, so that later runs without sudo can
    /// write to it.
    pub(super) fn give(&self, dir: &Path) -> Result<()> {
        let Some((uid, gid)) = self.owner else {
            return Ok(());
        };
        chown(dir, Some(uid), Some(gid))
            .with_context(|| format!("cannot give '{}' to user {uid}", dir.display()))
    }
}

/// Finds a user in the text of `/etc/passwd`
/// (`name:password:uid:gid:comment:home:shell`).
fn from_passwd(passwd: &str, uid: u32) -> Option<Caller> {
    passwd.lines().find_map(|line| {
        let fields: Vec<_> = line.split(':').collect();
        let [_, _, id, group, _, home, ..] = fields.as_slice() else {
            return None;
        };
        (id.parse() == Ok(uid))
            .then(|| group.parse().ok())
            .flatten()
            .map(|gid| Caller {
                home: PathBuf::from(home),
                owner: Some((uid, gid)),
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caller_is_found_by_number() {
        let passwd =
            "root:x:0:0:root:/root:/bin/sh\nbad line\nann:x:1000:1001:A,,:/home/ann:/bin/sh\n";
        let ann = from_passwd(passwd, 1000);
        assert_eq!(
            ann.map(|c| (c.home, c.owner)),
            Some(("/home/ann".into(), Some((1000, 1001))))
        );
        assert!(from_passwd(passwd, 4).is_none());
    }
}
