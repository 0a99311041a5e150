//! `BuildKit`'s own records of its layers: what runs, or ran, to make each
//! (buildkit `cache/metadata.go`).

use std::path::Path;

use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    enrich::{
        bolt::{Bucket, Error, Transaction},
        database::Database,
        image::bounded,
        root::Root,
    },
    model::Layer,
};

/// The records of one worker.
#[derive(Debug)]
pub(crate) struct Records {
    database: Database,
}

#[derive(Deserialize)]
struct Value<T> {
    value: T,
}

impl Records {
    /// `worker` is `containerd-SNAPSHOTTER`, or nothing for the graph driver.
    pub(crate) fn new(root: &Root, data_root: &Path, worker: &str) -> Self {
        let directory = data_root.join("buildkit").join(worker);
        Self {
            database: Database::new(root, directory.join("metadata_v2.db")),
        }
    }

    /// A layer by its record, which has the name of its snapshot. What is not
    /// on record is not known.
    pub(crate) fn layer(&self, id: &str) -> Layer {
        let record = self.database.read(|transaction| {
            let path = ["_main", id];
            let Some(record) = transaction.bucket(&transaction.root(), path)? else {
                return Ok(None);
            };
            let description: Option<String> = value(transaction, &record, "cache.description")?;
            Ok(Some(Layer {
                id: id.to_owned(),
                digest: value(transaction, &record, "cache.diffID")?,
                created_by: description
                    .as_deref()
                    .and_then(created_by)
                    .and_then(bounded),
            }))
        });
        record.flatten().unwrap_or_default()
    }
}

fn value<T: DeserializeOwned>(
    transaction: &Transaction<'_>,
    record: &Bucket,
    key: &str,
) -> Result<Option<T>, Error> {
    let value = transaction.value(record, key.as_bytes())?;
    Ok(value.and_then(|json| {
        let parsed: Value<T> = serde_json::from_slice(&json).ok()?;
        Some(parsed.value)
    }))
}

/// A description as an image's history would have it: `mount / from exec
/// COMMAND` is a `RUN`, `[STAGE 2/4] COPY …` says the rest itself.
fn created_by(description: &str) -> Option<String> {
    if let Some(command) = description.strip_prefix("mount / from exec ") {
        return Some(format!("RUN {command}"));
    }
    let (_stage, instruction) = description.strip_prefix('[')?.split_once("] ")?;
    Some(instruction.to_owned())
}

/// What a step is called: its command, or the whole instruction if it is no
/// command.
pub(crate) fn step_name(layer: &Layer) -> Option<String> {
    let instruction = layer.instruction()?;
    let command = instruction.strip_prefix("RUN ").unwrap_or(&instruction);
    Some(command.to_owned()).filter(|command| !command.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrich::fixtures;

    #[test]
    fn descriptions() {
        for (description, expected) in [
            ("mount / from exec /bin/sh -c a && b", Some("a && b")),
            ("mount / from exec go build", Some("go build")),
            (
                "[stage-1 2/4] COPY --from=build /a /b",
                Some("COPY --from=build /a /b"),
            ),
            ("local source for context", None),
            ("cached mount /c from exec /bin/sh -c a", None),
            ("[odd", None),
            ("", None),
        ] {
            let layer = Layer {
                created_by: created_by(description),
                ..Layer::default()
            };
            assert_eq!(step_name(&layer).as_deref(), expected, "{description}");
        }
    }

    #[test]
    fn recorded_records() {
        let data_root = fixtures::path("docker-28.5-containerd-store/data-root");
        let records = Records::new(&Root::new("/"), &data_root, "containerd-overlayfs");
        let layer = records.layer("48bmmmnma5psau2e4cxexxo2g");
        assert_eq!(
            layer.created_by.as_deref(),
            Some("RUN /bin/sh -c chown 1000:1000 /var/big.dat && sleep 1")
        );
        assert!(layer.digest.unwrap().starts_with("sha256:7017e18a198f"));
        assert_eq!(records.layer("unknown"), Layer::default());
        let none = Records::new(&Root::new("/"), &data_root, "");
        assert_eq!(none.layer("48bmmmnma5psau2e4cxexxo2g"), Layer::default());
    }
}
