//! A look at files that were copied up: is anything different from what was
//! there before?
//!
//! The kernel side sees that a file is copied, not what happens to it later. But
//! a copy keeps the lower file's time of modification, and no program can set
//! the time of change (`st_ctime`). So a copy was not written to if its times
//! say that its last change was the copy-up itself, and its owner and mode can
//! be compared with the lower file's. Nothing is said of a file that is not the
//! copy: programs replace files by renaming new ones over them.

use std::{ffi::CStr, fs::Metadata, os::unix::fs::MetadataExt, time::SystemTime};

use jiff::Timestamp;

use crate::{
    aggregate::{Aggregator, ToExamine},
    enrich::{Enricher, LayerFile, LayerFiles},
    kernel::WallClock,
    model::{Examined, OverlayKey, Part},
};

/// Files looked at when an overlay is gone: its events wait meanwhile, and its
/// directory may go with it at any time.
const AT_THE_END_OF_AN_OVERLAY: usize = 64;

/// Files looked at in all at the end.
const AT_THE_END: usize = 512;

/// Before the copy-up, beyond doubt: file systems with times in whole seconds
/// round down, and the kernel's own clock for them lags by a tick.
const MARGIN_NS: i128 = 2_000_000_000;

/// How exactly the times of event and file agree.
const SLACK_NS: i128 = 10_000_000;

/// Looks at the files of one overlay that is gone, or of all at the end. What
/// cannot be seen any more gives no finding.
pub(super) fn look(
    aggregator: &Aggregator,
    enricher: &mut Enricher,
    clock: &WallClock,
    gone: Option<OverlayKey>,
) -> Vec<Examined> {
    let limit = gone.map_or(AT_THE_END, |_| AT_THE_END_OF_AN_OVERLAY);
    let mut files: Option<(OverlayKey, Option<LayerFiles>)> = None;
    let mut found = Vec::new();
    let mut candidates = aggregator.to_examine(gone, limit);
    // Each overlay is opened once.
    candidates.sort_by_key(|file| file.overlay);
    for file in candidates {
        if files.as_ref().is_none_or(|(key, _)| *key != file.overlay) {
            files = Some((file.overlay, enricher.layer_files(file.overlay)));
        }
        let layers = files.as_ref().and_then(|(_, layers)| layers.as_ref());
        let unchanged = layers.and_then(|layers| is_unchanged(layers, &file, clock));
        if let Some(unchanged) = unchanged {
            found.push(Examined {
                overlay: file.overlay,
                path: file.path,
                part: file.part,
                unchanged,
            });
        }
    }
    found
}

/// `None` if it cannot be seen.
fn is_unchanged(layers: &LayerFiles, file: &ToExamine, clock: &WallClock) -> Option<bool> {
    let upper = layers.upper(&file.path).ok()?;
    if !upper.metadata().is_file() {
        return Some(false);
    }
    if !is_the_copy(&upper, file, clock) {
        return None;
    }
    match file.part {
        Part::Content => layers
            .sees_mapped_writes()
            .then(|| has_content(upper.metadata(), file, clock)),
        Part::Attributes => {
            let lower = layers.lower(file.layer?, &file.path).ok()?;
            has_attributes(&upper, &lower, file)
        }
    }
}

/// Attributes that overlayfs gives to a copy and to no file that was made in the overlay
/// (`ovl_set_origin_fh`, `fs/overlayfs/copy_up.c`); the second one on a mount with
/// `userxattr`.
const ORIGIN: [&CStr; 2] = [c"trusted.overlay.origin", c"user.overlay.origin"];

/// Capabilities of a program. A change of the owner removes them, even if it is to the same
/// owner.
const CAPABILITIES: &CStr = c"security.capability";

