//! containerd as a kubelet uses it: pods by the CRI
//! (`k8s.io/cri-api/pkg/apis/runtime/v1/api.proto`), whose field numbers stand
//! here.

use std::{thread, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};

use super::{
    archive::{self, Image},
    containerd::{self, PAUSE, SOCKET},
    daemon,
    engine::Engine,
    grpc,
    protobuf::{self, Message},
    subject::{Identity, Subject},
};
use crate::docker::unique;

/// containerd's namespace for the CRI.
const NAMESPACE: &str = "k8s.io";

/// `NamespaceMode.NODE`: no network plugin is needed.
const NODE: u64 = 2;

/// `ContainerState.CONTAINER_EXITED`.
const EXITED: u64 = 2;

/// A pod.
pub(crate) struct Pod {
    name: String,
    namespace: &'static str,
    uid: String,
    id: String,
    config: Message,
}

impl Pod {
    /// Starts a pod without containers.
    pub(crate) fn start(namespace: &'static str) -> Result<Self> {
        containerd::start()?;
        containerd::load(NAMESPACE, &archive::pause(PAUSE)?)?;
        let name = unique("web-7d9f");
        let uid = format!("0a1b2c3d-0000-4000-8000-{:012}", std::process::id());
        let metadata = Message::new()
            .text(1, &name)
            .text(2, &uid)
            .text(3, namespace);
        let namespaces = Message::new().number(1, NODE);
        let security = Message::new().message(1, &namespaces);
        let linux = Message::new()
            .text(1, &format!("/kubepods/besteffort/pod{uid}"))
            .message(2, &security);
        let labels = [
            ("app", "web"),
            ("io.kubernetes.pod.name", name.as_str()),
            ("io.kubernetes.pod.namespace", namespace),
            ("io.kubernetes.pod.uid", uid.as_str()),
        ];
        let config = Message::new()
            .message(1, &metadata)
            .map(6, &labels)
            .message(8, &linux);
        let id = call("RunPodSandbox", Message::new().message(1, &config))
            .and_then(|answer| id(&answer))?;
        Ok(Self {
            name,
            namespace,
            uid,
            id,
            config,
        })
    }

    /// Makes a container that runs a shell script, and starts it.
    pub(crate) fn run(&self, image: &Image, name: &str, script: &str) -> Result<String> {
        let metadata = Message::new().text(1, name);
        let labels = [
            ("io.kubernetes.container.name", name),
            ("io.kubernetes.pod.name", self.name.as_str()),
            ("io.kubernetes.pod.namespace", self.namespace),
            ("io.kubernetes.pod.uid", self.uid.as_str()),
        ];
        let config = Message::new()
            .message(1, &metadata)
            .message(2, &Message::new().text(1, &containerd::reference(image)))
            .text(3, "sh")
            .text(4, "-euc")
            .text(4, script)
            .map(9, &labels);
        let request = Message::new()
            .text(1, &self.id)
            .message(2, &config)
            .message(3, &self.config);
        let id = call("CreateContainer", request).and_then(|answer| id(&answer))?;
        call("StartContainer", Message::new().text(1, &id))?;
        for _ in 0..1200 {
            let answer = call("ContainerStatus", Message::new().text(1, &id))?;
            let status = protobuf::bytes(&answer, 1).context("no status")?;
            if protobuf::number(status, 3) == EXITED {
                let code = protobuf::number(status, 7);
                ensure!(code == 0, "{name} ended with {code}");
                return Ok(id);
            }
            thread::sleep(Duration::from_millis(50));
        }
        bail!("{name} did not end")
    }

    /// What the container is, as the kubelet named it.
    pub(crate) fn identity(&self, id: String, name: &str, image: &Image) -> Identity {
        Identity {
            id,
            name: name.to_owned(),
            image: Some(containerd::reference(image)),
            runtime: "containerd",
            pod: Some(self.name.clone()),
            namespace: Some(self.namespace.to_owned()),
        }
    }
}

impl Drop for Pod {
    fn drop(&mut self) {
        for method in ["StopPodSandbox", "RemovePodSandbox"] {
            if let Err(error) = call(method, Message::new().text(1, &self.id)) {
                crate::harness::note(&format!("{error:#}"));
            }
        }
    }
}

impl Engine for Pod {
    fn load(&self, image: &Image) -> Result<()> {
        containerd::load(NAMESPACE, image)
    }

    fn run<'a>(&self, image: &'a Image, name: &str, script: &str) -> Result<Subject<'a>> {
        let id = self.run(image, name, script)?;
        let overlay = containerd::layers(NAMESPACE, &id)?;
        Ok(Subject {
            identity: self.identity(id, name, image),
            layers: &image.layers,
            overlay,
            before: None,
            incomplete: false,
            step: None,
        })
    }

    fn remove(&self, subject: &Subject<'_>) -> Result<()> {
        remove(&subject.identity.id)
    }
}

/// Removes a container that has ended.
pub(crate) fn remove(id: &str) -> Result<()> {
    call("RemoveContainer", Message::new().text(1, id)).map(drop)
}

fn call(method: &str, request: Message) -> Result<Vec<u8>> {
    let path = format!("/runtime.v1.RuntimeService/{method}");
    grpc::call(SOCKET, &path, &request.finish())
        .with_context(|| format!("containerd's log: {}", daemon::tail("containerd")))
}

/// The first field of both answers that have an id.
fn id(answer: &[u8]) -> Result<String> {
    let id = protobuf::bytes(answer, 1).context("no id")?;
    Ok(String::from_utf8(id.to_vec())?)
}
