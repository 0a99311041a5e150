//! Reading the ring buffer.
//!
//! aya's reader maps the data twice, one behind the other, so that a record that
//! crosses the end is in one piece; every page of it counts as resident memory
//! twice, touched or not (`remap_vmalloc_range` enters them all). A record is
//! small: a few pages of the second copy are enough.
//!
//! The layout is that of `kernel/bpf/ringbuf.c`: a page with the consumer's
//! position, one with the producer's, the data, and the data again. A record is
//! a header of 8 bytes, whose first word is its length and two flags, and its
//! bytes, and begins at a multiple of 8.

mod size;
#[cfg(test)]
mod tests;

use std::{
    io,
    ops::Deref,
    os::fd::{AsFd as _, AsRawFd, BorrowedFd, RawFd},
    ptr::NonNull,
    sync::atomic::{AtomicU32, AtomicUsize, Ordering},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use aya::maps::MapData;

pub use self::size::default_bytes;

/// How long after a wake-up the agent looks at the ring by itself, unless the ring is
/// small.
const LINGERS: Duration = Duration::from_millis(10);

/// Until then a ring of this size is at most half full, if an event of 256 bytes
/// comes each microsecond: more than any machine's copy-ups.
#[must_use]
pub fn lingers(ring_bytes: u32) -> Duration {
    let events = u64::from(ring_bytes / 2 / 256);
    LINGERS.min(Duration::from_micros(events))
}

/// `BPF_RINGBUF_BUSY_BIT`: reserved, and not written yet.
const BUSY: u32 = 1 << 31;
/// `BPF_RINGBUF_DISCARD_BIT`: given up.
const DISCARDED: u32 = 1 << 30;
/// `BPF_RINGBUF_HDR_SZ`
const HEADER_BYTES: usize = 8;
/// The largest record is one with two paths.
const RECORD_BYTES_MAX: usize = 4 * ovl_trace_common::PATH_BYTES_MAX;

/// The ring, whose only reader this is.
pub struct Ring {
    map: MapData,
    reader: Reader,
}

struct Reader {
    /// The page with the consumer's position.
    consumer: Mapping,
    /// The page with the producer's position, and the data.
    producer: Mapping,
    page_bytes: usize,
    data_bytes: usize,
    /// Where the next record is, as the kernel was told.
    position: usize,
    /// Where the producer was when it was looked at last.
    produced: usize,
}

/// A record. The kernel may reuse its place when this is dropped.
pub struct Record<'a> {
    reader: &'a mut Reader,
    at: usize,
    length: usize,
}

impl Ring {
    pub(super) fn new(map: MapData, ring_bytes: u32) -> Result<Self> {
        let reader = Reader::new(map.fd().as_fd(), ring_bytes as usize)?;
        Ok(Self { map, reader })
    }

    /// The next record, if one is complete. `None`: the descriptor will be ready when
    /// there is another, or not sooner than [`lingers`] after it was last.
    pub fn record(&mut self) -> Option<Record<'_>> {
        self.reader.record()
    }
}

impl AsRawFd for Ring {
    fn as_raw_fd(&self) -> RawFd {
        self.map.fd().as_fd().as_raw_fd()
    }
}

impl Reader {
    fn new(map: BorrowedFd<'_>, data_bytes: usize) -> Result<Self> {
        let page_bytes = page_bytes();
        ensure!(
            data_bytes.is_power_of_two() && data_bytes.is_multiple_of(page_bytes),
            "a ring of {data_bytes} bytes is no power of two and pages"
        );
        let again = RECORD_BYTES_MAX
            .next_multiple_of(page_bytes)
            .min(data_bytes);
        let read_write = libc::PROT_READ | libc::PROT_WRITE;
        let consumer =
            Mapping::new(map, 0, page_bytes, read_write).context("mapping the ring's position")?;
        let length = page_bytes + data_bytes + again;
        let producer =
            Mapping::new(map, page_bytes, length, libc::PROT_READ).context("mapping the ring")?;
        Ok(Self {
            position: consumer.position().load(Ordering::Acquire),
            produced: producer.position().load(Ordering::Acquire),
            consumer,
            producer,
            page_bytes,
            data_bytes,
        })
    }

    fn record(&mut self) -> Option<Record<'_>> {
        loop {
            let (at, length) = self.complete()?;
            if length & DISCARDED == 0 {
                return Some(Record {
                    at: at + HEADER_BYTES,
                    length: length as usize,
                    reader: self,
                });
            }
            self.consume((length & !DISCARDED) as usize);
        }
    }

    /// The place of the next record's header, and its first word.
    fn complete(&mut self) -> Option<(usize, u32)> {
        if self.position == self.produced {
            self.produced = self.producer.position().load(Ordering::Acquire);
            if self.position == self.produced {
                return None;
            }
        }
        let at = self.page_bytes + (self.position & (self.data_bytes - 1));
        let length = self.producer.word(at)?.load(Ordering::Acquire);
        (length & BUSY == 0).then_some((at, length))
    }

    /// Gives back the place of a record of this length.
    fn consume(&mut self, length: usize) {
        let bytes = (HEADER_BYTES + length).next_multiple_of(8);
        self.position = self.position.wrapping_add(bytes);
        let position = self.consumer.position();
        position.store(self.position, Ordering::Release);
    }
}

impl Deref for Record<'_> {
    type Target = [u8];

    /// Empty for one that is longer than any that is sent.
    fn deref(&self) -> &[u8] {
        let bytes = self.reader.producer.bytes(self.at, self.length);
        bytes.unwrap_or(&[])
    }
}

impl Drop for Record<'_> {
    fn drop(&mut self) {
        self.reader.consume(self.length);
    }
}

/// Pages of the map, until it is dropped.
struct Mapping {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: memory of the process, not of a thread; shared, it is only read, and
// its positions are atomic.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    fn new(map: BorrowedFd<'_>, from: usize, length: usize, access: i32) -> io::Result<Self> {
        // SAFETY: a new mapping at a place of the kernel's choice.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                length,
                access,
                libc::MAP_SHARED,
                map.as_raw_fd(),
                libc::off_t::try_from(from).unwrap_or(libc::off_t::MAX),
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::InvalidData)?;
        Ok(Self { start, length })
    }

    /// The position at its start.
    fn position(&self) -> &AtomicUsize {
        // SAFETY: at least a page, aligned as one, and mapped as long as `self`.
        unsafe { self.start.cast::<AtomicUsize>().as_ref() }
    }

    /// The word at `at`, a multiple of 4; `None` beyond the end.
    fn word(&self, at: usize) -> Option<&AtomicU32> {
        (at.is_multiple_of(4) && at + 4 <= self.length)
            // SAFETY: inside, aligned, and mapped as long as `self`.
            .then(|| unsafe { self.start.add(at).cast::<AtomicU32>().as_ref() })
    }

    /// Bytes of a complete record, which do not change until it is consumed;
    /// `None` beyond the end.
    fn bytes(&self, at: usize, length: usize) -> Option<&[u8]> {
        (at.checked_add(length)? <= self.length)
            // SAFETY: inside, and mapped as long as `self`.
            .then(|| unsafe { std::slice::from_raw_parts(self.start.add(at).as_ptr(), length) })
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: this very mapping, which nobody refers to any more.
        let result = unsafe { libc::munmap(self.start.as_ptr().cast(), self.length) };
        debug_assert_eq!(result, 0);
    }
}

fn page_bytes() -> usize {
    // SAFETY: takes an integer and returns one.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(bytes).unwrap_or(4096)
}
