//! What a report shows, before it has a format: sheets of columns and rows, and
//! phrases. The table, Markdown and HTML are all made of these, so that they
//! cannot say different things.
//!
//! The text of a cell is harmless (see `sanitize`), but not escaped for any
//! format.

mod container;
mod distribution;
pub(crate) mod phrases;
mod summary;

pub(crate) use container::{files, layers, processes, size_class, sizes, triggers};
pub(crate) use distribution::{bucket, histogram, timeline};
pub(crate) use phrases::Identity;
pub(crate) use summary::summary;

/// The columns of the summary where there is room for all but the phases.
pub(crate) const SUMMARY: [&str; 11] = [
    "Name",
    "Image",
    "Copy-ups",
    "Data",
    "Dirs",
    "Bytes",
    "P50",
    "P90",
    "P99",
    "Max",
    "Whiteouts",
];

/// How a column is to be read, and its heading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heading {
    /// Numbers with a unit.
    Number(&'static str),
    /// Words of this program.
    Word(&'static str),
    /// A name that somebody else gave.
    Name(&'static str),
    /// A path.
    Path(&'static str),
}

impl Heading {
    /// The heading itself.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Number(text) | Self::Word(text) | Self::Name(text) | Self::Path(text) => text,
        }
    }
}

/// Rows under headings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sheet {
    pub(crate) headings: Vec<Heading>,
    pub(crate) rows: Vec<Vec<String>>,
    /// The sum of the rows, where there is one.
    pub(crate) total: Option<Vec<String>>,
    /// What is said below: how many rows are not listed.
    pub(crate) rest: Option<String>,
}

impl Sheet {
    fn new(headings: &[Heading]) -> Self {
        Self {
            headings: headings.to_vec(),
            rows: Vec::new(),
            total: None,
            rest: None,
        }
    }

    /// The columns with these headings, in this order.
    pub(crate) fn select(&self, wanted: &[&str]) -> Self {
        let indices: Vec<usize> = wanted
            .iter()
            .filter_map(|name| self.headings.iter().position(|it| it.text() == *name))
            .collect();
        debug_assert_eq!(indices.len(), wanted.len());
        let pick = |row: &Vec<String>| indices.iter().map(|index| row[*index].clone()).collect();
        Self {
            headings: indices.iter().map(|index| self.headings[*index]).collect(),
            rows: self.rows.iter().map(pick).collect(),
            total: self.total.as_ref().map(pick),
            rest: self.rest.clone(),
        }
    }

    /// The first rows only; the others are counted below.
    pub(crate) fn first(&self, count: usize, what: &str) -> Self {
        let mut first = self.clone();
        if first.rows.len() > count {
            first.rest = Some(format!("and {} more {what}", first.rows.len() - count));
            first.rows.truncate(count);
        }
        first
    }
}
