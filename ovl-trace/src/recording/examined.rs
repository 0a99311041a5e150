//! What a look at a copied file found, as bytes: the overlay's key, what was found
//! (one number), and the path.

use ovl_trace_common::overlay::OverlayKey;

use super::frame;
use crate::model::{Examined, Part};

/// The attributes were looked at, not the content.
const ATTRIBUTES: u64 = 1;
/// It is as it was.
const UNCHANGED: u64 = 2;

/// What comes before the path.
pub(super) fn head(examined: &Examined) -> [u8; 24] {
    let mut found = 0;
    if examined.part == Part::Attributes {
        found |= ATTRIBUTES;
    }
    if examined.unchanged {
        found |= UNCHANGED;
    }
    let mut head = [0; 24];
    let numbers = [examined.overlay.superblock, examined.overlay.born_ns, found];
    for (bytes, number) in head.chunks_exact_mut(8).zip(numbers) {
        bytes.copy_from_slice(&number.to_le_bytes());
    }
    head
}

/// `None` if it is too short. What a newer version adds to the number is left out.
pub(super) fn decode(payload: &[u8]) -> Option<Examined> {
    let (superblock, rest) = frame::number(payload)?;
    let (born_ns, rest) = frame::number(rest)?;
    let (found, path) = frame::number(rest)?;
    Some(Examined {
        overlay: OverlayKey {
            superblock,
            born_ns,
        },
        path: path.to_vec(),
        part: if found & ATTRIBUTES == 0 {
            Part::Content
        } else {
            Part::Attributes
        },
        unchanged: found & UNCHANGED != 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_comes_back() {
        for part in [Part::Content, Part::Attributes] {
            for unchanged in [false, true] {
                let examined = Examined {
                    overlay: OverlayKey {
                        superblock: u64::MAX,
                        born_ns: 7,
                    },
                    path: b"/srv/\xff".to_vec(),
                    part,
                    unchanged,
                };
                let payload = [&head(&examined)[..], &examined.path].concat();
                assert_eq!(decode(&payload), Some(examined));
                assert_eq!(decode(&payload[..23]), None);
            }
        }
    }
}
