//! Columns of text: no borders, numbers to the right, one line per row.
//!
//! With a width, the columns that may shrink do, and what they cut ends with
//! `…`. Without one (a pipe) nothing is cut.

use std::io::{self, Write};

use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, Row, Table, presets};

use super::style::Style;

/// How a column behaves, and its heading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    /// To the right, never cut.
    Number(&'static str),
    /// To the left, never cut.
    Word(&'static str),
    /// To the left, cut if there is no room.
    Text(&'static str),
}

/// Rows under headings. The cells have to be harmless already.
pub(crate) struct Grid {
    table: Table,
    columns: Vec<Column>,
}

impl Grid {
    pub(crate) fn new(columns: Vec<Column>, width: Option<u16>) -> Self {
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_truncation_indicator("…")
            // Not a character of harmless text: cut anywhere, not at words.
            .set_delimiter('\0')
            .set_header(columns.iter().map(|column| match column {
                Column::Number(name) | Column::Word(name) | Column::Text(name) => *name,
            }));
        match width {
            Some(width) => table
                .set_content_arrangement(ContentArrangement::Dynamic)
                .set_width(width),
            None => table.set_content_arrangement(ContentArrangement::Disabled),
        };
        let last = columns.len().saturating_sub(1);
        for (index, column) in columns.iter().enumerate() {
            let Some(settings) = table.column_mut(index) else {
                continue;
            };
            settings.set_padding((0, if index == last { 0 } else { 2 }));
            if let Column::Number(_) = column {
                settings.set_cell_alignment(CellAlignment::Right);
            }
            if !matches!(column, Column::Text(_)) {
                settings.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        Self { table, columns }
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        debug_assert_eq!(cells.len(), self.columns.len());
        let mut row = Row::from(cells.into_iter().map(Cell::new_owned).collect::<Vec<_>>());
        row.max_height(1);
        self.table.add_row(row);
    }

    /// Writes the headings and rows, each line after `indent`.
    pub(crate) fn write(&self, out: &mut dyn Write, style: Style, indent: &str) -> io::Result<()> {
        for (index, line) in self.table.lines().enumerate() {
            let line = line.trim_end();
            if index == 0 {
                writeln!(out, "{indent}{}", style.bold(line))?;
            } else {
                writeln!(out, "{indent}{line}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(width: Option<u16>) -> String {
        let columns = vec![
            Column::Text("NAME"),
            Column::Number("COUNT"),
            Column::Word("PATH"),
        ];
        let mut grid = Grid::new(columns, width);
        for (name, count) in [("web", 7), ("RUN a very long build step", 1234)] {
            grid.row(vec![
                name.to_owned(),
                count.to_string(),
                "/srv/x y".to_owned(),
            ]);
        }
        let mut out = Vec::new();
        grid.write(&mut out, Style { colour: false }, "  ").unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn without_a_width_nothing_is_cut() {
        insta::assert_snapshot!(grid(None), @r"
        NAME                        COUNT  PATH
        web                             7  /srv/x y
        RUN a very long build step   1234  /srv/x y
        ");
    }

    #[test]
    fn only_text_is_cut() {
        insta::assert_snapshot!(grid(Some(30)), @r"
        NAME           COUNT  PATH
        web                7  /srv/x y
        RUN a very l…   1234  /srv/x y
        ");
    }
}
