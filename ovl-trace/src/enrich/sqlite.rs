//! Reading tables of an `SQLite` database from its bytes, as far as names of
//! containers need it: the first columns of each row, if they are text. (The file
//! format is described in <https://www.sqlite.org/fileformat2.html>.)
//!
//! A library that opens the file itself takes locks and writes beside it, in
//! directories that a container may own. These bytes may be anything: each page is
//! read at most once, and what does not fit together gives `None`.

/// What a file starts with.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Bytes of the file's header, in front of the first page's own.
const HEADER_BYTES: usize = 100;

/// The table of tables is at the first page.
const SCHEMA: u32 = 1;

/// Tables and indexes of a database. Podman's has some forty.
const SCHEMA_ROWS_MAX: usize = 1000;

/// Types of pages of a table.
const INTERIOR: u8 = 5;
const LEAF: u8 = 13;

/// A column of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value<'a> {
    Text(&'a str),
    Integer(i64),
    /// NULL, another type, or too far back in a long row.
    Other,
}

/// A database.
struct Pages<'a> {
    bytes: &'a [u8],
    page_bytes: usize,
    /// Without what is reserved at a page's end.
    usable: usize,
}

/// The rows of a table whose first columns have these names, each as text (`None`:
/// NULL). `None` if this is no database, it is damaged, it has no such table, or the table
/// has more than `rows_max` rows.
pub(crate) fn table<'a, const N: usize>(
    bytes: &'a [u8],
    name: &str,
    columns: [&str; N],
    rows_max: usize,
) -> Option<Vec<[Option<&'a str>; N]>> {
    let pages = Pages::new(bytes)?;
    let mut root = None;
    pages.rows(
        SCHEMA,
        SCHEMA_ROWS_MAX,
        |[kind, table, _, page, definition]| {
            if (kind, table) == (Value::Text("table"), Value::Text(name))
                && let (Value::Integer(page), Value::Text(definition)) = (page, definition)
                && begins_with(definition, &columns)
            {
                root = u32::try_from(page).ok();
            }
        },
    )?;
    let mut rows = Vec::new();
    pages.rows(root?, rows_max, |row: [Value<'a>; N]| {
        rows.push(row.map(|value| match value {
            Value::Text(text) => Some(text),
            Value::Integer(_) | Value::Other => None,
        }));
    })?;
    Some(rows)
}

/// Whether `CREATE TABLE name(ID TEXT …, Name TEXT …` has these columns first.
fn begins_with(definition: &str, columns: &[&str]) -> bool {
    let Some((_, body)) = definition.split_once('(') else {
        return false;
    };
    let mut words = body
        .split(',')
        .map(|column| column.split_whitespace().next());
    columns.iter().all(|name| words.next() == Some(Some(name)))
}

