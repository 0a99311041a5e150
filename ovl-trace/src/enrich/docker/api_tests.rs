//! The Engine API against made-up daemons on a socket in a temporary directory.

use std::{path::PathBuf, time::Duration};

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
};

use super::api::*;
use crate::enrich::fixtures;

const WEB: &str = "7e92929f8ef51d72f5da617b80643de7691a499d9a01849f9168caab4fbe47f1";

/// For daemons that answer, however busy this machine is.
const LONG: Duration = Duration::from_secs(5);

/// For daemons that do not.
const SHORT: Duration = Duration::from_millis(300);

type Answer = fn(&str) -> Option<Vec<u8>>;

/// Answers every request with what `answer` gives for its path; `None` never
/// answers.
struct Daemon {
    dir: TempDir,
}

impl Daemon {
    fn start(answer: impl Fn(&str) -> Option<Vec<u8>> + Send + 'static) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(dir.path().join("sock")).unwrap();
        tokio::spawn(async move {
            let mut silent = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let path = request_path(&mut stream).await;
                match answer(&path) {
                    Some(bytes) => stream.write_all(&bytes).await.unwrap(),
                    None => silent.push(stream),
                }
            }
        });
        Self { dir }
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("sock")
    }

    fn api(&self) -> EngineApi {
        EngineApi::new(vec![self.dir.path().join("absent"), self.socket()]).with_request_time(LONG)
    }
}

async fn request_path(stream: &mut UnixStream) -> String {
    let mut text = Vec::new();
    while !text.ends_with(b"\r\n\r\n") {
        text.push(stream.read_u8().await.unwrap());
    }
    let text = String::from_utf8(text).unwrap();
    text.split(' ').nth(1).unwrap().to_owned()
}

fn plain(status: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
}

/// A recorded description. `docker inspect`, unlike the API, gives a list.
fn inspected(name: &str) -> String {
    let value = fixtures::json(name);
    value.get(0).unwrap_or(&value).to_string()
}

/// As dockerd answers longer bodies.
fn chunked(body: &str) -> Vec<u8> {
    let mut answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for chunk in body.as_bytes().chunks(1000) {
        answer.extend(format!("{:x}\r\n", chunk.len()).bytes());
        answer.extend(chunk);
        answer.extend(b"\r\n");
    }
    answer.extend(b"0\r\n\r\n");
    answer
}

#[tokio::test]
async fn a_container_with_its_paths() {
    for version in ["1.51", "1.56"] {
        let name = format!("docker-29-overlay2/api/inspect-web-1-api-{version}.json");
        let inspected = inspected(&name);
        let daemon = Daemon::start(move |path| {
            Some(match path {
                "/containers/json?all=1" => {
                    plain("200 OK", &format!(r#"[{{"Id":"{WEB}"}},{{"Id":"gone"}}]"#))
                }
                "/containers/gone/json" => {
                    plain("404 Not Found", r#"{"message":"No such container"}"#)
                }
                _ => chunked(&inspected),
            })
        });
        let found = daemon.api().containers().await;
        let [web] = found.as_slice() else {
            panic!("{found:?}");
        };
        assert_eq!(web.container.id, WEB);
        assert_eq!(web.container.label(), "web-1");
        assert_eq!(web.container.image.as_deref(), Some("ovl/demo:1"));
        let layer = "/srv/d29g/root/overlay2/9ec644b087cdde7d1bde9c287a09274e260729b4366732c4bb8caee317f37817";
        assert_eq!(web.upperdir, Some(PathBuf::from(format!("{layer}/diff"))));
        assert_eq!(web.merged, Some(PathBuf::from(format!("{layer}/merged"))));
    }
}

#[tokio::test]
async fn the_containerd_store_has_no_paths() {
    let list = fixtures::text("docker-29-containerd-store/api/containers-json.json");
    for version in ["1.51", "1.56"] {
        let name = format!("docker-29-containerd-store/api/inspect-web-1-api-{version}.json");
        let (list, inspected) = (list.clone(), inspected(&name));
        let daemon = Daemon::start(move |path| {
            Some(match path {
                "/containers/json?all=1" => chunked(&list),
                _ => chunked(&inspected),
            })
        });
        let found = daemon.api().containers().await;
        assert_eq!(found[0].container.label(), "web-1");
        assert_eq!((&found[0].upperdir, &found[0].merged), (&None, &None));
    }
}

#[tokio::test]
async fn sockets_that_do_not_work_give_nothing() {
    let answers: [Answer; 6] = [
        |_| None,
        |_| Some(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
        |_| Some(Vec::new()),
        |_| Some(plain("200 OK", "{}")),
        |_| Some(plain("500 Internal Server Error", "[]")),
        |_| Some(plain("200 OK", r#"[{"Id":"../../images/json"}]"#)),
    ];
    for answer in answers {
        let daemon = Daemon::start(answer);
        let api = daemon.api().with_request_time(SHORT);
        assert_eq!(api.containers().await, []);
    }
    let daemon = Daemon::start(|_| None);
    let absent = EngineApi::new(vec![daemon.dir.path().join("absent")]);
    assert_eq!(absent.containers().await, []);
    assert_eq!(EngineApi::new(Vec::new()).containers().await, []);
}

#[tokio::test]
async fn one_failure_does_not_hide_the_others() {
    let inspected = fixtures::text("docker-29-overlay2/api/inspect-web-1-api-1.56.json");
    let daemon = Daemon::start(move |path| {
        Some(match path {
            "/containers/json?all=1" => plain("200 OK", r#"[{"Id":"bb"},{"Id":"cc"},{"Id":"aa"}]"#),
            "/containers/aa/json" => chunked(&inspected),
            "/containers/bb/json" => plain("500 Internal Server Error", "dead"),
            _ => b"HTTP/1.1 nonsense".to_vec(),
        })
    });
    assert_eq!(daemon.api().containers().await.len(), 1);
}
