//! Origins as JSON.

use std::{
    ffi::OsString,
    fmt,
    os::unix::ffi::{OsStrExt as _, OsStringExt as _},
    path::{Path, PathBuf},
};

use ovl_trace_common::overlay::OverlayKey;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeSeed as _, Error as _, SeqAccess, Visitor},
};
use zerocopy::{FromBytes as _, IntoBytes as _};

use crate::{
    bounded_list::BoundedList,
    model::{Container, DeviceNumber, Layer, Mount, Origin, Runtime},
};

/// Most bytes of an origin. Beyond it the writer leaves out what made the layers, then all
/// lower layers, then all paths. A reader does the same to an origin of an older writer.
pub const ORIGIN_BYTES_MAX: usize = 64 << 10;

/// Most lower layers of an overlay (`OVL_MAX_STACK`, `fs/overlayfs/params.h`).
const LAYERS_MAX: usize = 500;

/// Most bytes of a path that is no text.
const PATH_BYTES_MAX: usize = 64 << 10;

/// Text where it is text, else its bytes.
#[derive(Serialize)]
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
    #[serde(default, deserialize_with = "few")]
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
    #[serde(deserialize_with = "few")]
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
    json.shorten(overlay)
}

fn payload(overlay: OverlayKey, json: &OriginJson) -> serde_json::Result<Vec<u8>> {
    let mut payload = overlay.as_bytes().to_vec();
    serde_json::to_writer(&mut payload, json)?;
    Ok(payload)
}

/// Reads the payload of a frame. `None` if it is no origin.
pub(super) fn decode(payload: &[u8]) -> Option<(OverlayKey, Origin)> {
    let (overlay, json) = OverlayKey::read_from_prefix(payload).ok()?;
    let mut json: OriginJson = serde_json::from_slice(json).ok()?;
    if payload.len() > ORIGIN_BYTES_MAX {
        json.container = json
            .container
            .map(|container| ContainerJson::new(&container.into()));
        json.shorten(overlay).ok()?;
    }
    Some((overlay, json.into()))
}

/// Reads a list that is no longer than the kernel allows.
fn few<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    BoundedList::new(LAYERS_MAX).deserialize(deserializer)
}

impl<'de> Deserialize<'de> for PathJson {
    /// Without the buffer that an untagged enumeration makes: it takes sixteen times the
    /// memory of the text.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Path;

        impl<'de> Visitor<'de> for Path {
            type Value = PathJson;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a path as text or as bytes")
            }

            fn visit_str<E>(self, text: &str) -> Result<PathJson, E> {
                Ok(PathJson::Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<PathJson, A::Error> {
                let mut bytes = Vec::new();
                while let Some(byte) = list.next_element()? {
                    if bytes.len() == PATH_BYTES_MAX {
                        return Err(A::Error::custom("the path is too long"));
                    }
                    bytes.push(byte);
                }
                Ok(PathJson::Bytes(bytes))
            }
        }

        deserializer.deserialize_any(Path)
    }
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
    /// Leaves out what matters least until the payload of a frame has at most
    /// [`ORIGIN_BYTES_MAX`]; that payload.
    fn shorten(&mut self, overlay: OverlayKey) -> serde_json::Result<Vec<u8>> {
        let steps: [fn(&mut Self); 3] = [
            |json| {
                for layer in &mut json.layers {
                    layer.created_by = None;
                }
            },
            |json| {
                json.layers.clear();
                json.mount.lowerdirs.clear();
            },
            |json| {
                json.mount.merged = None;
                json.mount.upperdir = None;
                json.mount.workdir = None;
                json.mount.upper_filesystem = None;
            },
        ];
        let mut payload = payload(overlay, self)?;
        for leave_out in steps {
            if payload.len() > ORIGIN_BYTES_MAX {
                leave_out(self);
                payload = self::payload(overlay, self)?;
            }
        }
        Ok(payload)
    }

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
        let container = container.clone().bounded();
        Self {
            runtime: container.runtime.name().to_owned(),
            id: container.id,
            name: container.name,
            image: container.image,
            pod: container.pod,
            namespace: container.namespace,
        }
    }
}

impl From<ContainerJson> for Container {
    fn from(json: ContainerJson) -> Self {
        let container = Self {
            id: json.id,
            name: json.name,
            image: json.image,
            runtime: Runtime::from_name(&json.runtime),
            pod: json.pod,
            namespace: json.namespace,
        };
        container.bounded()
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
        let layer = Self {
            id: json.id,
            digest: json.digest,
            created_by: json.created_by,
        };
        layer.bounded()
    }
}