/// Returns true if the file in the upper directory certainly is the copy that the event
/// tells of. Another file may have been renamed to its path since.
///
/// The copy-up makes the file, so the file was born during the copy-up: no program can set
/// the time of birth.
fn is_the_copy(upper: &LayerFile, file: &ToExamine, clock: &WallClock) -> bool {
    let was_copied = ORIGIN
        .iter()
        .any(|name| upper.attribute(name).is_ok_and(|value| value.is_some()));
    let born = upper.metadata().created().ok();
    let born = born.and_then(|born| born.duration_since(SystemTime::UNIX_EPOCH).ok());
    let (began, ended) = file.copied_ns;
    let (began, ended) = (nanoseconds(clock.at(began)), nanoseconds(clock.at(ended)));
    was_copied
        && born.is_some_and(|born| {
            let born = born.as_nanos().cast_signed();
            (began - SLACK_NS..=ended + SLACK_NS).contains(&born)
        })
}

/// Whether the last change of the copy was the copy-up, and left the time of
/// modification of before. A write sets both times to the same moment; a program
/// that sets the former back changes the latter.
fn has_content(upper: &Metadata, file: &ToExamine, clock: &WallClock) -> bool {
    let (began, ended) = file.copied_ns;
    let (began, ended) = (nanoseconds(clock.at(began)), nanoseconds(clock.at(ended)));
    let modified = time(upper.mtime(), upper.mtime_nsec());
    let changed = time(upper.ctime(), upper.ctime_nsec());
    upper.len() == file.size_bytes
        && modified < began - MARGIN_NS
        && changed >= began - MARGIN_NS
        && changed <= ended + SLACK_NS
}

/// `None` if the lower file is not the one of the copy-up.
fn has_attributes(upper: &LayerFile, lower: &LayerFile, file: &ToExamine) -> Option<bool> {
    let is_source = |lower: &Metadata| {
        lower.is_file() && lower.len() == file.size_bytes && lower.mode() == file.mode
    };
    if !is_source(lower.metadata()) {
        return None;
    }
    let of = |file: &Metadata| (file.uid(), file.gid(), file.mode());
    let capabilities = |file: &LayerFile| file.attribute(CAPABILITIES).ok();
    let is_same = of(upper.metadata()) == of(lower.metadata());
    Some(is_same && capabilities(upper)? == capabilities(lower)?)
}

fn nanoseconds(time: Timestamp) -> i128 {
    time.as_nanosecond()
}

fn time(seconds: i64, nanoseconds: i64) -> i128 {
    i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds)
}

#[cfg(test)]
mod tests {
    use std::{
        ffi::CString,
        fs::{self, File, FileTimes, Permissions},
        os::unix::{ffi::OsStrExt as _, fs::PermissionsExt as _},
        path::{Path, PathBuf},
        thread,
        time::Duration,
    };

    use tempfile::TempDir;

    use super::*;

    const OLD: Duration = Duration::from_secs(3600);

    fn set_attribute(path: &Path, name: &CStr) {
        let path = CString::new(path.as_os_str().as_bytes()).unwrap();
        // SAFETY: two NUL-terminated strings, and a value of no bytes.
        let result =
            unsafe { libc::setxattr(path.as_ptr(), name.as_ptr(), std::ptr::null(), 0, 0) };
        assert_eq!(result, 0);
    }

    struct Fixture {
        directory: TempDir,
        clock: WallClock,
        file: ToExamine,
    }

    impl Fixture {
        /// A lower file, and its copy as overlayfs leaves it: the times of the
        /// lower one.
        fn new(part: Part) -> Self {
            let directory = tempfile::tempdir().unwrap();
            let clock = WallClock::now();
            let began = WallClock::monotonic_ns();
            for layer in ["lower", "upper"] {
                let path = directory.path().join(layer);
                fs::create_dir(&path).unwrap();
                fs::write(path.join("f"), "data").unwrap();
            }
            let fixture = Self {
                file: ToExamine {
                    overlay: OverlayKey {
                        superblock: 1,
                        born_ns: 1,
                    },
                    path: b"/f".to_vec(),
                    part,
                    size_bytes: 4,
                    mode: fs::metadata(directory.path().join("lower/f"))
                        .unwrap()
                        .mode(),
                    layer: Some(1),
                    copied_ns: (began, 0),
                },
                directory,
                clock,
            };
            fixture.set_back();
            set_attribute(&fixture.upper(), c"user.overlay.origin");
            Self {
                file: ToExamine {
                    copied_ns: (began, WallClock::monotonic_ns()),
                    ..fixture.file
                },
                ..fixture
            }
        }

