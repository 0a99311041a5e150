//! The arguments of a container's monitor, as a last resort for its id.
//!
//! conmon (Podman, CRI-O) and containerd's shim are the parents of a
//! container's first process, and are told on their command line which
//! container it is. Used only for a process whose root directory *is* the
//! overlay, and only for a parent outside of the container: what runs inside
//! can be called anything.

use super::{docker::unnamed, patterns::is_hex64};
use crate::model::{Container, Runtime};

/// Options of conmon whose value is another program's argument, and may look
/// like an option of conmon.
const CONMON_FOREIGN: &[&str] = &[
    "--exit-command-arg",
    "--restore-arg",
    "--runtime-arg",
    "--runtime-opt",
];

/// Reads `/proc/PID/cmdline` of a monitor. `None` if it is none, or does not
/// tell.
pub(crate) fn owner(command_line: &[u8]) -> Option<Container> {
    let arguments: Vec<&str> = command_line
        .split(|&byte| byte == 0)
        .map(|argument| std::str::from_utf8(argument).unwrap_or_default())
        .collect();
    let (program, arguments) = arguments.split_first()?;
    let program = program.rsplit('/').next()?;
    if program == "conmon" {
        conmon(arguments)
    } else if program.starts_with("containerd-shim") {
        shim(arguments)
    } else {
        None
    }
}

/// `conmon -c ID -n NAME …` (Podman `libpod/oci_conmon_common.go`, CRI-O
/// `internal/oci/runtime_oci.go`).
fn conmon(arguments: &[&str]) -> Option<Container> {
    let mut id = None;
    let mut name = None;
    let mut is_podman = false;
    let mut rest = arguments.iter().copied();
    while let Some(argument) = rest.next() {
        match argument {
            "-c" | "--cid" => id = rest.next(),
            "-n" | "--name" => name = rest.next(),
            // Podman cleans up by itself, CRI-O's daemon watches a directory.
            "--exit-command" => {
                is_podman = true;
                rest.next();
            }
            foreign if CONMON_FOREIGN.contains(&foreign) => {
                rest.next();
            }
            _ => {}
        }
    }
    let id = id.filter(|id| is_hex64(id.as_bytes()))?.to_owned();
    let name = name.filter(|name| !name.is_empty())?;
    if is_podman {
        return Some(Container {
            name: Some(name.to_owned()),
            ..unnamed(id, Runtime::Podman)
        });
    }
    // k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT; none of these has a `_`.
    let parts: Vec<&str> = name.split('_').collect();
    let ["k8s", container, pod, namespace, _uid, _attempt] = parts[..] else {
        return None;
    };
    Some(Container {
        name: Some(container.to_owned()),
        pod: Some(pod.to_owned()),
        namespace: Some(namespace.to_owned()),
        ..unnamed(id, Runtime::Crio)
    })
}

/// `containerd-shim-runc-v2 -namespace NS -id ID …` (containerd
/// `pkg/shim/shim.go`).
fn shim(arguments: &[&str]) -> Option<Container> {
    let option = |name: &str| {
        let at = arguments.iter().position(|argument| {
            let argument = argument.strip_prefix('-').unwrap_or(argument);
            argument.strip_prefix('-').unwrap_or(argument) == name
        })?;
        let value = *arguments.get(at + 1)?;
        (!value.is_empty()).then_some(value)
    };
    let id = option("id")?.to_owned();
    match option("namespace")? {
        // One shim serves a pod, under the id of its sandbox.
        "k8s.io" => None,
        "moby" => is_hex64(id.as_bytes()).then(|| unnamed(id, Runtime::Docker)),
        namespace => Some(Container {
            namespace: Some(namespace.to_owned()),
            ..unnamed(id, Runtime::Containerd)
        }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "249b71222f0a235c0f3f8c060d936b32ec8051be3308035b3cd854dd00f49608";

    fn of(text: &str) -> Option<Container> {
        owner(text.replace(' ', "\0").as_bytes())
    }

    #[test]
    fn podman() {
        let container = of(&format!(
            "/usr/bin/conmon --api-version 1 -c {ID} -u {ID} -r /usr/bin/crun -b /s/userdata \
             -p /r/pidfile -n rl-web --exit-dir /run/user/1500/libpod/tmp/exits --runtime-arg -n \
             --runtime-arg wrong --exit-command /usr/bin/podman --exit-command-arg -c \
             --exit-command-arg wrong "
        ));
        let expected = Container {
            name: Some("rl-web".to_owned()),
            ..unnamed(ID.to_owned(), Runtime::Podman)
        };
        assert_eq!(container, Some(expected));
    }

    #[test]
    fn cri_o() {
        let name = "k8s_app_web-crio-pqr_shop_0f8fad5b-d9cb-469f-a165-70867728950e_0";
        let line = format!("conmon -b /b -c {ID} --exit-dir /var/run/crio/exits -n {name}");
        let container = of(&line).unwrap();
        assert_eq!(container.runtime, Runtime::Crio);
        assert_eq!(container.name.as_deref(), Some("app"));
        assert_eq!(container.pod.as_deref(), Some("web-crio-pqr"));
        assert_eq!(container.namespace.as_deref(), Some("shop"));
    }

    #[test]
    fn containerd() {
        let shim = |namespace: &str, id: &str| {
            of(&format!(
                "/usr/bin/containerd-shim-runc-v2 -namespace {namespace} -id {id} -address /a"
            ))
        };
        let expected = Container {
            namespace: Some("default".to_owned()),
            ..unnamed("ctr-web".to_owned(), Runtime::Containerd)
        };
        assert_eq!(shim("default", "ctr-web"), Some(expected));
        assert_eq!(
            shim("moby", ID),
            Some(unnamed(ID.to_owned(), Runtime::Docker))
        );
        assert_eq!(shim("k8s.io", ID), None);
    }

    #[test]
    fn what_does_not_tell() {
        for text in [
            String::new(),
            "bash".to_owned(),
            "conmon".to_owned(),
            "conmon -c".to_owned(),
            format!("conmon -c {ID} -n web"),
            "conmon -c short -n web --exit-command podman".to_owned(),
            format!("/x/conmon-fake -c {ID} -n web --exit-command podman"),
            "containerd-shim -id".to_owned(),
            format!("containerd-shim -id {ID}"),
        ] {
            assert_eq!(of(&text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(arguments in proptest::collection::vec("-?-?[a-z]{0,3}", 0..8)) {
            for program in ["conmon", "containerd-shim"] {
                let _owner = of(&format!("{program} {}", arguments.join(" ")));
            }
        }
    }
}
