//! The path in a record: names from the file to the root, each with a NUL.

use ovl_trace_common::event::{FLAG_PATH_TRUNCATED, FLAG_PATH_UNREADABLE};

use super::DecodeError;

/// What stands for the missing top of a path.
const MISSING_TOP: &[u8] = "…".as_bytes();

/// Names that are at most this long are copied as this many bytes, together with what
/// is before them, which the next name overwrites: copying an unknown number of bytes
/// takes longer than most names are.
const AT_ONCE: usize = 16;

/// Puts the names in order: `/a/b/file`, or `…/b/file` when the flags say that
/// the top is missing. No names at all is `/`. The path is in the memory of `spare`,
/// whatever that held.
pub(super) fn decode(
    names: &[u8],
    flags: u16,
    spare: &mut Vec<u8>,
) -> Result<Vec<u8>, DecodeError> {
    let top: &[u8] = match flags & (FLAG_PATH_TRUNCATED | FLAG_PATH_UNREADABLE) {
        0 => &[],
        _ => MISSING_TOP,
    };
    let mut path = std::mem::take(spare);
    if names.is_empty() {
        path.clear();
        path.extend_from_slice(top);
        path.push(b'/');
        return Ok(path);
    }
    // As long as the names: each has a slash before it instead of a NUL behind it.
    path.resize(top.len() + names.len(), 0);
    let (mut start, mut free) = (0, &mut path[..]);
    while start < names.len() {
        let length = nul(&names[start..]).ok_or(DecodeError::Path)?;
        let end = start + length;
        match (names[..end].last_chunk(), free.last_chunk_mut()) {
            (Some(from), Some(to)) if length <= AT_ONCE => *to = *(from as &[u8; AT_ONCE]),
            _ => {
                let place = free.len() - length;
                free[place..].copy_from_slice(&names[start..end]);
            }
        }
        let before = free.len() - length - 1;
        free[before] = b'/';
        free = &mut free[..before];
        start = end + 1;
        if length == 0 {
            return Err(DecodeError::Path);
        }
    }
    free.copy_from_slice(top);
    Ok(path)
}

/// Where the first NUL is. Eight bytes at a time.
#[inline]
fn nul(names: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    let mut rest = names;
    while let Some((word, behind)) = rest.split_first_chunk() {
        let word = u64::from_le_bytes(*word);
        // The lowest bit that is set belongs to the first byte that is 0.
        let nul = word.wrapping_sub(ONES) & !word & (ONES << 7);
        if nul != 0 {
            return Some(names.len() - rest.len() + nul.trailing_zeros() as usize / 8);
        }
        rest = behind;
    }
    let nul = rest.iter().position(|byte| *byte == 0);
    nul.map(|nul| names.len() - rest.len() + nul)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(names: &[u8], flags: u16) -> Result<Vec<u8>, DecodeError> {
        let mut spare = b"/what/was/before".to_vec();
        super::decode(names, flags, &mut spare)
    }

    #[test]
    fn names_come_from_the_file_to_the_root() {
        assert_eq!(decode(b"c\0b\0a\0", 0), Ok(b"/a/b/c".to_vec()));
        assert_eq!(decode(b"", 0), Ok(b"/".to_vec()));
    }

    #[test]
    fn a_missing_top_is_shown() {
        let expected = Ok("…/b/c".as_bytes().to_vec());
        assert_eq!(decode(b"c\0b\0", FLAG_PATH_TRUNCATED), expected);
        assert_eq!(decode(b"c\0b\0", FLAG_PATH_UNREADABLE), expected);
    }

    #[test]
    fn a_name_without_an_end_and_an_empty_name_are_errors() {
        assert_eq!(decode(b"c\0b", 0), Err(DecodeError::Path));
        assert_eq!(decode(b"c\0\0b\0", 0), Err(DecodeError::Path));
        assert_eq!(decode(b"\0", 0), Err(DecodeError::Path));
    }

    proptest! {
        #[test]
        fn any_names_survive(names in prop::collection::vec("[^\0/]{1,20}", 1..10)) {
            let mut bytes = Vec::new();
            for name in names.iter().rev() {
                bytes.extend_from_slice(name.as_bytes());
                bytes.push(0);
            }
            let expected = format!("/{}", names.join("/"));
            prop_assert_eq!(decode(&bytes, 0), Ok(expected.into_bytes()));
        }
    }
}
