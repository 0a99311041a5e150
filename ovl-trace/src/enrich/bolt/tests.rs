//! Recorded databases against their dumps, and hostile ones.

use std::{cell::Cell, fmt::Write as _, fs};

use proptest::prelude::*;

use super::*;
use crate::enrich::fixtures;

impl Source for Vec<u8> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let end = start.saturating_add(buffer.len());
        let bytes = self.get(start..end).ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }
}

/// The number of the newest transaction.
fn transaction(source: &dyn Source) -> Result<u64, Error> {
    newest(source).map(|meta| meta.transaction)
}

/// Every database that has a dump.
const RECORDED: [(&str, &str); 6] = [
    (
        "containerd-1.6-ctr",
        "root/io.containerd.metadata.v1.bolt/meta.db",
    ),
    (
        "containerd-1.6-ctr",
        "root/io.containerd.snapshotter.v1.overlayfs/metadata.db",
    ),
    (
        "containerd-2.1-cri",
        "root/io.containerd.metadata.v1.bolt/meta.db",
    ),
    (
        "containerd-2.1-cri",
        "root/io.containerd.snapshotter.v1.overlayfs/metadata.db",
    ),
    (
        "docker-28.5-containerd-store",
        "data-root/containerd/daemon/io.containerd.snapshotter.v1.overlayfs/metadata.db",
    ),
    (
        "docker-28.5-containerd-store",
        "data-root/buildkit/containerd-overlayfs/metadata_v2.db",
    ),
];

fn recorded(index: usize) -> Vec<u8> {
    let (fixture, file) = RECORDED[index];
    fs::read(fixtures::path(&format!("{fixture}/{file}"))).unwrap()
}

fn shown(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
        _ => bytes.iter().fold("0x".to_owned(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        }),
    }
}

/// One line per leaf. Buckets that nest deeper than any daemon's are an error.
fn dump(transaction: &Transaction<'_>) -> Result<String, Error> {
    fn walk(
        transaction: &Transaction<'_>,
        bucket: &Bucket,
        path: &str,
        out: &mut String,
    ) -> Result<(), Error> {
        if path.matches('/').count() > 40 {
            return Err(Error::TooLarge);
        }
        transaction.each(bucket, &mut |key, item| {
            let path = format!("{path}/{}", shown(key));
            match item {
                Item::Bucket(bucket) => walk(transaction, &bucket, &path, out)?,
                Item::Value(value) => {
                    let value: String = shown(value).chars().take(200).collect();
                    writeln!(out, "{path} = {value}").unwrap();
                }
            }
            Ok(())
        })
    }
    let mut out = String::new();
    walk(transaction, &transaction.root(), "", &mut out)?;
    Ok(out)
}

#[test]
fn recorded_databases_give_their_dumps() {
    for (index, (fixture, file)) in RECORDED.iter().enumerate() {
        let name = file.rsplit('/').next().unwrap();
        let golden = fixtures::text(&format!("{fixture}/bolt-dumps/{name}.txt"));
        let found = read(&recorded(index), dump).unwrap();
        assert_eq!(found, golden, "{fixture}/{file}");
    }
}

#[test]
fn what_tests_write_is_read() {
    let mut tree = writer::Tree::default();
    tree.put(&["v1", "a", "key"], b"value");
    tree.put(&["v1", "a", "large"], &[b'x'; 9000]);
    tree.put(&["v1", "b"], b"");
    for number in [7, 8] {
        let file = tree.file(number);
        assert_eq!(transaction(&file).unwrap(), number);
        let text = read(&file, dump).unwrap();
        let large = "x".repeat(200);
        assert_eq!(
            text,
            format!("/v1/a/key = value\n/v1/a/large = {large}\n/v1/b = \n")
        );
    }
}

#[test]
fn single_keys_are_found() {
    let file = recorded(2);
    let image = |id: &str| {
        read(&file, |transaction| {
            let path = ["v1", "k8s.io", "containers", id];
            match transaction.bucket(&transaction.root(), path)? {
                Some(bucket) => transaction.value(&bucket, b"image"),
                None => Ok(None),
            }
        })
        .unwrap()
    };
    let app = "ff06ca42ff128a181b80cdefe4a58d01fc608f746f4224365c4e47e25e69c9e2";
    assert_eq!(image(app).unwrap(), b"docker.io/ovl/demo:1");
    assert_eq!(image("ff06"), None);
}

