//! The pod of a container of Podman, from its bolt database
//! (`libpod/boltdb_state_internal.go`): `ctr/ID/pod-id` has the pod's id, and
//! `id-registry` the name of every id. Neither changes while the container
//! lives.
//!
//! Podman 5 and newer has `SQLite` instead (`db.sql`), which is not read.

use std::path::Path;

use crate::enrich::{
    bolt::{Error, Transaction},
    database::Database,
    image::bounded,
    root::Root,
};

/// The pods of one store.
#[derive(Debug)]
pub(crate) struct Pods(Database);

impl Pods {
    pub(crate) fn new(root: &Root, graph_root: &Path) -> Self {
        Self(Database::new(root, graph_root.join("libpod/bolt_state.db")))
    }

    /// The name of a container's pod. `None` if it is in none, or there is no
    /// database that tells.
    pub(crate) fn of(&self, container: &str) -> Option<String> {
        let name = self.0.read(|transaction| lookup(transaction, container))?;
        bounded(String::from_utf8(name?).ok()?)
    }
}

fn lookup(transaction: &Transaction<'_>, container: &str) -> Result<Option<Vec<u8>>, Error> {
    let root = transaction.root();
    let Some(bucket) = transaction.bucket(&root, ["ctr", container])? else {
        return Ok(None);
    };
    let Some(pod) = transaction.value(&bucket, b"pod-id")? else {
        return Ok(None);
    };
    let Some(names) = transaction.bucket(&root, ["id-registry"])? else {
        return Ok(None);
    };
    transaction.value(&names, &pod)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrich::fixtures;

    #[test]
    fn a_pod_no_pod_and_no_database() {
        let pods = |fixture| Pods::new(&Root::new("/"), &fixtures::path(fixture));
        let store = pods("podman-4.3/graphroot");
        let in_pod = "0a20c5b6af8ae8abec65bf127d7a87a1f686168dbab24e75e30d9170a5d50129";
        assert_eq!(store.of(in_pod).as_deref(), Some("mypod"));
        let alone = "07854b9c7494b329fba2f07a34361bc32e13a95b072fa312bc6d9da78baab353";
        assert_eq!(store.of(alone), None);
        assert_eq!(store.of("unknown"), None);
        assert_eq!(pods("podman-5.8/graphroot").of(in_pod), None);
    }
}
