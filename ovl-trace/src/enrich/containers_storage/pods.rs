//! The pod of a container of Podman. It is in the database alone, and neither a pod's
//! name nor a container's pod changes while the container lives.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
};

use crate::enrich::{
    bolt::{Error, Transaction},
    budget::Budget,
    cached::Cached,
    database::Database,
    image::bounded,
    patterns::is_hex64,
    root::Root,
    sqlite,
};

/// The pods of one store.
#[derive(Debug)]
pub(crate) struct Pods {
    root: Root,
    /// Podman 5 and newer: names of pods by container (`libpod/sqlite_state.go`).
    sqlite: Cached<HashMap<String, String>>,
    /// Podman 4 and older (`libpod/boltdb_state_internal.go`): `ctr/ID/pod-id` has
    /// the pod's id, and `id-registry` the name of every id.
    bolt: Database,
    warned: bool,
}

impl Pods {
    pub(crate) fn new(root: &Root, graph_root: &Path, budget: &Budget) -> Self {
        Self {
            root: root.clone(),
            sqlite: Cached::new(graph_root.join("db.sql"), budget),
            bolt: Database::new(root, graph_root.join("libpod/bolt_state.db")),
            warned: false,
        }
    }

    /// The name of a container's pod. `None` if it is in none, or there is no
    /// database that tells.
    pub(crate) fn of(&mut self, container: &str) -> Option<String> {
        match self.sqlite.refresh(&self.root, by_container) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.in_bolt(container),
            // Podman may be in the middle of a change: then it is as it was before.
            outcome => {
                if let Err(error) = outcome {
                    self.warn(&error);
                }
                bounded(self.sqlite.get().get(container)?.clone())
            }
        }
    }

    fn in_bolt(&self, container: &str) -> Option<String> {
        let name = self
            .bolt
            .read(|transaction| lookup(transaction, container))?;
        bounded(String::from_utf8(name?).ok()?)
    }

    fn warn(&mut self, error: &io::Error) {
        if !std::mem::replace(&mut self.warned, true) {
            let path: PathBuf = self.sqlite.path().to_owned();
            tracing::warn!(
                "'{}' cannot be read: {error}; pods of Podman that only it describes have no names",
                path.display()
            );
        }
    }
}

/// From the tables `ContainerConfig` and `PodConfig`.
fn by_container(bytes: &[u8], records_max: usize) -> Option<HashMap<String, String>> {
    let pods = sqlite::table(bytes, "PodConfig", ["ID", "Name"], records_max)?;
    let names: HashMap<&str, &str> = pods
        .into_iter()
        .filter_map(|[id, name]| Some((id?, name?)))
        .collect();
    let containers = sqlite::table(
        bytes,
        "ContainerConfig",
        ["ID", "Name", "PodID"],
        records_max,
    )?;
    let mut found = HashMap::new();
    for [id, _, pod] in containers {
        // Rows of a damaged database may share one long text.
        let name = pod.and_then(|pod| bounded((*names.get(pod)?).to_owned()));
        if let (Some(id), Some(name)) = (id.filter(|id| is_hex64(id.as_bytes())), name) {
            found.insert(id.to_owned(), name);
        }
    }
    Some(found)
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

    fn pods(fixture: &str) -> Pods {
        Pods::new(
            &Root::new("/"),
            &fixtures::path(fixture),
            &Budget::default(),
        )
    }

    #[test]
    fn a_pod_no_pod_and_no_database() {
        let mut store = pods("podman-4.3/graphroot");
        let in_pod = "0a20c5b6af8ae8abec65bf127d7a87a1f686168dbab24e75e30d9170a5d50129";
        assert_eq!(store.of(in_pod).as_deref(), Some("mypod"));
        let alone = "07854b9c7494b329fba2f07a34361bc32e13a95b072fa312bc6d9da78baab353";
        assert_eq!(store.of(alone), None);
        assert_eq!(store.of("unknown"), None);
        assert_eq!(pods("podman-5.8-rootless/graphroot").of(in_pod), None);
    }

    #[test]
    fn a_pod_of_podman_5() {
        let mut store = pods("podman-5.8/graphroot");
        let in_pod = "bc7ce09c2aedd441f5145a8ee2ceaa7f333dc78a79a65443e45019402558f21d";
        assert_eq!(store.of(in_pod).as_deref(), Some("mypod"));
        let alone = "1c99b4f2ab2a8cf953e1f7ecced89136aabc50209cfb6b85a3dfe54a305dc77c";
        assert_eq!(store.of(alone), None);
    }
}
