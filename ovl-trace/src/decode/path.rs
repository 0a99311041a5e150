//! The path in a record: names from the file to the root, each with a NUL.

use ovl_trace_common::event::{FLAG_PATH_TRUNCATED, FLAG_PATH_UNREADABLE};

use super::DecodeError;

/// What stands for the missing top of a path.
const MISSING_TOP: &[u8] = "…".as_bytes();

/// Puts the names in order: `/a/b/file`, or `…/b/file` when the flags say that
/// the top is missing. No names at all is `/`.
pub(super) fn decode(names: &[u8], flags: u16) -> Result<Vec<u8>, DecodeError> {
    let top: &[u8] = match flags & (FLAG_PATH_TRUNCATED | FLAG_PATH_UNREADABLE) {
        0 => &[],
        _ => MISSING_TOP,
    };
    if names.is_empty() {
        return Ok([top, b"/"].concat());
    }
    // As long as the names: each has a slash before it instead of a NUL behind it.
    let mut path = Vec::with_capacity(top.len() + names.len());
    path.extend_from_slice(top);
    path.resize(top.len() + names.len(), 0);
    let (mut rest, mut free) = (names, &mut path[top.len()..]);
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == 0);
        let end = end.filter(|end| *end > 0).ok_or(DecodeError::Path)?;
        let (name, tail) = rest.split_at(end);
        let (before, place) = free.split_at_mut(free.len() - end - 1);
        place[0] = b'/';
        place[1..].copy_from_slice(name);
        (rest, free) = (&tail[1..], before);
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