#[test]
fn a_half_written_meta_page_leaves_the_other() {
    let whole = recorded(0);
    let newest = transaction(&whole).unwrap();
    let mut others = Vec::new();
    for page in 0..2 {
        let mut file = whole.clone();
        file[page * 4096 + PAGE_HEADER + 50] ^= 1;
        others.push(transaction(&file).unwrap());
    }
    others.sort_unstable();
    assert_eq!(others, [newest - 1, newest]);
    let mut file = whole;
    file[PAGE_HEADER + 50] ^= 1;
    file[4096 + PAGE_HEADER + 50] ^= 1;
    assert!(matches!(transaction(&file), Err(Error::NotBolt)));
}

/// A daemon that writes: every other look misses the newest meta page.
struct Changing {
    file: Vec<u8>,
    newest: u64,
    looks: Cell<usize>,
    until: usize,
}

impl Changing {
    fn until(until: usize) -> Self {
        let file = recorded(0);
        let newest = transaction(&file).unwrap() % 2 * 4096;
        let looks = Cell::new(0);
        Self {
            file,
            newest,
            looks,
            until,
        }
    }
}

impl Source for Changing {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.file.read_at(offset, buffer)?;
        if offset == 0 {
            self.looks.set(self.looks.get() + 1);
        }
        let hidden = self.looks.get() <= self.until && self.looks.get() % 2 == 1;
        if offset == self.newest && hidden {
            buffer.fill(0);
        }
        Ok(())
    }
}

#[test]
fn a_state_that_passes_is_read_again() {
    let mut calls = 0;
    let number = read(&Changing::until(3), |transaction| {
        calls += 1;
        Ok(transaction.number())
    });
    assert_eq!(number.unwrap(), transaction(&recorded(0)).unwrap());
    assert_eq!(calls, 3);
    // What it says while it changes is no answer, nor is what it fails with.
    let failing = read(&Changing::until(usize::MAX), |_| {
        Err::<(), _>(Error::Corrupt("half written"))
    });
    assert!(matches!(failing, Err(Error::Busy)), "{failing:?}");
}

#[test]
fn a_page_that_is_its_own_child_ends() {
    let mut file = recorded(1);
    let meta = newest(&file).unwrap();
    let root = meta.root as usize * 4096;
    // A branch of two elements with empty keys, both leading back.
    file[root + 8..root + 12].copy_from_slice(&[1, 0, 2, 0]);
    for element in [root + 16, root + 32] {
        file[element..element + 8].fill(0);
        file[element + 8..element + 16].copy_from_slice(&meta.root.to_ne_bytes());
    }
    assert!(read(&file, dump).is_err());
    assert!(
        read(&file, |transaction| transaction
            .value(&transaction.root(), b"v1"))
        .is_err()
    );
}

proptest! {
    #[test]
    fn a_cut_off_file_is_an_error_or_the_same(index in 0..RECORDED.len(), at: proptest::sample::Index) {
        let whole = recorded(index);
        let cut = whole[..at.index(whole.len())].to_vec();
        if let Ok(text) = read(&cut, dump) {
            prop_assert_eq!(text, read(&whole, dump).unwrap());
        }
    }

    #[test]
    fn any_changed_bytes_end(
        index in 0..RECORDED.len(),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..200),
    ) {
        let mut file = recorded(index);
        // Where most of the structure is.
        let length = file.len();
        for (at, byte) in changes {
            file[8192 + at.index(length - 8192)] = byte;
        }
        let _text = read(&file, dump);
    }

    #[test]
    fn any_bytes_after_valid_meta_pages_end(tail in proptest::collection::vec(any::<u8>(), 0..9000)) {
        let mut file = recorded(0);
        file.truncate(8192);
        file.extend(tail);
        let _text = read(&file, dump);
    }

    #[test]
    fn any_bytes_are_no_database(file in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(transaction(&file).is_err());
    }
}
