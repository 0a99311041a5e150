//! Which directory paths are in.

/// The directory that a path is in, or the path itself if it is one. `None`
/// without its top.
pub(crate) fn directory(path: &[u8], is_directory: bool) -> Option<&[u8]> {
    if path.first() != Some(&b'/') {
        return None;
    }
    if is_directory {
        return Some(path);
    }
    let end = path.iter().rposition(|byte| *byte == b'/')?;
    Some(&path[..end.max(1)])
}

/// How many names a path has.
pub(crate) fn depth(path: &[u8]) -> u64 {
    let names = path.split(|byte| *byte == b'/');
    names.filter(|name| !name.is_empty()).count() as u64
}

/// Whether a directory is this one, or below it: then both have this one in common.
pub(crate) fn is_below(directory: &[u8], common: &[u8]) -> bool {
    match directory.strip_prefix(common) {
        // Everything is below the root.
        Some(_) if common.len() == 1 => true,
        Some(rest) => rest.first().is_none_or(|next| *next == b'/'),
        None => false,
    }
}

/// How much of `a` is the deepest directory that is above (or is) both.
pub(crate) fn common_length(a: &[u8], b: &[u8]) -> usize {
    let equal = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let ends = |path: &[u8]| path.len() == equal || path[equal] == b'/';
    if ends(a) && ends(b) {
        return equal.max(1).min(a.len());
    }
    let slash = a[..equal].iter().rposition(|byte| *byte == b'/');
    slash.unwrap_or(0).max(1).min(a.len())
}
