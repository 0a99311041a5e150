//! Origins as JSON.

use std::{
    ffi::OsString,
    os::unix::ffi::{OsStrExt as _, OsStringExt as _},
    path::{Path, PathBuf},
};

use ovl_trace_common::overlay::OverlayKey;
use serde::{Deserialize, Serialize};
use zerocopy::{FromBytes as _, IntoBytes as _};

use crate::model::{Container, DeviceNumber, Layer, Mount, Origin, Runtime};

/// Most bytes of an origin. Beyond it the writer leaves out what made the
/// layers, then all lower layers.
pub const ORIGIN_BYTES_MAX: usize = 64 << 10;

/// Text where it is text, else its bytes.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum PathJson {
    Text(String),
    Bytes(Vec<u8>),
}

#[derive(Serialize, Deserialize)]
struct OriginJson {
    #[serde(default)]
    container: Option<ContainerJson>,
    mount: MountJson,
    #[serde(default)]
    layers: Vec<LayerJson>,
}

#[derive(Serialize, Deserialize)]
struct ContainerJson {
    id: String,
    name: Option<String>,
    image: Option<String>,
    runtime: String,
    pod: Option<String>,
    namespace: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct MountJson {
    device: (u32, u32),
    merged: Option<PathJson>,
    upperdir: Option<PathJson>,
    workdir: Option<PathJson>,
    upper_filesystem: Option<String>,
    lowerdirs: Vec<PathJson>,
}

#[derive(Serialize, Deserialize)]
struct LayerJson {
    id: String,
    digest: Option<String>,
    created_by: Option<String>,
}

/// The payload of a frame, of at most [`ORIGIN_BYTES_MAX`] and a key.
pub(super) fn encode(overlay: OverlayKey, origin: &Origin) -> serde_json::Result<Vec<u8>> {
    let mut json = OriginJson::new(origin);
    let mut payload = payload(overlay, &json)?;
    if payload.len() > ORIGIN_BYTES_MAX {
        for layer in &mut json.layers {
            layer.created_by = None;
        }
        payload = self::payload(overlay, &json)?;
    }
    if payload.len() > ORIGIN_BYTES_MAX {
        json.layers.clear();
        json.mount.lowerdirs.clear();
        payload = self::payload(overlay, &json)?;
    }
    Ok(payload)
}

fn payload(overlay: OverlayKey, json: &OriginJson) -> serde_json::Result<Vec<u8>> {
    let mut payload = overlay.as_bytes().to_vec();
    serde_json::to_writer(&mut payload, json)?;
    Ok(payload)
}

/// `None` if it is none, or longer than any that is written.
pub(super) fn decode(payload: &[u8]) -> Option<(OverlayKey, Origin)> {
    let (overlay, json) = OverlayKey::read_from_prefix(payload).ok()?;
    if payload.len() > ORIGIN_BYTES_MAX {
        return None;
    }
    let json: OriginJson = serde_json::from_slice(json).ok()?;
    Some((overlay, json.into()))
}

impl PathJson {
    fn new(path: &Path) -> Self {
        match path.to_str() {
            Some(text) => Self::Text(text.to_owned()),
            None => Self::Bytes(path.as_os_str().as_bytes().to_vec()),
        }
    }

    fn path(self) -> PathBuf {
        match self {
            Self::Text(text) => text.into(),
            Self::Bytes(bytes) => OsString::from_vec(bytes).into(),
        }
    }
}

impl OriginJson {
    fn new(origin: &Origin) -> Self {
        let path = |path: &Option<PathBuf>| path.as_deref().map(PathJson::new);
        let Mount {
            device,
            merged,
            upperdir,
            workdir,
            upper_filesystem,
            lowerdirs,
        } = &origin.mount;
        Self {
            container: origin.container.as_ref().map(ContainerJson::new),
            mount: MountJson {
                device: (device.major, device.minor),
                merged: path(merged),
                upperdir: path(upperdir),
                workdir: path(workdir),
                upper_filesystem: upper_filesystem.clone(),
                lowerdirs: lowerdirs.iter().map(|path| PathJson::new(path)).collect(),
            },
            layers: origin.layers.iter().map(LayerJson::new).collect(),
        }
    }
}

impl From<OriginJson> for Origin {
    fn from(json: OriginJson) -> Self {
        let MountJson {
            device: (major, minor),
            merged,
            upperdir,
            workdir,
            upper_filesystem,
            lowerdirs,
        } = json.mount;
        Self {
            container: json.container.map(Container::from),
            mount: Mount {
                device: DeviceNumber { major, minor },
                merged: merged.map(PathJson::path),
                upperdir: upperdir.map(PathJson::path),
                workdir: workdir.map(PathJson::path),
                upper_filesystem,
                lowerdirs: lowerdirs.into_iter().map(PathJson::path).collect(),
            },
            layers: json.layers.into_iter().map(Layer::from).collect(),
        }
    }
}

impl ContainerJson {
    fn new(container: &Container) -> Self {
        Self {
            id: container.id.clone(),
            name: container.name.clone(),
            image: container.image.clone(),
            runtime: container.runtime.name().to_owned(),
            pod: container.pod.clone(),
            namespace: container.namespace.clone(),
        }
    }
}

impl From<ContainerJson> for Container {
    fn from(json: ContainerJson) -> Self {
        Self {
            id: json.id,
            name: json.name,
            image: json.image,
            runtime: Runtime::from_name(&json.runtime),
            pod: json.pod,
            namespace: json.namespace,
        }
    }
}

impl LayerJson {
    fn new(layer: &Layer) -> Self {
        Self {
            id: layer.id.clone(),
            digest: layer.digest.clone(),
            created_by: layer.created_by.clone(),
        }
    }
}

impl From<LayerJson> for Layer {
    fn from(json: LayerJson) -> Self {
        Self {
            id: json.id,
            digest: json.digest,
            created_by: json.created_by,
        }
    }
}
