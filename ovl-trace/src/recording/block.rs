//! Blocks: compressed frames with their lengths and a checksum.
//!
//! | bytes | what |
//! |---|---|
//! | 4 | `OVLB` |
//! | 4 | bytes stored |
//! | 4 | bytes of frames in them |
//! | 4 | 0: stored as they are, 1: LZ4 block format |
//! | 4 | CRC-32 of the 16 bytes before and of the bytes stored |

use std::io::{self, Read, Write};

use super::BLOCK_BYTES_MAX;

const MARK: [u8; 4] = *b"OVLB";
const HEAD_BYTES: usize = 20;
const STORED: u32 = 0;
const LZ4: u32 = 1;

/// Writes blocks.
#[derive(Default)]
pub(super) struct Packer {
    block: Vec<u8>,
}

impl Packer {
    /// Writes one block with a single write, so that a sink can refuse it as a whole.
    /// Returns the bytes that the block takes in the file. `frames` are at most
    /// [`BLOCK_BYTES_MAX`].
    pub(super) fn write(&mut self, out: &mut impl Write, frames: &[u8]) -> io::Result<u64> {
        let room = lz4_flex::block::get_maximum_output_size(frames.len()).max(frames.len());
        self.block.resize(HEAD_BYTES + room, 0);
        let (head, body) = self.block.split_at_mut(HEAD_BYTES);
        let packed = lz4_flex::block::compress_into(frames, body)
            .ok()
            .filter(|length| *length < frames.len());
        let (codec, stored) = packed.map_or((STORED, frames.len()), |length| (LZ4, length));
        if codec == STORED {
            body[..stored].copy_from_slice(frames);
        }
        head[..4].copy_from_slice(&MARK);
        head[4..8].copy_from_slice(&(stored as u32).to_le_bytes());
        head[8..12].copy_from_slice(&(frames.len() as u32).to_le_bytes());
        head[12..16].copy_from_slice(&codec.to_le_bytes());
        let sum = checksum(&head[..16], &body[..stored]);
        head[16..].copy_from_slice(&sum.to_le_bytes());
        let block = &self.block[..HEAD_BYTES + stored];
        out.write_all(block)?;
        Ok(block.len() as u64)
    }
}

/// What a look for the next block gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A whole and sound block, of this many bytes in the file.
    Block(u64),
    /// Nothing more.
    End,
    /// Less than a block.
    Cut,
    /// Not what was written.
    Damage,
}

/// Reads blocks.
#[derive(Default)]
pub(super) struct Unpacker {
    stored: Vec<u8>,
    /// The frames of the last block.
    pub(super) frames: Vec<u8>,
}

impl Unpacker {
    /// Reads the next block. Nothing is allocated that its head does not
    /// justify within the bounds of a block.
    pub(super) fn read(&mut self, source: &mut impl Read) -> io::Result<Found> {
        let mut head = [0; HEAD_BYTES];
        match fill(source, &mut head)? {
            0 => return Ok(Found::End),
            HEAD_BYTES => {}
            _ => return Ok(Found::Cut),
        }
        let number = |at: usize| {
            u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]) as usize
        };
        let (stored, raw, codec) = (number(4), number(8), number(12) as u32);
        let fits = match codec {
            STORED => stored == raw,
            LZ4 => stored < raw,
            _ => false,
        };
        if head[..4] != MARK || raw == 0 || raw > BLOCK_BYTES_MAX || !fits {
            return Ok(Found::Damage);
        }
        self.stored.resize(stored, 0);
        if fill(source, &mut self.stored)? < stored {
            return Ok(Found::Cut);
        }
        // A fuzzer could not get past it.
        let is_sound = cfg!(fuzzing) || checksum(&head[..16], &self.stored) as usize == number(16);
        if !is_sound {
            return Ok(Found::Damage);
        }
        if codec == STORED {
            std::mem::swap(&mut self.stored, &mut self.frames);
        } else {
            self.frames.resize(raw, 0);
            let length = lz4_flex::block::decompress_into(&self.stored, &mut self.frames);
            if length.ok() != Some(raw) {
                return Ok(Found::Damage);
            }
        }
        Ok(Found::Block((HEAD_BYTES + stored) as u64))
    }
}

/// Reads until the buffer is full or the source has ended; how much.
pub(super) fn fill(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(length) => filled += length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn checksum(head: &[u8], stored: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(head);
    hasher.update(stored);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packed(frames: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let written = Packer::default().write(&mut out, frames).unwrap();
        assert_eq!(written, out.len() as u64);
        out
    }

    #[test]
    fn a_length_beyond_a_block_is_damage_before_it_is_memory() {
        let mut block = packed(&[7; 1000]);
        block[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
        let mut unpacker = Unpacker::default();
        assert_eq!(unpacker.read(&mut block.as_slice()).unwrap(), Found::Damage);
        assert!(unpacker.stored.is_empty() && unpacker.frames.is_empty());
    }

    proptest! {
        #[test]
        fn what_was_packed_is_unpacked(
            frames in prop::collection::vec(prop_oneof![Just(0), any::<u8>()], 1..5000),
        ) {
            let block = packed(&frames);
            let mut unpacker = Unpacker::default();
            let found = unpacker.read(&mut block.as_slice()).unwrap();
            prop_assert_eq!(found, Found::Block(block.len() as u64));
            prop_assert_eq!(&unpacker.frames, &frames);
        }

        #[test]
        fn a_changed_byte_is_noticed(
            frames in prop::collection::vec(0..4_u8, 1..500),
            at in any::<prop::sample::Index>(),
            change in 1..=255_u8,
        ) {
            let mut block = packed(&frames);
            let at = at.index(block.len());
            block[at] ^= change;
            let found = Unpacker::default().read(&mut block.as_slice()).unwrap();
            prop_assert!(matches!(found, Found::Damage | Found::Cut), "{found:?}");
        }
    }
}
