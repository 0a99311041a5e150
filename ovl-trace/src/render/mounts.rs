//! The list of overlay mounts.

use std::{
    borrow::Cow,
    io::{self, Write},
    os::unix::ffi::OsStrExt as _,
    path::Path,
};

use serde::Serialize;

use super::{
    grid::{Column, Grid},
    json::{self, ContainerJson, MountJson, to_writer_pretty},
    sanitize,
    style::Style,
};
use crate::model::Origin;

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
}

/// Writes the list for people. `width` is the terminal's; `None` cuts
/// nothing. The upperdir is never cut: it is there to be copied.
pub fn write_table(
    out: &mut dyn Write,
    style: Style,
    rows: &[MountsRow],
    width: Option<u16>,
) -> io::Result<()> {
    if rows.is_empty() {
        return writeln!(out, "No overlay mounts.");
    }
    let columns = vec![
        Column::Word("DEVICE"),
        Column::Text("CONTAINER"),
        Column::Text("IMAGE"),
        Column::Word("RUNTIME"),
        Column::Number("LAYERS"),
        Column::Word("UPPERDIR"),
    ];
    let mut grid = Grid::new(columns, width);
    for row in rows {
        let container = row.origin.container.as_ref();
        let image = container.and_then(|container| container.image.as_deref());
        grid.row(vec![
            row.origin.mount.device.to_string(),
            container.map_or_else(
                || "-".to_owned(),
                |container| sanitize::text(container.label()),
            ),
            image.map_or_else(|| "-".to_owned(), sanitize::text),
            container.map_or_else(|| "-".to_owned(), |container| container.runtime.to_string()),
            row.layers.to_string(),
            upperdir(row),
        ]);
    }
    grid.write(out, style, "")
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

/// Writes the list as one JSON object.
pub fn write_json(out: &mut dyn Write, rows: &[MountsRow]) -> io::Result<()> {
    to_writer_pretty(
        out,
        &MountsJson {
            schema: 1,
            mounts: rows.iter().map(RowJson::new).collect(),
        },
    )
}

#[derive(Serialize)]
struct MountsJson<'a> {
    schema: u32,
    mounts: Vec<RowJson<'a>>,
}

#[derive(Serialize)]
struct RowJson<'a> {
    container: Option<ContainerJson<'a>>,
    mount: MountJson<'a>,
    workdir: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workdir_bytes: Option<String>,
    lowerdirs: Vec<Cow<'a, str>>,
    /// All of them, if one is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    lowerdirs_bytes: Option<Vec<String>>,
    layers: usize,
    read_only: bool,
    namespaces: usize,
}

impl<'a> RowJson<'a> {
    fn new(row: &'a MountsRow) -> Self {
        let mount = &row.origin.mount;
        let (workdir, workdir_bytes) = json::path(mount.workdir.as_deref());
        let (lowerdirs, lowerdirs_bytes) = json::paths(&mount.lowerdirs);
        Self {
            container: row.origin.container.as_ref().map(Into::into),
            mount: mount.into(),
            workdir,
            workdir_bytes,
            lowerdirs,
            lowerdirs_bytes,
            layers: row.layers,
            read_only: row.read_only,
            namespaces: row.namespaces,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::test_support::{origin, unowned};

    const PLAIN: Style = Style { colour: false };

    fn rows() -> Vec<MountsRow> {
        let mut read_only = unowned();
        read_only.mount.device.minor = 31;
        read_only.mount.lowerdirs =
            vec!["/a".into(), std::ffi::OsStr::from_bytes(b"/b\xff").into()];
        let mut hostile = origin("db");
        hostile.container.as_mut().unwrap().name = Some("d\x1b[2Jb".to_owned());
        hostile.mount.upperdir = Some(std::ffi::OsStr::from_bytes(b"/up\n\xff").into());
        vec![
            MountsRow {
                origin: origin("web"),
                layers: 9,
                read_only: false,
                namespaces: 2,
            },
            MountsRow {
                origin: hostile,
                layers: 2,
                read_only: false,
                namespaces: 1,
            },
            MountsRow {
                origin: read_only,
                layers: 2,
                read_only: true,
                namespaces: 1,
            },
        ]
    }

    fn text(rows: &[MountsRow], width: Option<u16>) -> String {
        let mut out = Vec::new();
        write_table(&mut out, PLAIN, rows, width).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_table() {
        insta::assert_snapshot!(text(&rows(), Some(80)), @r"
        DEVICE  CONTAINER  IMAGE     RUNTIME  LAYERS  UPPERDIR
        0:28    web        shop/we…  docker        9  /var/lib/docker/overlay2/95be/diff
        0:28    d\x1b[2Jb  shop/db…  docker        2  /up\n\xff
        0:31    -          -         -             2  (read-only)
        ");
    }

    #[test]
    fn no_mounts() {
        assert_eq!(text(&[], None), "No overlay mounts.\n");
    }

    #[test]
    fn json() {
        let mut out = Vec::new();
        write_json(&mut out, &rows()[1..]).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r#"
        {
          "schema": 1,
          "mounts": [
            {
              "container": {
                "id": "6462646264626462646264626462646264626462646264626462646264626462",
                "name": "d\u001b[2Jb",
                "image": "shop/db:1.4",
                "runtime": "docker",
                "pod": null,
                "namespace": null
              },
              "mount": {
                "device": "0:28",
                "merged": "/var/lib/docker/overlay2/95be/merged",
                "upperdir": "/up\n�",
                "upperdir_bytes": "2f75700aff",
                "upper_filesystem": "ext4"
              },
              "workdir": "/var/lib/docker/overlay2/95be/work",
              "lowerdirs": [
                "/var/lib/docker/overlay2/l/ABC"
              ],
              "layers": 2,
              "read_only": false,
              "namespaces": 1
            },
            {
              "container": null,
              "mount": {
                "device": "0:31",
                "merged": null,
                "upperdir": null,
                "upper_filesystem": null
              },
              "workdir": null,
              "lowerdirs": [
                "/a",
                "/b�"
              ],
              "lowerdirs_bytes": [
                "2f61",
                "2f62ff"
              ],
              "layers": 2,
              "read_only": true,
              "namespaces": 1
            }
          ]
        }
        "#);
    }
}
