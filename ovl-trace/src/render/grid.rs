//! Columns of text: no borders, numbers to the right, one line per row.
//!
//! With a width, the columns that may shrink do, the widest first, and what they
//! lose in their middle is a `…`. Without one (a pipe) nothing is cut.

use std::io::{self, Write};

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::style::Style;

/// Blanks between two columns.
const GAP: usize = 2;

/// A column is not cut to less than this while there is another one to cut.
const TEXT_MIN: usize = 16;
const PATH_MIN: usize = 30;

/// Nothing is cut to less than this.
const MIN: usize = 6;

/// How a column behaves, and its heading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    /// To the right, never cut.
    Number(&'static str),
    /// To the left, never cut.
    Word(&'static str),
    /// To the left, cut if there is no room.
    Text(&'static str),
    /// The same; more is left of its end, the name of the file.
    Path(&'static str),
}

impl Column {
    fn heading(self) -> String {
        match self {
            Self::Number(name) | Self::Word(name) | Self::Text(name) | Self::Path(name) => {
                name.to_uppercase()
            }
        }
    }

    /// The least width that is still good to read; `None`: it is never cut.
    const fn least(self) -> Option<usize> {
        match self {
            Self::Number(_) | Self::Word(_) => None,
            Self::Text(_) => Some(TEXT_MIN),
            Self::Path(_) => Some(PATH_MIN),
        }
    }
}

/// Rows under headings. The cells have to be harmless already.
pub(crate) struct Grid {
    columns: Vec<Column>,
    /// The headings are the first row.
    rows: Vec<Vec<String>>,
    width: Option<u16>,
}

impl Grid {
    pub(crate) fn new(columns: Vec<Column>, width: Option<u16>) -> Self {
        let headings = columns.iter().map(|column| column.heading()).collect();
        Self {
            columns,
            rows: vec![headings],
            width,
        }
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        debug_assert_eq!(cells.len(), self.columns.len());
        self.rows.push(cells);
    }

    /// Whether it can be written in its width and still be read well.
    pub(crate) fn fits(&self) -> bool {
        let widths = self.natural_widths().into_iter().zip(&self.columns);
        let least =
            widths.map(|(width, column)| column.least().map_or(width, |min| width.min(min)));
        let least = least.sum::<usize>() + GAP * self.columns.len().saturating_sub(1);
        self.width.is_none_or(|width| least <= usize::from(width))
    }

    /// Writes the headings and rows, each line after `indent`, which is not part
    /// of the width.
    pub(crate) fn write(&self, out: &mut dyn Write, style: Style, indent: &str) -> io::Result<()> {
        let widths = self.widths();
        for (index, row) in self.rows.iter().enumerate() {
            let mut line = String::new();
            for (column, (cell, width)) in self.columns.iter().zip(row.iter().zip(&widths)) {
                let cell = match column {
                    Column::Path(_) => cut(cell, *width, 3),
                    _ => cut(cell, *width, 2),
                };
                let blanks = " ".repeat(width.saturating_sub(cell.width()));
                if let Column::Number(_) = column {
                    line.extend([&blanks, cell.as_str()]);
                } else {
                    line.extend([cell.as_str(), &blanks]);
                }
                line.push_str(&" ".repeat(GAP));
            }
            let line = line.trim_end();
            if index == 0 {
                writeln!(out, "{indent}{}", style.bold(line))?;
            } else {
                writeln!(out, "{indent}{line}")?;
            }
        }
        Ok(())
    }

    fn natural_widths(&self) -> Vec<usize> {
        let widest = |index: usize| self.rows.iter().map(|row| row[index].width()).max();
        (0..self.columns.len())
            .map(|index| widest(index).unwrap_or(0))
            .collect()
    }

    /// The widths that the columns get.
    fn widths(&self) -> Vec<usize> {
        let mut widths = self.natural_widths();
        let Some(limit) = self.width.map(usize::from) else {
            return widths;
        };
        let gaps = GAP * widths.len().saturating_sub(1);
        while widths.iter().sum::<usize>() + gaps > limit {
            // How much a column could spare: first down to what is good to read,
            // and when all are that narrow, down to what can be read at all.
            let spare = |index: usize, min: usize| widths[index].saturating_sub(min);
            let shrinkable = |index: &usize| self.columns[*index].least().is_some();
            let comfortable = (0..widths.len())
                .filter(shrinkable)
                .max_by_key(|index| spare(*index, self.columns[*index].least().unwrap_or(0)));
            let widest = (0..widths.len())
                .filter(shrinkable)
                .max_by_key(|index| spare(*index, MIN));
            let least = |index: usize| self.columns[index].least().unwrap_or(0);
            match (comfortable, widest) {
                (Some(index), _) if spare(index, least(index)) > 0 => widths[index] -= 1,
                (_, Some(index)) if spare(index, MIN) > 0 => widths[index] -= 1,
                _ => break,
            }
        }
        widths
    }
}

/// The text, without its middle if it is too wide: one part in `parts` of what
/// remains is its beginning.
pub(crate) fn cut(text: &str, width: usize, parts: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(1);
    let head = prefix(text.chars(), room.div_ceil(parts.max(1)));
    let tail: Vec<char> = prefix(
        text.chars().rev(),
        room.saturating_sub(head.as_str().width()),
    )
    .chars()
    .rev()
    .collect();
    head.chars().chain(['…']).chain(tail).collect()
}

/// As many characters as fit.
fn prefix(chars: impl Iterator<Item = char>, width: usize) -> String {
    let mut used = 0;
    chars
        .take_while(|c| {
            used += c.width().unwrap_or(0);
            used <= width
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn grid(width: Option<u16>) -> String {
        let columns = vec![
            Column::Text("Name"),
            Column::Number("Count"),
            Column::Path("Path"),
        ];
        let mut grid = Grid::new(columns, width);
        for (name, count) in [("web", 7), ("RUN a very long build step", 1234)] {
            grid.row(vec![
                name.to_owned(),
                count.to_string(),
                "/srv/app/part-7/file-738.txt".to_owned(),
            ]);
        }
        let mut out = Vec::new();
        grid.write(&mut out, Style { colour: false }, "").unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn without_a_width_nothing_is_cut() {
        insta::assert_snapshot!(grid(None), @r"
        NAME                        COUNT  PATH
        web                             7  /srv/app/part-7/file-738.txt
        RUN a very long build step   1234  /srv/app/part-7/file-738.txt
        ");
    }

    #[test]
    fn only_text_and_paths_are_cut_in_their_middle() {
        insta::assert_snapshot!(grid(Some(60)), @r"
        NAME                     COUNT  PATH
        web                          7  /srv/app/part-7/file-738.txt
        RUN a very … build step   1234  /srv/app/part-7/file-738.txt
        ");
        insta::assert_snapshot!(grid(Some(40)), @r"
        NAME              COUNT  PATH
        web                   7  /srv/…e-738.txt
        RUN a ve…ld step   1234  /srv/…e-738.txt
        ");
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(cut("日本語日本語", 12, 2), "日本語日本語");
        assert_eq!(cut("日本語日本語", 7, 2), "日…本語");
        assert_eq!(cut("abc", 2, 2), "a…");
        assert_eq!(cut("abc", 0, 2), "…");
    }

    proptest! {
        #[test]
        fn what_is_cut_fits(text in "\\PC{0,40}", width in 1_usize..30, parts in 1_usize..4) {
            prop_assert!(cut(&text, width, parts).width() <= width);
        }
    }
}
