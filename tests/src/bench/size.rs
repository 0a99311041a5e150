//! How large a program is.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use object::{Object as _, ObjectSegment as _};

/// Bytes of a program that are loaded, which is all that `strip` leaves but for a few KiB:
/// symbols and debug information are not among them.
pub(super) fn loaded(program: &Path) -> Result<u64> {
    let context = || format!("the program '{}'", program.display());
    let bytes = fs::read(program).with_context(context)?;
    let file = object::File::parse(bytes.as_slice()).with_context(context)?;
    Ok(file.segments().map(|segment| segment.file_range().1).sum())
}

#[cfg(test)]
mod tests {
    use object::ObjectSection as _;

    use super::*;

    #[test]
    fn debug_information_is_not_loaded() {
        let own = std::env::current_exe().unwrap();
        let bytes = fs::read(&own).unwrap();
        let file = object::File::parse(bytes.as_slice()).unwrap();
        let size = |name: &str| file.section_by_name(name).unwrap().size();
        let (loaded, all) = (loaded(&own).unwrap(), bytes.len() as u64);
        assert!(loaded > size(".text"), "{loaded}");
        assert!(loaded + size(".debug_line") < all, "{loaded} of {all}");
    }

    #[test]
    fn a_text_is_no_program() {
        assert!(loaded(Path::new("/proc/self/status")).is_err());
    }
}
