//! What is known of an overlay: from its record, or from the kernel side's own
//! table where the record was lost or has not come yet.

use ovl_trace_common::{
    event as wire,
    overlay::{OverlayKey, OverlayState},
};

use super::{
    DecodeError,
    record::{fixed, process, take},
};
use crate::model::{Comm, DeviceNumber, FileSystemName, OverlaySeen, Process};

/// Decodes the record of an overlay's first sight.
pub(super) fn record(bytes: &[u8]) -> Result<OverlaySeen, DecodeError> {
    let (raw, tail) = fixed::<wire::Overlay>(bytes)?;
    let (upperdir, tail) = take(tail, raw.upperdir_bytes)?;
    let (workdir, _) = take(tail, raw.workdir_bytes)?;
    let some = |bytes: &[u8]| (!bytes.is_empty()).then(|| bytes.to_vec());
    Ok(OverlaySeen {
        time_ns: raw.header.time_ns,
        overlay: raw.header.overlay,
        device: DeviceNumber::from_kernel(raw.header.device),
        upperdir: some(upperdir),
        workdir: some(workdir),
        upper: upper(&raw.state),
        upper_filesystem: filesystem(&raw.state),
        layers: layers(&raw.state),
        mounted: raw.state.mounted != 0,
        process: process(&raw.task),
    })
}

/// The same from a row of the table, which has no mount options. `process` is
/// whoever touched the overlay; without one, whoever was there first.
///
/// It never says `mounted`: the mount was over long ago, so mountinfo shows it
/// by now.
pub fn overlay_state(
    overlay: OverlayKey,
    state: &OverlayState,
    process: Option<&Process>,
) -> OverlaySeen {
    OverlaySeen {
        time_ns: state.born_ns,
        overlay,
        device: DeviceNumber::from_kernel(state.device),
        upperdir: None,
        workdir: None,
        upper: upper(state),
        upper_filesystem: filesystem(state),
        layers: layers(state),
        mounted: false,
        process: process.cloned().unwrap_or_else(|| Process {
            pid: state.pid,
            tid: state.pid,
            comm: Comm::default(),
            uid: None,
            cgroup: state.cgroup,
            mount_namespace: (state.mount_namespace != 0).then_some(state.mount_namespace),
        }),
    }
}

fn upper(state: &OverlayState) -> Option<(DeviceNumber, u64)> {
    (state.upper_inode != 0).then(|| {
        (
            DeviceNumber::from_kernel(state.upper_device),
            state.upper_inode,
        )
    })
}

fn filesystem(state: &OverlayState) -> Option<String> {
    let name = FileSystemName::new(&state.upper_filesystem)?;
    Some(name.as_str().to_owned())
}

fn layers(state: &OverlayState) -> Option<u32> {
    (state.layers != 0).then_some(state.layers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::test_support;

    const STATE: OverlayState = OverlayState {
        born_ns: 2,
        device: 28,
        upper_device: 0x80_0001,
        upper_inode: 5,
        mount_namespace: 9,
        layers: 0,
        pid: 7,
        mounted: 1,
        padding: 0,
        cgroup: 3,
        upper_filesystem: *b"xfs\0\0\0\0\0\0\0\0\0\0\0\0\0",
    };

    #[test]
    fn a_row_of_the_table_identifies_the_overlay() {
        let seen = overlay_state(test_support::OVERLAY, &STATE, None);
        assert_eq!(seen.overlay, test_support::OVERLAY);
        assert_eq!(seen.device.to_string(), "0:28");
        let upper = seen
            .upper
            .map(|(device, inode)| (device.to_string(), inode));
        assert_eq!(upper, Some(("8:1".to_owned(), 5)));
        assert_eq!((seen.upperdir, seen.layers), (None, None));
        assert_eq!(seen.upper_filesystem.as_deref(), Some("xfs"));
        assert!(!seen.mounted, "mountinfo is to be asked at once");
        assert_eq!(
            (seen.process.pid, seen.process.mount_namespace),
            (7, Some(9))
        );
    }

    #[test]
    fn the_process_of_an_event_is_better_than_the_first_one() {
        let process = test_support::process();
        let seen = overlay_state(test_support::OVERLAY, &STATE, Some(&process));
        assert_eq!(seen.process, process);
        let unknown = OverlayState {
            upper_inode: 0,
            ..STATE
        };
        let seen = overlay_state(test_support::OVERLAY, &unknown, Some(&process));
        assert_eq!(seen.upper, None);
    }
}
