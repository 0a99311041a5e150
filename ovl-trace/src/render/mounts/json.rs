//! The list as JSON.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use serde::Serialize;

use super::{MountsRow, RowLayer};
use crate::render::json::{self, ContainerJson, MountJson, to_writer_pretty};

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
    layer_count: usize,
    /// Empty if the runtime's store does not tell.
    layers: Vec<LayerJson<'a>>,
    read_only: bool,
    namespaces: usize,
    /// `null` unless it was asked for.
    upper_bytes: Option<u64>,
}

#[derive(Serialize)]
struct LayerJson<'a> {
    /// 1 is the topmost.
    index: usize,
    id: &'a str,
    digest: Option<&'a str>,
    instruction: Option<Cow<'a, str>>,
    /// Containers with this layer, this one included.
    containers: usize,
}

impl<'a> LayerJson<'a> {
    fn new(row: &RowLayer<'a>) -> Self {
        Self {
            index: row.index,
            id: &row.layer.id,
            digest: row.layer.digest.as_deref(),
            instruction: row.layer.instruction(),
            containers: row.shared_by,
        }
    }
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
            layer_count: row.layers,
            layers: row.layers().map(|layer| LayerJson::new(&layer)).collect(),
            read_only: row.read_only,
            namespaces: row.namespaces,
            upper_bytes: row.upper_bytes,
        }
    }
}
