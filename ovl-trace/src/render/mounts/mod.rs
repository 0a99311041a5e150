//! The list of overlay mounts.

mod json;
#[cfg(test)]
mod tests;

use std::{
    io::{self, Write},
    os::unix::ffi::OsStrExt as _,
    path::Path,
};

pub use self::json::write_json;
use super::{
    grid::{Column, Grid},
    sanitize,
    style::Style,
    units,
};
use crate::model::{Layer, Origin};

/// One overlay mount.
#[derive(Clone, Debug)]
pub struct MountsRow {
    /// The mount and its owner.
    pub origin: Origin,
    /// Number of layers, the upper one included.
    pub layers: usize,
    /// It has no upperdir, or is mounted read-only.
    pub read_only: bool,
    /// Number of mount namespaces that it was seen in.
    pub namespaces: usize,
    /// For each of the origin's layers, how many containers have it.
    pub shared_by: Vec<usize>,
    /// What the writable layer takes up; `None` if that is not known.
    pub upper_bytes: Option<u64>,
}

/// A lower layer of a mount.
struct RowLayer<'a> {
    /// 1 is the topmost.
    index: usize,
    layer: &'a Layer,
    shared_by: usize,
}

impl MountsRow {
    fn layers(&self) -> impl Iterator<Item = RowLayer<'_>> {
        let layers = self.origin.layers.iter().enumerate();
        layers.map(|(above, layer)| RowLayer {
            index: above + 1,
            layer,
            shared_by: self.shared_by.get(above).copied().unwrap_or(1),
        })
    }
}

/// How the list is written for people.
#[derive(Clone, Copy, Debug, Default)]
pub struct Table {
    /// The terminal's; `None` cuts nothing. The upperdir is never cut: it is
    /// there to be copied.
    pub width: Option<u16>,
    /// The layers of each mount come after the list.
    pub layers: bool,
    /// With a column for the size of the writable layer.
    pub size: bool,
}

impl Table {
    /// Writes the list.
    pub fn write(self, out: &mut dyn Write, style: Style, rows: &[MountsRow]) -> io::Result<()> {
        if rows.is_empty() {
            return writeln!(out, "No overlay mounts.");
        }
        let mut columns = vec![
            Column::Word("DEVICE"),
            Column::Text("CONTAINER"),
            Column::Text("IMAGE"),
            Column::Word("RUNTIME"),
            Column::Number("LAYERS"),
        ];
        if self.size {
            columns.push(Column::Number("SIZE"));
        }
        columns.push(Column::Word("UPPERDIR"));
        let mut grid = Grid::new(columns, self.width);
        for row in rows {
            grid.row(self.cells(row));
        }
        grid.write(out, style, "")?;
        if self.layers {
            for row in rows {
                self.write_layers(out, style, row)?;
            }
        }
        Ok(())
    }

    fn cells(self, row: &MountsRow) -> Vec<String> {
        let container = row.origin.container.as_ref();
        let image = container.and_then(|container| container.image.as_deref());
        let unknown = || "-".to_owned();
        let mut cells = vec![
            row.origin.mount.device.to_string(),
            container.map_or_else(unknown, |container| sanitize::text(container.label())),
            image.map_or_else(unknown, sanitize::text),
            container.map_or_else(unknown, |container| container.runtime.to_string()),
            row.layers.to_string(),
        ];
        if self.size {
            cells.push(row.upper_bytes.map_or_else(unknown, units::bytes));
        }
        cells.push(upperdir(row));
        cells
    }

    fn write_layers(self, out: &mut dyn Write, style: Style, row: &MountsRow) -> io::Result<()> {
        let Some(container) = &row.origin.container else {
            return Ok(());
        };
        let device = row.origin.mount.device;
        writeln!(out, "\n{} ({device})", sanitize::text(container.label()))?;
        if row.origin.layers.is_empty() {
            return writeln!(out, "  layers not known");
        }
        let columns = vec![
            Column::Number("LAYER"),
            Column::Word("DIGEST"),
            Column::Number("CONTAINERS"),
            Column::Text("INSTRUCTION"),
        ];
        let mut grid = Grid::new(columns, self.width.map(|width| width.saturating_sub(2)));
        for layer in row.layers() {
            let instruction = layer.layer.instruction();
            grid.row(vec![
                layer.index.to_string(),
                layer
                    .layer
                    .digest
                    .as_deref()
                    .map_or_else(|| "-".to_owned(), short),
                layer.shared_by.to_string(),
                instruction.map_or_else(|| "-".to_owned(), |text| sanitize::text(&text)),
            ]);
        }
        grid.write(out, style, "  ")
    }
}

/// As much of a digest as tells layers apart.
fn short(digest: &str) -> String {
    let end = digest.find(':').map_or(12, |colon| colon + 13);
    sanitize::text(digest.get(..end).unwrap_or(digest))
}

fn upperdir(row: &MountsRow) -> String {
    match (&row.origin.mount.upperdir, row.read_only) {
        (Some(upperdir), false) => path(upperdir),
        (Some(upperdir), true) => format!("{} (read-only)", path(upperdir)),
        (None, true) => "(read-only)".to_owned(),
        (None, false) => "?".to_owned(),
    }
}

fn path(path: &Path) -> String {
    sanitize::bytes(path.as_os_str().as_bytes())
}
