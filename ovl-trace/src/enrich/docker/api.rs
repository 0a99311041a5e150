//! Docker's Engine API over its Unix socket.
//!
//! Only a help: names come from files, and this fills in what the files do not
//! give (a data root that cannot be read). It therefore never fails; a socket
//! that does not work is reported once, and then left out.
//!
//! Paths have no version: Docker 29 refuses old ones, and the fields used here
//! are the same in all of them. `GraphDriver` is missing, or its `Data` null,
//! with the containerd image store.

use std::{
    collections::HashMap,
    env,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{Request, StatusCode, body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, de::DeserializeOwned};
use tokio::{net::UnixStream, time::timeout};

use super::config;
use crate::model::Container;

/// Time for one request: the API is asked while events flow.
const REQUEST_TIME: Duration = Duration::from_millis(500);

/// Time for one round over all containers.
const ROUND_TIME: Duration = Duration::from_secs(5);

/// More than the list of any host's containers.
const BODY_LIMIT: usize = 64 << 20;

/// A container as the API describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiContainer {
    /// Who.
    pub container: Container,
    /// `GraphDriver.Data.UpperDir`; `None` with the containerd image store.
    pub upperdir: Option<PathBuf>,
    /// `GraphDriver.Data.MergedDir`; likewise.
    pub merged: Option<PathBuf>,
}

/// The Engine API of this host's Docker daemon.
#[derive(Debug)]
pub struct EngineApi {
    sockets: Vec<PathBuf>,
    request_time: Duration,
    warned: AtomicBool,
}

#[derive(Deserialize)]
struct Listed {
    #[serde(rename = "Id")]
    id: String,
}

#[derive(Deserialize)]
struct Inspected {
    #[serde(rename = "Id")]
    id: String,
    #[serde(rename = "Name", default)]
    name: String,
    #[serde(rename = "Config")]
    config: Option<InspectedConfig>,
    #[serde(rename = "GraphDriver")]
    graph_driver: Option<GraphDriver>,
}

#[derive(Default, Deserialize)]
struct InspectedConfig {
    #[serde(rename = "Image", default)]
    image: String,
    #[serde(rename = "Labels", default)]
    labels: Option<HashMap<String, String>>,
}

#[derive(Deserialize)]
struct GraphDriver {
    #[serde(rename = "Data", default)]
    data: Option<GraphDriverData>,
}

#[derive(Deserialize)]
struct GraphDriverData {
    #[serde(rename = "UpperDir")]
    upperdir: Option<PathBuf>,
    #[serde(rename = "MergedDir")]
    merged: Option<PathBuf>,
}

/// Where the socket may be: `DOCKER_HOST` if it names one (then only there),
/// else the usual places.
pub fn default_sockets() -> Vec<PathBuf> {
    match env::var("DOCKER_HOST") {
        Ok(host) => match host.strip_prefix("unix://") {
            Some(path) => vec![PathBuf::from(path)],
            // Another host's containers have no mounts here.
            None => Vec::new(),
        },
        Err(_) => ["/var/run/docker.sock", "/run/docker.sock"]
            .map(PathBuf::from)
            .to_vec(),
    }
}

impl EngineApi {
    /// The first of `sockets` that exists will be asked.
    pub fn new(sockets: Vec<PathBuf>) -> Self {
        Self {
            sockets,
            request_time: REQUEST_TIME,
            warned: AtomicBool::new(false),
        }
    }

    /// With another time limit per request.
    #[must_use]
    pub fn with_request_time(self, request_time: Duration) -> Self {
        Self {
            request_time,
            ..self
        }
    }

