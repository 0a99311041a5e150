//! A snapshotter's `metadata.db`: which key has which number, and what is
//! below it (containerd `core/snapshots/storage/bolt.go`).

use std::{collections::HashMap, path::Path, rc::Rc};

use crate::enrich::{
    bolt::{Error, Item, Transaction},
    database::{Database, uvarint},
    image::MAX_LAYERS,
    root::Root,
};

/// Bytes of all keys together. A thousand containers of twenty layers have some 2 MB.
const KEY_BYTES_MAX: usize = 8 << 20;

/// Memory of a key besides its text, in bytes.
const KEY_BYTES: usize = 64;

/// A layer in the snapshotter's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// The directory's name.
    pub(crate) number: u64,
    /// containerd's namespace.
    pub(crate) namespace: String,
    /// `sha256:…` (a chain id) for a layer of an image; else what its owner
    /// called it: a container's id, `ID-init` of Docker, a record of
    /// `BuildKit`.
    pub(crate) name: String,
}

/// The numbers of one snapshotter.
#[derive(Debug)]
pub(crate) struct Snapshots {
    database: Database,
    /// Keys by number, of all snapshots with a parent: of the others none is
    /// an overlay.
    keys: Rc<HashMap<u64, Vec<u8>>>,
    /// The state that `keys` are of.
    indexed: Option<u64>,
}

impl Snapshots {
    pub(crate) fn new(root: &Root, snapshotter: &Path) -> Self {
        Self {
            database: Database::new(root, snapshotter.join("metadata.db")),
            keys: Rc::default(),
            indexed: None,
        }
    }

    /// Whether there is a database at all.
    pub(crate) fn exists(&self) -> bool {
        self.database.exists()
    }

    /// A snapshot and all below it, topmost first. `None` if it is not on
    /// record (yet).
    pub(crate) fn chain(&mut self, number: u64) -> Option<Vec<Snapshot>> {
        let (known, indexed) = (Rc::clone(&self.keys), self.indexed);
        let (state, keys, chain) = self.database.read(|transaction| {
            // A key changes when its snapshot is committed; the number stays.
            if let Some(key) = known.get(&number)
                && let Some(chain) = chain(transaction, number, key)?
            {
                return Ok((indexed, Rc::clone(&known), Some(chain)));
            }
            let state = Some(transaction.number());
            let keys = if indexed == state {
                Rc::clone(&known)
            } else {
                Rc::new(index(transaction)?)
            };
            let chain = match keys.get(&number) {
                Some(key) => chain(transaction, number, key)?,
                None => None,
            };
            Ok((state, keys, chain))
        })?;
        (self.indexed, self.keys) = (state, keys);
        chain
    }
}

/// `v1/parents`: the number of the parent, a zero byte, the number of the
/// child → the child's key.
fn index(transaction: &Transaction<'_>) -> Result<HashMap<u64, Vec<u8>>, Error> {
    let mut keys = HashMap::new();
    let mut bytes = 0;
    let Some(version) = transaction.bucket(&transaction.root(), ["v1"])? else {
        return Err(Error::Layout("v1"));
    };
    let Some(parents) = transaction.bucket(&version, ["parents"])? else {
        return Ok(keys);
    };
    transaction.each(&parents, &mut |key, item| {
        if let Item::Value(value) = item
            && let Some((_, length)) = uvarint(key)
            && let Some([0, child @ ..]) = key.get(length..)
            && let Some((child, _)) = uvarint(child)
        {
            bytes += value.len() + KEY_BYTES;
            if bytes > KEY_BYTES_MAX {
                return Err(Error::TooLarge);
            }
            keys.insert(child, value.to_vec());
        }
        Ok(())
    })?;
    Ok(keys)
}

/// `None` if the key is not (any more) that of this number.
fn chain(
    transaction: &Transaction<'_>,
    number: u64,
    key: &[u8],
) -> Result<Option<Vec<Snapshot>>, Error> {
    let mut found: Vec<Snapshot> = Vec::new();
    let mut key = key.to_vec();
    loop {
        let path: [&[u8]; 3] = [b"v1", b"snapshots", &key];
        let Some(bucket) = transaction.bucket(&transaction.root(), path)? else {
            return Ok(None);
        };
        let id = transaction.value(&bucket, b"id")?;
        let snapshot = id.and_then(|id| snapshot(uvarint(&id)?.0, &key));
        match snapshot {
            Some(snapshot) if !found.is_empty() || snapshot.number == number => {
                found.push(snapshot);
            }
            _ => return Ok(None),
        }
        if found.len() > MAX_LAYERS {
            return Err(Error::Corrupt("a snapshot has too many parents"));
        }
        match transaction.value(&bucket, b"parent")? {
            Some(parent) if !parent.is_empty() => key = parent,
            _ => return Ok(Some(found)),
        }
    }
}

/// A key is `NAMESPACE/SEQUENCE/NAME` (containerd `core/metadata/snapshot.go`).
fn snapshot(number: u64, key: &[u8]) -> Option<Snapshot> {
    let key = std::str::from_utf8(key).ok()?;
    let (namespace, rest) = key.split_once('/')?;
    let (_sequence, name) = rest.split_once('/')?;
    Some(Snapshot {
        number,
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    })
}
