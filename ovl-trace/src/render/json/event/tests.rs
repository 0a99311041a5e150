//! The contract, checked from the reader's side: structures that know every
//! field and refuse any other.

use serde::Deserialize;

use super::*;
use crate::model::{
    DeviceNumber, LossSource, OpenFlags,
    test_support::{OVERLAY, copy_up, origin, unowned, whiteout},
};

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[expect(dead_code, reason = "deserialising is the check")]
enum Line {
    CopyUp(Box<CopyUpLine>),
    CopyUpStarted(Box<CopyUpLine>),
    Whiteout(Box<WhiteoutLine>),
    Loss {
        time: String,
        source: String,
        count: u64,
        reason: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "deserialising is the check")]
struct CopyUpLine {
    time: String,
    container: Option<ContainerField>,
    mount: MountField,
    path: String,
    path_bytes: Option<String>,
    kind: String,
    method: Option<String>,
    size_bytes: u64,
    copied_bytes: Option<u64>,
    latency_ns: Option<u64>,
    phases: Option<PhasesField>,
    trigger: TriggerField,
    process: ProcessField,
    result: Option<String>,
    layer: Option<LayerField>,
    inode: u64,
    mode: String,
    ancestor: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "deserialising is the check")]
struct WhiteoutLine {
    time: String,
    container: Option<ContainerField>,
    mount: MountField,
    path: String,
    path_bytes: Option<String>,
    cause: String,
    process: ProcessField,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "deserialising is the check")]
struct ContainerField {
    id: String,
    name: Option<String>,
    image: Option<String>,
    runtime: String,
    pod: Option<String>,
    namespace: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "deserialising is the check")]
struct MountField {
    device: String,
    merged: Option<String>,
    upperdir: Option<String>,
    upper_filesystem: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    clippy::struct_field_names,
    reason = "deserialising is the check"
)]
struct PhasesField {
    lock_ns: Option<u64>,
    data_ns: Option<u64>,
    sync_ns: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "deserialising is the check")]
struct TriggerField {
    operation: String,
    flags: Vec<String>,
    syscall: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "deserialising is the check")]
struct ProcessField {
    pid: u32,
    tid: u32,
    comm: String,
    comm_bytes: Option<String>,
    uid: Option<u32>,
    cgroup_id: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "deserialising is the check")]
struct LayerField {
    index: u32,
    digest: Option<String>,
    instruction: Option<String>,
    device: Option<String>,
    filesystem: Option<String>,
}

fn line(event: &Event, origin: &Origin) -> String {
    let time = "2026-11-21T07:10:41.00142177Z".parse().unwrap();
    let mut out = Vec::new();
    write_event(&mut out, event, origin, time).unwrap();
    let line = String::from_utf8(out).unwrap();
    if !line.is_empty() {
        serde_json::from_str::<Line>(&line).unwrap();
    }
    line
}

