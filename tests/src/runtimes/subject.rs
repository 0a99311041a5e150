//! Containers that worked while they were observed, and what belongs to them.

use std::path::Path;

use serde_json::{Value, json};

use super::archive::ImageLayer;
use crate::docker::Layers;

/// A container, as its own runtime describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) image: Option<String>,
    pub(crate) runtime: &'static str,
    pub(crate) pod: Option<String>,
    pub(crate) namespace: Option<String>,
}

impl Identity {
    /// As events show it.
    pub(crate) fn json(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "image": self.image,
            "runtime": self.runtime,
            "pod": self.pod,
            "namespace": self.namespace,
        })
    }
}

/// A container that worked while it was observed.
pub(crate) struct Subject<'a> {
    pub(crate) identity: Identity,
    /// The layers of its image, the lowest first.
    pub(crate) layers: &'a [ImageLayer],
    /// Its root file system.
    pub(crate) overlay: Layers,
    /// What the runtime mounts and fills before it writes down whose it is:
    /// then lines may lack the name, but the report has it.
    pub(crate) before: Option<Layers>,
    /// The runtime may not know yet what its layers are: digests are computed
    /// at the end of a build. Then they may be missing, but not wrong.
    pub(crate) incomplete: bool,
    /// What it is called while it makes a step of a build.
    pub(crate) step: Option<&'static str>,
}

impl Subject<'_> {
    /// Whether this is it, under one of its names.
    pub(crate) fn is(&self, shown: &Value) -> bool {
        let identity = self.identity.json();
        let step = self.step.map(|name| {
            let mut identity = identity.clone();
            identity["name"] = name.into();
            identity
        });
        *shown == identity || step.is_some_and(|step| *shown == step)
    }
}

/// An overlay of a subject.
pub(crate) struct Part<'a> {
    pub(crate) subject: &'a Subject<'a>,
    pub(crate) directories: &'a Layers,
    /// It is the one before.
    pub(crate) early: bool,
}

impl Part<'_> {
    /// Whether an event or a row is this overlay's, by its upper directory. The
    /// mounter may have another root, or have given a relative path.
    pub(crate) fn has(&self, value: &Value) -> bool {
        let Some(reported) = value["mount"]["upperdir"].as_str() else {
            return false;
        };
        let end = |path: &Path| -> Vec<std::ffi::OsString> {
            let names: Vec<_> = path.iter().map(std::ffi::OsStr::to_owned).collect();
            names[names.len().saturating_sub(2)..].to_vec()
        };
        end(Path::new(reported)) == end(&self.directories.upper)
    }

    /// Whether the container that was shown is the right one, as far as it was
    /// known.
    pub(crate) fn is_named_by(&self, shown: &Value) -> bool {
        let identity = self.subject.identity.json();
        let known =
            |(field, value): (&String, &Value)| value.is_null() || *value == identity[field];
        let in_part = shown.is_null()
            || shown
                .as_object()
                .is_some_and(|shown| shown.iter().all(known));
        self.subject.is(shown) || self.early && in_part
    }
}

/// All overlays of these containers.
pub(crate) fn parts<'a>(subjects: &'a [Subject<'a>]) -> Vec<Part<'a>> {
    let of = |subject: &'a Subject<'a>| {
        let before = subject.before.iter().map(move |layers| Part {
            subject,
            directories: layers,
            early: true,
        });
        let own = Part {
            subject,
            directories: &subject.overlay,
            early: false,
        };
        before.chain([own])
    };
    subjects.iter().flat_map(of).collect()
}
