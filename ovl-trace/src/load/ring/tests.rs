//! A ring in a file: what the kernel would write.

use std::{fs::File, os::unix::fs::FileExt as _};

use super::*;

/// A ring of one page in a file: what the kernel would write.
struct Fake {
    file: File,
    page: u64,
    produced: u64,
}

impl Fake {
    fn new() -> Self {
        let page = page_bytes() as u64;
        let file = tempfile::tempfile().unwrap();
        file.set_len(4 * page).unwrap();
        Self {
            file,
            page,
            produced: 0,
        }
    }

    fn reader(&self) -> Reader {
        Reader::new(self.file.as_fd(), self.page as usize).unwrap()
    }

    /// Data is there twice.
    fn write(&self, bytes: &[u8], at: u64) {
        for (index, byte) in bytes.iter().enumerate() {
            let at = (at + index as u64) % self.page;
            for copy in [2, 3] {
                let file = &self.file;
                file.write_all_at(&[*byte], copy * self.page + at).unwrap();
            }
        }
    }

    /// Where its header is.
    fn send(&mut self, record: &[u8], flags: u32) -> u64 {
        let at = self.produced;
        let length = record.len() as u32 | flags;
        self.write(&length.to_ne_bytes(), at);
        self.write(record, at + 8);
        self.produced += (8 + record.len() as u64).next_multiple_of(8);
        let file = &self.file;
        file.write_all_at(&self.produced.to_ne_bytes(), self.page)
            .unwrap();
        at
    }

    fn consumed(&self) -> u64 {
        let mut position = [0; 8];
        self.file.read_exact_at(&mut position, 0).unwrap();
        u64::from_ne_bytes(position)
    }
}

#[test]
fn records_come_in_order_and_across_the_end() {
    let mut fake = Fake::new();
    let mut reader = fake.reader();
    for number in 0..100_u8 {
        // 100 times 152 bytes are more than three rounds.
        fake.send(&[number; 141], 0);
        assert_eq!(*reader.record().unwrap(), [number; 141]);
        assert_eq!(fake.consumed(), fake.produced);
        assert!(reader.record().is_none());
    }
}

#[test]
fn what_is_not_written_yet_is_waited_for_and_what_was_given_up_is_not() {
    let mut fake = Fake::new();
    let mut reader = fake.reader();
    fake.send(b"gone", DISCARDED);
    let busy = fake.send(b"slow", BUSY);
    fake.send(b"next", 0);
    assert!(reader.record().is_none(), "the order stays");
    fake.write(&4_u32.to_ne_bytes(), busy);
    assert_eq!(*reader.record().unwrap(), *b"slow");
    assert_eq!(*reader.record().unwrap(), *b"next");
    assert!(reader.record().is_none());
    assert_eq!(fake.consumed(), fake.produced);
}

#[test]
fn an_impossible_length_is_no_record() {
    let mut fake = Fake::new();
    let mut reader = fake.reader();
    fake.send(b"", DISCARDED - 1);
    assert!(reader.record().unwrap().is_empty());
}

#[test]
fn odd_sizes_are_refused() {
    let fake = Fake::new();
    assert!(Reader::new(fake.file.as_fd(), 0).is_err());
    assert!(Reader::new(fake.file.as_fd(), 3 * fake.page as usize).is_err());
}