        fn upper(&self) -> PathBuf {
            self.directory.path().join("upper/f")
        }

        fn set_back(&self) {
            let file = File::options().write(true).open(self.upper()).unwrap();
            let old = SystemTime::now() - OLD;
            file.set_times(FileTimes::new().set_modified(old)).unwrap();
        }

        fn look(&self) -> Option<bool> {
            let path = |layer| self.directory.path().join(layer);
            let layers = LayerFiles::new(&path("upper"), &path("lower"));
            is_unchanged(&layers, &self.file, &self.clock)
        }
    }

    #[test]
    fn a_copy_that_nobody_touched() {
        assert_eq!(Fixture::new(Part::Content).look(), Some(true));
        assert_eq!(Fixture::new(Part::Attributes).look(), Some(true));
    }

    #[test]
    fn a_write_of_the_same_bytes_is_a_change() {
        let fixture = Fixture::new(Part::Content);
        fs::write(fixture.upper(), "data").unwrap();
        assert_eq!(fixture.look(), Some(false));
    }

    #[test]
    fn another_size_is_a_change_whatever_the_times_say() {
        let mut fixture = Fixture::new(Part::Content);
        fixture.file.size_bytes = 5;
        assert_eq!(fixture.look(), Some(false));
    }

    #[test]
    fn times_that_were_set_back_later_prove_nothing() {
        let mut fixture = Fixture::new(Part::Content);
        // The copy-up ended before the last change of the times.
        thread::sleep(2 * Duration::from_nanos(SLACK_NS as u64));
        fixture.set_back();
        assert_eq!(fixture.look(), Some(false));
        // A copy-up of another time is not the one that made the file.
        let long_ago = OLD.as_nanos() as i64 / 2;
        fixture.clock = WallClock::from_offset_ns(fixture.clock.offset_ns() - long_ago);
        assert_eq!(fixture.look(), None);
    }

    #[test]
    fn another_mode_is_a_change() {
        let fixture = Fixture::new(Part::Attributes);
        fs::set_permissions(fixture.upper(), Permissions::from_mode(0o600)).unwrap();
        assert_eq!(fixture.look(), Some(false));
    }

    #[test]
    fn without_the_right_lower_file_nothing_is_said() {
        let mut fixture = Fixture::new(Part::Attributes);
        fixture.file.mode ^= 0o7;
        assert_eq!(fixture.look(), None);
        fixture.file.mode ^= 0o7;
        fixture.file.layer = Some(2);
        assert_eq!(fixture.look(), None);
        fixture.file.layer = None;
        assert_eq!(fixture.look(), None);
    }

    #[test]
    fn what_is_gone_or_replaced() {
        let fixture = Fixture::new(Part::Content);
        fs::remove_file(fixture.upper()).unwrap();
        assert_eq!(fixture.look(), None);
        fs::create_dir(fixture.upper()).unwrap();
        assert_eq!(fixture.look(), Some(false));
    }

    /// A program that replaces files writes a new one and renames it.
    #[test]
    fn nothing_is_said_of_a_file_that_took_the_place_of_the_copy() {
        for part in [Part::Content, Part::Attributes] {
            let fixture = Fixture::new(part);
            let new = fixture.directory.path().join("new");
            fs::write(&new, "data").unwrap();
            fs::rename(&new, fixture.upper()).unwrap();
            fixture.set_back();
            assert_eq!(fixture.look(), None, "{part:?}");
        }
    }
}