#[test]
fn a_copy_up() {
    insta::assert_snapshot!(line(&Event::CopyUp(copy_up("/srv/model.bin")), &origin("web")), @r#"{"type":"copy_up","time":"2026-11-21T07:10:41.001421770Z","container":{"id":"7765627765627765627765627765627765627765627765627765627765627765","name":"web","image":"shop/web:1.4","runtime":"docker","pod":null,"namespace":null},"mount":{"device":"0:28","merged":"/var/lib/docker/overlay2/95be/merged","upperdir":"/var/lib/docker/overlay2/95be/diff","upper_filesystem":"ext4"},"path":"/srv/model.bin","kind":"data","method":"copy","size_bytes":52428800,"copied_bytes":52428800,"latency_ns":183000000,"phases":{"lock_ns":900,"data_ns":150000000,"sync_ns":32000000},"trigger":{"operation":"open","flags":["O_WRONLY","O_APPEND"],"syscall":"openat"},"process":{"pid":216,"tid":216,"comm":"sh","uid":0,"cgroup_id":4242},"result":"ok","layer":{"index":1,"digest":"sha256:f9fc76","instruction":"COPY model.bin /srv/","device":"254:1","filesystem":"ext4"},"inode":77,"mode":"100644","ancestor":false}"#);
}

#[test]
fn what_is_unknown_is_null_or_absent() {
    let event = CopyUp {
        method: None,
        copied_bytes: None,
        phases: Phases::default(),
        layer: None,
        process: Process {
            uid: None,
            ..copy_up("/").process
        },
        trigger: Trigger {
            syscall: None,
            flags: OpenFlags::default(),
            ..copy_up("/").trigger
        },
        outcome: Outcome::Failed(None),
        ..copy_up("/a")
    };
    insta::assert_snapshot!(line(&Event::CopyUp(event), &unowned()), @r#"{"type":"copy_up","time":"2026-11-21T07:10:41.001421770Z","container":null,"mount":{"device":"0:28","merged":null,"upperdir":null,"upper_filesystem":null},"path":"/a","kind":"data","method":null,"size_bytes":52428800,"copied_bytes":null,"latency_ns":183000000,"trigger":{"operation":"open","flags":[],"syscall":null},"process":{"pid":216,"tid":216,"comm":"sh","uid":null,"cgroup_id":4242},"result":"failed","layer":null,"inode":77,"mode":"100644","ancestor":false}"#);
}

#[test]
fn only_measured_phases_are_present() {
    let event = CopyUp {
        phases: Phases {
            lock_ns: Some(900),
            data_ns: None,
            sync_ns: None,
        },
        ..copy_up("/a")
    };
    assert!(line(&Event::CopyUp(event), &unowned()).contains(r#""phases":{"lock_ns":900},"#));
}

#[test]
fn a_running_copy_up_claims_no_result() {
    let line = line(&Event::CopyUpStarted(copy_up("/a")), &origin("web"));
    let value: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(value["type"], "copy_up_started");
    assert_eq!(value["size_bytes"], 52_428_800);
    for field in ["method", "copied_bytes", "latency_ns", "result"] {
        assert!(value[field].is_null(), "{field}");
    }
    assert!(value.get("phases").is_none());
}

#[test]
fn a_whiteout_and_a_loss() {
    insta::assert_snapshot!(line(&Event::Whiteout(whiteout("/etc/motd")), &origin("web")), @r#"{"type":"whiteout","time":"2026-11-21T07:10:41.001421770Z","container":{"id":"7765627765627765627765627765627765627765627765627765627765627765","name":"web","image":"shop/web:1.4","runtime":"docker","pod":null,"namespace":null},"mount":{"device":"0:28","merged":"/var/lib/docker/overlay2/95be/merged","upperdir":"/var/lib/docker/overlay2/95be/diff","upper_filesystem":"ext4"},"path":"/etc/motd","cause":"unlink","process":{"pid":216,"tid":216,"comm":"sh","uid":0,"cgroup_id":4242}}"#);
    let loss = Event::Loss(Loss {
        time_ns: 0,
        source: LossSource::Ring,
        reason: "ring_copy_up",
        count: 12,
    });
    insta::assert_snapshot!(line(&loss, &unowned()), @r#"{"type":"loss","time":"2026-11-21T07:10:41.001421770Z","source":"ring","count":12,"reason":"ring_copy_up"}"#);
}

#[test]
fn hostile_names_are_whole_and_harmless() {
    let mut event = copy_up("");
    event.path = b"/a\xff\x1b[2J\n\"".to_vec();
    event.process.comm = b"\xc2\x9bsh\xfe".into();
    let line = line(&Event::CopyUp(event), &unowned());
    assert_eq!(line.matches('\n').count(), 1);
    assert!(
        line.contains(r#""path":"/a�\u001b[2J\n\"","path_bytes":"2f61ff1b5b324a0a22""#),
        "{line}"
    );
    assert!(
        line.contains(r#""comm":"\u009bsh�","comm_bytes":"c29b7368fe""#),
        "{line}"
    );
}

#[test]
fn results_have_names() {
    for (outcome, text) in [
        (Outcome::Ok, "ok"),
        (Outcome::Raced, "raced"),
        (Outcome::Failed(Some(28)), "ENOSPC"),
        (Outcome::Failed(Some(999)), "errno 999"),
        (Outcome::Failed(None), "failed"),
    ] {
        assert_eq!(result(outcome), text);
    }
}

#[test]
fn unknown_codes_are_shown_as_they_are() {
    let event = CopyUp {
        method: Some(Method::Unknown(9)),
        ..copy_up("/a")
    };
    assert!(line(&Event::CopyUp(event), &unowned()).contains(r#""method":"unknown(9)""#));
}

#[test]
fn births_and_deaths_of_overlays_are_not_events_of_the_interface() {
    let gone = Event::OverlayGone {
        overlay: OVERLAY,
        device: DeviceNumber {
            major: 0,
            minor: 28,
        },
    };
    assert_eq!(line(&gone, &unowned()), "");
}