    /// All containers, running or not. What cannot be had is missing, and the
    /// first time that is logged as a warning.
    pub async fn containers(&self) -> Vec<ApiContainer> {
        if self.sockets.is_empty() {
            return Vec::new();
        }
        let mut found = Vec::new();
        let round = timeout(ROUND_TIME, self.collect(&mut found)).await;
        let error = match round {
            Ok(Ok(())) => return found,
            Ok(Err(error)) => format!("{error:#}"),
            Err(_) => format!("not all containers were described within {ROUND_TIME:?}"),
        };
        if self.warned.swap(true, Ordering::Relaxed) {
            tracing::debug!(%error, "the Docker API does not answer");
        } else {
            tracing::warn!(
                %error,
                "the Docker API does not answer; containers are named from Docker's files only. \
                 Set DOCKER_HOST=unix://PATH if its socket is elsewhere"
            );
        }
        found
    }

    /// Fills `found` as far as it gets.
    async fn collect(&self, found: &mut Vec<ApiContainer>) -> anyhow::Result<()> {
        let socket = self.socket()?;
        let list: Vec<Listed> = match self.get(socket, "/containers/json?all=1").await? {
            Some(list) => list,
            None => bail!("'{}' knows no '/containers/json'", socket.display()),
        };
        let mut failed = None;
        for Listed { id } in list {
            // The id goes into a path.
            ensure!(
                !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric()),
                "'{}' lists a container id that is none: '{id}'",
                socket.display(),
            );
            match self.get(socket, &format!("/containers/{id}/json")).await {
                Ok(Some(inspected)) => found.push(describe(inspected)),
                // Removed since it was listed.
                Ok(None) => {}
                // A dead container cannot be inspected; the others can.
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    fn socket(&self) -> anyhow::Result<&Path> {
        let exists = |path: &&PathBuf| path.exists();
        match self.sockets.iter().find(exists).or(self.sockets.first()) {
            Some(path) => Ok(path),
            None => bail!("no socket is configured"),
        }
    }

    /// `None` for "not found".
    async fn get<T: DeserializeOwned>(
        &self,
        socket: &Path,
        path: &str,
    ) -> anyhow::Result<Option<T>> {
        match timeout(self.request_time, request(socket, path)).await {
            Ok(Ok((StatusCode::NOT_FOUND, _))) => Ok(None),
            Ok(Ok((status, body))) => {
                ensure!(
                    status.is_success(),
                    "'{}' answered {status} to '{path}'",
                    socket.display()
                );
                let value = serde_json::from_slice(&body).with_context(|| {
                    format!(
                        "'{}' answered '{path}' with something else",
                        socket.display()
                    )
                })?;
                Ok(Some(value))
            }
            Ok(Err(error)) => Err(error.context(format!("cannot ask '{}'", socket.display()))),
            Err(_) => bail!(
                "'{}' did not answer '{path}' within {:?}",
                socket.display(),
                self.request_time
            ),
        }
    }
}

/// One request on its own connection: a daemon may close it at any time, and a
/// local connection costs next to nothing.
async fn request(socket: &Path, path: &str) -> anyhow::Result<(StatusCode, Bytes)> {
    let stream = UnixStream::connect(socket).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let exchange = async move {
        let request = Request::get(path)
            .header(header::HOST, "docker")
            .header(header::CONNECTION, "close")
            .body(Empty::<Bytes>::new())?;
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), BODY_LIMIT);
        let body = body
            .collect()
            .await
            .map_err(anyhow::Error::from_boxed)?
            .to_bytes();
        anyhow::Ok((status, body))
    };
    tokio::pin!(exchange);
    // The connection must be driven while the exchange waits for it; both
    // live and end here, so that nothing stays behind.
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        answer = &mut exchange => return answer,
        result = &mut connection => result?,
    }
    exchange.await
}

fn describe(inspected: Inspected) -> ApiContainer {
    let config = inspected.config.unwrap_or_default();
    let labels = config.labels.unwrap_or_default();
    let data = inspected.graph_driver.and_then(|driver| driver.data);
    let (upperdir, merged) = data.map_or((None, None), |data| (data.upperdir, data.merged));
    ApiContainer {
        container: config::describe(inspected.id, &inspected.name, config.image, labels),
        upperdir,
        merged,
    }
}