impl<'a> Pages<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let header = bytes.get(..HEADER_BYTES)?;
        let page_bytes = match u16::from_be_bytes([header[16], header[17]]) {
            1 => 1 << 16,
            bytes => usize::from(bytes),
        };
        // UTF-8; the others are UTF-16.
        let is_utf8 = header[56..60] == [0, 0, 0, 1];
        let usable = page_bytes.checked_sub(usize::from(header[20]))?;
        let is_valid = header.starts_with(MAGIC) && is_utf8 && usable >= 480;
        is_valid.then_some(Self {
            bytes,
            page_bytes,
            usable,
        })
    }

    /// Visits the rows of the table at page `root`. A row's bytes may be used by another one
    /// as well, so the size of the file does not bound their number.
    fn rows<const N: usize>(
        &self,
        root: u32,
        mut rows_max: usize,
        mut visit: impl FnMut([Value<'a>; N]),
    ) -> Option<()> {
        let mut left = self.bytes.len() / self.page_bytes;
        let mut open = vec![root];
        while let Some(number) = open.pop() {
            // Each page has one place in one tree: more are a circle.
            left = left.checked_sub(1)?;
            let page = self.page(number)?;
            let header = if number == SCHEMA { HEADER_BYTES } else { 0 };
            let kind = *page.get(header)?;
            let cells = usize::from(be16(page, header + 3)?);
            let pointers = header + if kind == INTERIOR { 12 } else { 8 };
            let cell = |index: usize| be16(page, pointers + 2 * index).map(usize::from);
            match kind {
                INTERIOR => {
                    open.push(be32(page, header + 8)?);
                    for index in (0..cells).rev() {
                        open.push(be32(page, cell(index)?)?);
                    }
                }
                LEAF => {
                    rows_max = rows_max.checked_sub(cells)?;
                    for index in 0..cells {
                        visit(columns(self.payload(page.get(cell(index)?..)?)?)?);
                    }
                }
                _ => return None,
            }
        }
        Some(())
    }

    fn page(&self, number: u32) -> Option<&'a [u8]> {
        let start = (number as usize)
            .checked_sub(1)?
            .checked_mul(self.page_bytes)?;
        self.bytes.get(start..start.checked_add(self.usable)?)
    }

    /// The part of a cell's row that is in its page: all of a short one.
    fn payload(&self, cell: &'a [u8]) -> Option<&'a [u8]> {
        let (length, cell) = varint(cell)?;
        let (_row, cell) = varint(cell)?;
        let length = usize::try_from(length).ok()?;
        let most = self.usable - 35;
        let least = (self.usable - 12) * 32 / 255 - 23;
        let here = if length <= most {
            length
        } else {
            let rest = least + (length - least) % (self.usable - 4);
            if rest <= most { rest } else { least }
        };
        cell.get(..here)
    }
}

/// The first columns of a row; those that it does not have are [`Value::Other`].
fn columns<const N: usize>(row: &[u8]) -> Option<[Value<'_>; N]> {
    let (header_bytes, rest) = varint(row)?;
    let header_bytes = usize::try_from(header_bytes).ok()?;
    let mut types = row.get(row.len() - rest.len()..header_bytes)?;
    let mut body = row.get(header_bytes..)?;
    let mut values = [Value::Other; N];
    for value in &mut values {
        let Some((kind, rest)) = varint(types) else {
            break;
        };
        types = rest;
        let length = match kind {
            0 | 8 | 9 => 0,
            1..=4 => kind,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => return None,
            kind => (kind - 12) / 2,
        };
        let Some((bytes, rest)) = body.split_at_checked(usize::try_from(length).ok()?) else {
            break;
        };
        body = rest;
        *value = match kind {
            1..=6 => Value::Integer(integer(bytes)),
            8 => Value::Integer(0),
            9 => Value::Integer(1),
            kind if kind >= 13 && kind % 2 == 1 => {
                std::str::from_utf8(bytes).map_or(Value::Other, Value::Text)
            }
            _ => Value::Other,
        };
    }
    Some(values)
}

/// A big-endian number with a sign, of at most eight bytes.
fn integer(bytes: &[u8]) -> i64 {
    let sign = bytes
        .first()
        .map_or(0, |first| i64::from(first.cast_signed() >> 7));
    bytes
        .iter()
        .fold(sign, |number, byte| number << 8 | i64::from(*byte))
}

/// A number of one to nine bytes, and what follows it.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0_u64;
    for (at, &byte) in bytes.iter().enumerate().take(9) {
        if at == 8 {
            return Some((number << 8 | u64::from(byte), &bytes[9..]));
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte < 0x80 {
            return Some((number, &bytes[at + 1..]));
        }
    }
    None
}

fn be16(page: &[u8], at: usize) -> Option<u16> {
    let bytes = page.get(at..)?.first_chunk()?;
    Some(u16::from_be_bytes(*bytes))
}

fn be32(page: &[u8], at: usize) -> Option<u32> {
    let bytes = page.get(at..)?.first_chunk()?;
    Some(u32::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::enrich::fixtures;

    fn database() -> Vec<u8> {
        std::fs::read(fixtures::path("podman-5.8/graphroot/db.sql")).unwrap()
    }

    #[test]
    fn rows_of_a_table() {
        let bytes = database();
        let pods = table(&bytes, "PodConfig", ["ID", "Name"], 10).unwrap();
        let id = "31faf3d286b424be95dacaf251732126443239bebfa44459586d377906e8e186";
        assert_eq!(pods, [[Some(id), Some("mypod")]]);
        let mut containers = table(&bytes, "ContainerConfig", ["ID", "Name", "PodID"], 10).unwrap();
        containers.sort_unstable();
        let found: Vec<_> = containers
            .iter()
            .map(|[_, name, pod]| (*name, *pod))
            .collect();
        assert_eq!(
            found,
            [
                (Some("pm5-rm"), None),
                (Some("pm5-renamed"), None),
                (Some("pm5-inpod"), Some(id)),
            ]
        );
    }

    #[test]
    fn another_table_or_other_columns_are_not_read() {
        let bytes = database();
        assert_eq!(table(&bytes, "PodConfig", ["Name", "ID"], 10), None);
        assert_eq!(table(&bytes, "Nothing", ["ID"], 10), None);
        assert_eq!(table(b"", "PodConfig", ["ID"], 10), None);
    }

    #[test]
    fn a_table_of_too_many_rows_is_refused() {
        let bytes = database();
        let containers = |rows| table(&bytes, "ContainerConfig", ["ID", "Name"], rows);
        assert_eq!(containers(1000).unwrap().len(), 3);
        assert_eq!(containers(2), None);
    }

    #[test]
    fn numbers() {
        assert_eq!(varint(&[0x81, 0x00, 7]), Some((128, &[7][..])));
        assert_eq!(varint(&[0xff; 9]), Some((u64::MAX, &[][..])));
        assert_eq!(varint(&[0x80]), None);
        assert_eq!((integer(&[0xff, 0xfe]), integer(&[1, 0])), (-2, 256));
    }

    proptest! {
        /// A file that is cut off or damaged gives rows or none, and no panic.
        #[test]
        fn any_damage(at in any::<prop::sample::Index>(), length in 1..64_usize, byte in any::<u8>(), cut in any::<bool>()) {
            let mut bytes = database();
            let at = at.index(bytes.len());
            if cut {
                bytes.truncate(at);
            } else {
                let end = (at + length).min(bytes.len());
                bytes[at..end].fill(byte);
            }
            let _rows = table(&bytes, "ContainerConfig", ["ID", "Name", "PodID"], 1000);
        }
    }
}
