//! Container runtimes, as far as the doctor is concerned: which are there.
//! None of them is needed.

use super::{Check, Roots};

/// Name, socket under `/run`, data root under `/var/lib` (the defaults of
/// their packages).
const RUNTIMES: &[(&str, Option<&str>, &str)] = &[
    ("Docker", Some("docker.sock"), "docker"),
    (
        "containerd",
        Some("containerd/containerd.sock"),
        "containerd",
    ),
    ("CRI-O", Some("crio/crio.sock"), "containers/storage"),
    ("Podman", None, "containers/storage"),
];

pub(super) fn checks(roots: &Roots) -> Vec<Check> {
    let found: Vec<_> = RUNTIMES
        .iter()
        .filter_map(|(name, socket, data)| {
            let mut places = Vec::new();
            if let Some(socket) = socket {
                let path = roots.run.join(socket);
                if !path.exists() {
                    return None;
                }
                places.push(format!("'{}'", path.display()));
            }
            let data = roots.var_lib.join(data);
            if data.exists() {
                places.push(format!("'{}'", data.display()));
            }
            (!places.is_empty()).then(|| Check::info(name, places.join(", ")))
        })
        .collect();
    if found.is_empty() {
        let text = "none at the usual places: overlays are shown without a container's name";
        return vec![Check::info("runtimes", text)];
    }
    found
}
