//! The superblock options of an overlay, as mountinfo prints them.
//!
//! `seq_show_option` escapes `,`, `=`, `\` and white space in values with
//! octal digits, so that every bare `,` separates, except inside the quotes of
//! `SELinux`'s `context="…"`. In `lowerdir=` the mounter's own backslashes
//! (`\:`, `\,`) are kept and appear as `\134:`; in `lowerdir+=` (Linux 6.8+,
//! one per layer) and `upperdir=` they do not.

use std::path::PathBuf;

use super::mountinfo::{path, unescape};

/// What an overlay was mounted with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OverlayOptions {
    /// The superblock is read-only.
    pub(crate) read_only: bool,
    /// `lowerdir=` or `lowerdir+=`, topmost first, then the data-only layers.
    /// Possibly relative, or numbers of file descriptors that are long closed.
    pub(crate) lowerdirs: Vec<PathBuf>,
    /// `upperdir=`
    pub(crate) upperdir: Option<PathBuf>,
    /// `workdir=`
    pub(crate) workdir: Option<PathBuf>,
    /// `volatile` (`fsync=volatile` on newer kernels).
    pub(crate) volatile: bool,
    /// The other options; a value only if there was a `=`.
    pub(crate) other: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl OverlayOptions {
    /// Reads the last field of a mountinfo line. Total: what is not understood
    /// is kept in `other`.
    pub(crate) fn parse(field: &[u8]) -> Self {
        let mut options = Self::default();
        for item in split_options(field) {
            let (key, value) = match item.iter().position(|&byte| byte == b'=') {
                Some(at) => (&item[..at], Some(&item[at + 1..])),
                None => (item, None),
            };
            options.take(key, value);
        }
        options
    }

    fn take(&mut self, key: &[u8], value: Option<&[u8]>) {
        match (key, value) {
            (b"" | b"rw", None) => {}
            (b"ro", None) => self.read_only = true,
            (b"volatile", None) | (b"fsync", Some(b"volatile")) => self.volatile = true,
            (b"lowerdir", Some(value)) => self.lowerdirs.extend(split_lowerdir(&unescape(value))),
            (b"lowerdir+" | b"datadir+", Some(value)) => {
                self.lowerdirs.push(path(unescape(value)));
            }
            (b"upperdir", Some(value)) => self.upperdir = Some(path(unescape(value))),
            (b"workdir", Some(value)) => self.workdir = Some(path(unescape(value))),
            (key, value) => self.other.push((key.to_vec(), value.map(unescape))),
        }
    }
}

/// Splits on `,` outside double quotes. A quote that never closes is an
/// ordinary byte: path values are not quoted, and a `"` is legal in a path.
fn split_options(field: &[u8]) -> Vec<&[u8]> {
    let mut items = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while at < field.len() {
        match field[at] {
            b',' => {
                items.push(&field[start..at]);
                start = at + 1;
            }
            // Only `key="`: a quote elsewhere belongs to a file name.
            b'"' if at > start && field[at - 1] == b'=' => {
                if let Some(end) = closing_quote(&field[at + 1..]) {
                    at += 1 + end;
                }
            }
            _ => {}
        }
        at += 1;
    }
    items.push(&field[start..]);
    items
}

/// The offset of a quote that ends the option.
fn closing_quote(rest: &[u8]) -> Option<usize> {
    rest.iter()
        .enumerate()
        .position(|(at, &byte)| byte == b'"' && matches!(rest.get(at + 1), None | Some(b',')))
}

