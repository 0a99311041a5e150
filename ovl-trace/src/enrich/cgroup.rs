//! The cgroup of a process, as a last resort for a container's id.
//!
//! Used only for a process whose root directory *is* the overlay: a process
//! that merely touches a mount says nothing about the mount's owner.

use super::patterns::{is_base36, is_hex64};
use crate::model::Runtime;

/// What a cgroup path says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CgroupOwner {
    /// The container's id.
    pub(crate) id: String,
    /// `None` where several runtimes use the same form (Kubernetes with
    /// cgroupfs, a custom cgroup parent).
    pub(crate) runtime: Option<Runtime>,
}

/// Prefix of a component, and the runtime that writes it.
const PREFIXES: &[(&str, Runtime)] = &[
    ("docker-", Runtime::Docker),
    ("cri-containerd-", Runtime::Containerd),
    ("nerdctl-", Runtime::Containerd),
    ("crio-", Runtime::Crio),
    ("libpod-payload-", Runtime::Podman),
    ("libpod-", Runtime::Podman),
];

/// The same in the form that systemd's driver uses on cgroupfs (`a:NAME:ID`).
const NAMES: &[(&str, Runtime)] = &[
    ("docker", Runtime::Docker),
    ("cri-containerd", Runtime::Containerd),
    ("nerdctl", Runtime::Containerd),
    ("crio", Runtime::Crio),
    ("libpod", Runtime::Podman),
];

/// Reads `/proc/PID/cgroup`: the unified hierarchy if it names a container,
/// else the first of the old ones that does.
pub(crate) fn owner(file: &[u8]) -> Option<CgroupOwner> {
    let text = String::from_utf8_lossy(file);
    let paths = |unified: bool| {
        text.lines().filter_map(move |line| {
            let mut fields = line.splitn(3, ':');
            let is_unified = fields.next()? == "0";
            (is_unified == unified).then(|| fields.nth(1))?
        })
    };
    paths(true).chain(paths(false)).find_map(owner_of_path)
}

/// The innermost component that names a container.
fn owner_of_path(path: &str) -> Option<CgroupOwner> {
    let parts: Vec<&str> = path.split('/').collect();
    (0..parts.len()).rev().find_map(|at| {
        let parent = at.checked_sub(1).map_or("", |above| parts[above]);
        owner_of_component(parts[at], parent)
    })
}

fn owner_of_component(part: &str, parent: &str) -> Option<CgroupOwner> {
    let found = |id: &str, runtime| {
        Some(CgroupOwner {
            id: id.to_owned(),
            runtime,
        })
    };
    let name = part.strip_suffix(".scope").unwrap_or(part);
    if let Some(id) = name
        .strip_prefix("docker-")
        .filter(|id| is_base36(id.as_bytes()))
    {
        return found(id, Some(Runtime::Buildkit));
    }
    for (prefix, runtime) in PREFIXES {
        if let Some(id) = name
            .strip_prefix(prefix)
            .filter(|id| is_hex64(id.as_bytes()))
        {
            return found(id, Some(runtime.clone()));
        }
    }
    if let Some((rest, id)) = part
        .rsplit_once(':')
        .filter(|(_, id)| is_hex64(id.as_bytes()))
    {
        let name = rest.rsplit(':').next().unwrap_or(rest);
        let runtime = NAMES.iter().find(|(known, _)| *known == name);
        return runtime.and_then(|(_, runtime)| found(id, Some(runtime.clone())));
    }
    if let Some(id) = part
        .strip_prefix("buildah-")
        .filter(|id| id.starts_with("buildah"))
    {
        return found(id, Some(Runtime::Buildah));
    }
    match parent {
        "buildkit" if is_base36(part.as_bytes()) => found(part, Some(Runtime::Buildkit)),
        "docker" if is_hex64(part.as_bytes()) => found(part, Some(Runtime::Docker)),
        _ if is_hex64(part.as_bytes()) => found(part, None),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::enrich::fixtures;

    #[test]
    fn recorded_paths() {
        let table = fixtures::text("cgroup-paths/paths.tsv");
        let mut rows = 0;
        for row in table.lines().filter(|row| !row.starts_with('#')) {
            let fields: Vec<&str> = row.split('\t').collect();
            let [_, path, runtime, id, _] = fields[..] else {
                panic!("{row}");
            };
            let found = owner(format!("0::{path}\n").as_bytes());
            let found_id = found.as_ref().map_or("-", |owner| &owner.id);
            assert_eq!(found_id, id, "{path}");
            let expected = match runtime {
                "docker" => Some(Runtime::Docker),
                "buildkit" | "buildkit(docker systemd)" => Some(Runtime::Buildkit),
                "containerd-cri" | "nerdctl" => Some(Runtime::Containerd),
                "cri-o" => Some(Runtime::Crio),
                "podman" => Some(Runtime::Podman),
                "buildah" => Some(Runtime::Buildah),
                // The form alone does not tell which runtime wrote it.
                _ => None,
            };
            assert_eq!(found.and_then(|owner| owner.runtime), expected, "{path}");
            rows += 1;
        }
        assert!(rows >= 50, "{rows}");
    }

    #[test]
    fn old_hierarchies_count_when_the_unified_one_says_nothing() {
        let id = "ab".repeat(32);
        let file = format!("3:cpu:/docker/{id}\n1:name=systemd:/docker/{id}\n0::/\n");
        assert_eq!(owner(file.as_bytes()).unwrap().id, id);
    }

    proptest! {
        #[test]
        fn nothing_panics(file in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _owner = owner(&file);
        }
    }
}
