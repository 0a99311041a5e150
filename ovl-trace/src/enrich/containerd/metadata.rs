//! containerd's `meta.db`: containers, images, and whose layers are whose
//! (containerd `core/metadata/buckets.go`).

use std::{collections::HashMap, path::Path};

use crate::enrich::{
    bolt::{Bucket, Error, Item, Transaction},
    database::Database,
    root::Root,
};

/// Images with the same layers that are looked at.
const MAX_TWINS: usize = 16;

/// Labels of a container that are read.
const MAX_LABELS: usize = 256;

/// Bytes of a label: containerd takes no longer ones (`pkg/labels/validate.go`).
const MAX_LABEL_BYTES: usize = 4096;

/// A container as its client described it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) id: String,
    pub(crate) image: Option<String>,
    pub(crate) labels: HashMap<String, String>,
}

#[derive(Debug)]
pub(crate) struct Metadata {
    database: Database,
}

impl Metadata {
    pub(crate) fn new(root: &Root, containerd_root: &Path) -> Self {
        let path = containerd_root.join("io.containerd.metadata.v1.bolt/meta.db");
        Self {
            database: Database::new(root, path),
        }
    }

    pub(crate) fn exists(&self) -> bool {
        self.database.exists()
    }

    /// The container whose own layer is the snapshot of this name.
    pub(crate) fn owner_of(&self, namespace: &str, snapshot: &str) -> Option<Object> {
        self.database.read(|transaction| {
            let Some(version) = transaction.bucket(&transaction.root(), ["v1"])? else {
                return Err(Error::Layout("v1"));
            };
            let path = [namespace, "containers"];
            let Some(containers) = transaction.bucket(&version, path)? else {
                return Ok(None);
            };
            // ctr, nerdctl and Kubernetes call it as the container.
            if let Some(bucket) = transaction.bucket(&containers, [snapshot])?
                && uses(transaction, &bucket, snapshot)?
            {
                return object(transaction, &bucket, snapshot.to_owned()).map(Some);
            }
            let mut found = None;
            transaction.each(&containers, &mut |id, item| {
                if let Item::Bucket(bucket) = item
                    && uses(transaction, &bucket, snapshot)?
                {
                    found = Some((text(id), bucket));
                }
                Ok(())
            })?;
            match found {
                Some((id, bucket)) => object(transaction, &bucket, id).map(Some),
                None => Ok(None),
            }
        })?
    }

    /// What an image's name stands for now: the digest of an index or of a
    /// manifest.
    pub(crate) fn target(&self, namespace: &str, image: &str) -> Option<String> {
        self.database.read(|transaction| {
            let path = ["v1", namespace, "images", image, "target"];
            match transaction.bucket(&transaction.root(), path)? {
                Some(target) => string(transaction, &target, "digest"),
                None => Ok(None),
            }
        })?
    }

    /// The configurations of images whose topmost layer has this chain id:
    /// containerd keeps an image's snapshots by a label of its configuration.
    pub(crate) fn configs_of(&self, namespace: &str, chain_id: &str) -> Vec<String> {
        let found = self.database.read(|transaction| {
            let mut found = Vec::new();
            let path = ["v1", namespace, "content", "blob"];
            let Some(blobs) = transaction.bucket(&transaction.root(), path)? else {
                return Ok(found);
            };
            transaction.each(&blobs, &mut |digest, item| {
                if let Item::Bucket(blob) = item
                    && found.len() < MAX_TWINS
                    && labels(transaction, &blob)?.iter().any(|(name, value)| {
                        name.starts_with("containerd.io/gc.ref.snapshot.") && value == chain_id
                    })
                {
                    found.push(text(digest));
                }
                Ok(())
            })?;
            Ok(found)
        });
        found.unwrap_or_default()
    }
}

fn uses(transaction: &Transaction<'_>, container: &Bucket, snapshot: &str) -> Result<bool, Error> {
    let key = transaction.value(container, b"snapshotKey")?;
    Ok(key.is_some_and(|key| key == snapshot.as_bytes()))
}

fn object(transaction: &Transaction<'_>, bucket: &Bucket, id: String) -> Result<Object, Error> {
    Ok(Object {
        id,
        image: string(transaction, bucket, "image")?,
        labels: labels(transaction, bucket)?,
    })
}

fn labels(
    transaction: &Transaction<'_>,
    bucket: &Bucket,
) -> Result<HashMap<String, String>, Error> {
    let mut found = HashMap::new();
    if let Some(labels) = transaction.bucket(bucket, ["labels"])? {
        transaction.each(&labels, &mut |name, item| {
            if let Item::Value(value) = item
                && found.len() < MAX_LABELS
                && name.len() + value.len() <= MAX_LABEL_BYTES
            {
                found.insert(text(name), text(value));
            }
            Ok(())
        })?;
    }
    Ok(found)
}

fn string(
    transaction: &Transaction<'_>,
    bucket: &Bucket,
    key: &str,
) -> Result<Option<String>, Error> {
    let value = transaction.value(bucket, key.as_bytes())?;
    Ok(value
        .map(|value| text(&value))
        .filter(|value| !value.is_empty()))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