/// Splits on `:` that no `\` precedes, and undoes the `\`. `::` starts the
/// data-only layers; it gives no layer of its own.
fn split_lowerdir(value: &[u8]) -> Vec<PathBuf> {
    let mut layers = Vec::new();
    let mut layer = Vec::new();
    let mut bytes = value.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'\\' => layer.extend(bytes.next()),
            b':' => layers.push(std::mem::take(&mut layer)),
            _ => layer.push(byte),
        }
    }
    layers.push(layer);
    layers.retain(|layer| !layer.is_empty());
    layers.into_iter().map(path).collect()
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::ffi::OsStrExt, path::Path};

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::enrich::{fixtures, mountinfo::overlay_lines};

    #[test]
    fn recorded_lines_of_linux_6_18() {
        let text = fs::read(fixtures::path("kernel-6.18-options/mountinfo.txt")).unwrap();
        let expected = fixtures::json("kernel-6.18-options/expected.json");
        let lines: Vec<_> = overlay_lines(&text).collect();
        let cases = expected["cases"].as_array().unwrap();
        assert_eq!(lines.len(), cases.len());
        for (line, case) in lines.iter().zip(cases) {
            let options = OverlayOptions::parse(line.super_options);
            let text = |path: &Option<PathBuf>| match path {
                Some(path) => Value::from(path.to_str().unwrap()),
                None => Value::Null,
            };
            assert_eq!(line.device.to_string(), case["s_dev"].as_str().unwrap());
            assert_eq!(line.source, case["source"].as_str().unwrap().as_bytes());
            assert_eq!(options.read_only, case["read_only"].as_bool().unwrap());
            assert_eq!(text(&options.upperdir), case["upperdir"]);
            assert_eq!(text(&options.workdir), case["workdir"]);
            let lowers: Vec<_> = options
                .lowerdirs
                .iter()
                .map(|p| p.to_str().unwrap())
                .collect();
            assert_eq!(Value::from(lowers), case["lowerdirs"]);
            if let Some(other) = case.get("other") {
                let mut found = serde_json::Map::new();
                for (key, value) in &options.other {
                    let value = String::from_utf8(value.clone().unwrap()).unwrap();
                    found.insert(String::from_utf8(key.clone()).unwrap(), value.into());
                }
                assert_eq!(&Value::Object(found), other);
            }
        }
    }

    #[test]
    fn quotes_and_flags() {
        let options = OverlayOptions::parse(
            b"rw,context=\"system_u:object_r:container_file_t:s0:c1,c2\",lowerdir=/a::/d,\
              fsync=volatile,datadir+=/e,upperdir=/with\"quote,metacopy=on",
        );
        assert_eq!(options.other[0].1.as_deref().unwrap().last(), Some(&b'"'));
        assert_eq!(options.other.len(), 2);
        assert!(options.volatile);
        assert_eq!(options.upperdir.as_deref(), Some(Path::new("/with\"quote")));
        assert_eq!(options.lowerdirs, ["/a", "/d", "/e"].map(PathBuf::from));
        assert!(OverlayOptions::parse(b"ro,volatile").volatile);
    }

    #[test]
    fn an_open_quote_hides_nothing() {
        let options = OverlayOptions::parse(b"rw,workdir=\"/w,upperdir=/u");
        assert_eq!(options.upperdir.as_deref(), Some(Path::new("/u")));
        assert_eq!(options.workdir.as_deref(), Some(Path::new("\"/w")));
    }

    /// What the kernel prints for a value.
    fn octal(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for &byte in bytes {
            if b",= \t\n\\".contains(&byte) {
                out.extend(format!("\\{byte:03o}").bytes());
            } else {
                out.push(byte);
            }
        }
        out
    }

    fn render(options: &OverlayOptions, one_per_layer: bool) -> Vec<u8> {
        let mut out = if options.read_only {
            b"ro".to_vec()
        } else {
            b"rw".to_vec()
        };
        if one_per_layer {
            for lower in &options.lowerdirs {
                out.extend(b",lowerdir+=");
                out.extend(octal(lower.as_os_str().as_bytes()));
            }
        } else if !options.lowerdirs.is_empty() {
            // The mounter escapes `:`, `,` and `\`; the kernel does it again.
            let mut value = Vec::new();
            for lower in &options.lowerdirs {
                if !value.is_empty() {
                    value.push(b':');
                }
                for &byte in lower.as_os_str().as_bytes() {
                    if b":,\\".contains(&byte) {
                        value.push(b'\\');
                    }
                    value.push(byte);
                }
            }
            out.extend(b",lowerdir=");
            out.extend(octal(&value));
        }
        for (key, dir) in [
            ("upperdir", &options.upperdir),
            ("workdir", &options.workdir),
        ] {
            if let Some(dir) = dir {
                out.extend(format!(",{key}=").bytes());
                out.extend(octal(dir.as_os_str().as_bytes()));
            }
        }
        if options.volatile {
            out.extend(b",fsync=volatile");
        }
        out
    }

    fn any_path() -> impl Strategy<Value = PathBuf> {
        // A first byte that is no quote: the kernel never prints a bare `="`
        // for a path that starts with `/`.
        proptest::collection::vec(1..=255_u8, 0..20).prop_map(|mut bytes| {
            bytes.insert(0, b'/');
            path(bytes)
        })
    }

    proptest! {
        #[test]
        fn nothing_panics(field in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _options = OverlayOptions::parse(&field);
        }

        #[test]
        fn parse_undoes_render(
            read_only: bool,
            volatile: bool,
            one_per_layer: bool,
            lowerdirs in proptest::collection::vec(any_path(), 0..5),
            upperdir in proptest::option::of(any_path()),
            workdir in proptest::option::of(any_path()),
        ) {
            let options = OverlayOptions {
                read_only, lowerdirs, upperdir, workdir, volatile, other: Vec::new(),
            };
            prop_assert_eq!(OverlayOptions::parse(&render(&options, one_per_layer)), options);
        }
    }
}
