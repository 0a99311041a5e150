//! The list in both forms.

use super::*;
use crate::model::test_support::{origin, unowned};

const PLAIN: Style = Style { colour: false };

fn rows() -> Vec<MountsRow> {
    let mut read_only = unowned();
    read_only.mount.device.minor = 31;
    read_only.mount.lowerdirs = vec!["/a".into(), std::ffi::OsStr::from_bytes(b"/b\xff").into()];
    let mut hostile = origin("db");
    hostile.container.as_mut().unwrap().name = Some("d\x1b[2Jb".to_owned());
    hostile.mount.upperdir = Some(std::ffi::OsStr::from_bytes(b"/up\n\xff").into());
    vec![
        MountsRow {
            origin: origin("web"),
            layers: 2,
            read_only: false,
            namespaces: 2,
            shared_by: vec![2],
            upper_bytes: Some(300 << 20),
        },
        MountsRow {
            origin: hostile,
            layers: 2,
            read_only: false,
            namespaces: 1,
            shared_by: vec![2],
            upper_bytes: None,
        },
        MountsRow {
            origin: read_only,
            layers: 2,
            read_only: true,
            namespaces: 1,
            shared_by: Vec::new(),
            upper_bytes: None,
        },
    ]
}

fn text(rows: &[MountsRow], table: Table) -> String {
    let mut out = Vec::new();
    table.write(&mut out, PLAIN, rows).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_table() {
    let table = Table {
        width: Some(80),
        ..Table::default()
    };
    insta::assert_snapshot!(text(&rows(), table), @r"
    DEVICE  CONTAINER  IMAGE     RUNTIME  LAYERS  UPPERDIR
    0:28    web        shop…1.4  docker        2  /var/lib/docker/overlay2/95be/diff
    0:28    d\x1b[2Jb  shop…1.4  docker        2  /up\n\xff
    0:31    -          -         -             2  (read-only)
    ");
}

#[test]
fn with_sizes_and_layers() {
    let mut rows = rows();
    rows[1].origin.layers[0].created_by = Some("RUN a\u{1b}[2J".to_owned());
    rows[1].origin.layers[0].digest = None;
    rows[0].origin.layers.push(Layer::default());
    let mut unknown = rows[0].clone();
    unknown.origin.layers.clear();
    rows.push(unknown);
    let table = Table {
        width: None,
        layers: true,
        size: true,
    };
    insta::assert_snapshot!(text(&rows, table), @r"
    DEVICE  CONTAINER  IMAGE         RUNTIME  LAYERS       SIZE  UPPERDIR
    0:28    web        shop/web:1.4  docker        2  300.0 MiB  /var/lib/docker/overlay2/95be/diff
    0:28    d\x1b[2Jb  shop/db:1.4   docker        2          -  /up\n\xff
    0:31    -          -             -             2          -  (read-only)
    0:28    web        shop/web:1.4  docker        2  300.0 MiB  /var/lib/docker/overlay2/95be/diff

    web (0:28)
      LAYER  DIGEST         CONTAINERS  INSTRUCTION
          1  sha256:f9fc76           2  COPY model.bin /srv/
          2  -                       1  -

    d\x1b[2Jb (0:28)
      LAYER  DIGEST  CONTAINERS  INSTRUCTION
          1  -                2  RUN a\x1b[2J

    web (0:28)
      layers not known
    ");
}

#[test]
fn no_mounts() {
    assert_eq!(text(&[], Table::default()), "No overlay mounts.\n");
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
          "layer_count": 2,
          "layers": [
            {
              "index": 1,
              "id": "f9fc",
              "digest": "sha256:f9fc76",
              "instruction": "COPY model.bin /srv/",
              "containers": 2
            }
          ],
          "read_only": false,
          "namespaces": 1,
          "upper_bytes": null
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
          "layer_count": 2,
          "layers": [],
          "read_only": true,
          "namespaces": 1,
          "upper_bytes": null
        }
      ]
    }
    "#);
}
