//! Symlinks, devices, FIFOs and sockets.

use libc::O_RDWR;

use crate::kernel::{
    case::Case,
    expected::{special, symlink},
    facts::Facts,
    merged::refused,
};

pub(super) fn cases(_: &Facts) -> Vec<Case> {
    vec![
        Case::new("special::symlink_lchown")
            .lower(|layer| layer.symlink("s", "nowhere"))
            .run(|merged| Ok(merged.lchown("s", 1)?))
            .reports([symlink("/s", "chown")]),
        Case::new("special::symlink_utimes")
            .lower(|layer| layer.symlink("s", "nowhere"))
            .run(|merged| Ok(merged.utimes("s")?))
            .reports([symlink("/s", "utimes")]),
        Case::new("special::fifo_chmod")
            .lower(|layer| layer.fifo("p"))
            .run(|merged| Ok(merged.chmod("p", 0o600)?))
            .reports([special("/p", "chmod")]),
        Case::new("special::character_device_chmod")
            .lower(|layer| layer.device("c", libc::S_IFCHR, 1, 3))
            .run(|merged| Ok(merged.chmod("c", 0o600)?))
            .reports([special("/c", "chmod")]),
        Case::new("special::block_device_chown")
            .lower(|layer| layer.device("b", libc::S_IFBLK, 7, 250))
            .run(|merged| Ok(merged.chown("b", 1)?))
            .reports([special("/b", "chown")]),
        Case::new("special::socket_chmod")
            .lower(|layer| layer.socket("s"))
            .run(|merged| Ok(merged.chmod("s", 0o600)?))
            .reports([special("/s", "chmod")]),
        // What is written goes to the device or the pipe, not to the layer.
        Case::new("special::open_of_a_device_is_nothing")
            .lower(|layer| layer.device("c", libc::S_IFCHR, 1, 3))
            .run(|merged| Ok(merged.open("c", O_RDWR).map(drop)?)),
        Case::new("special::open_of_a_fifo_is_nothing")
            .lower(|layer| layer.fifo("p"))
            .run(|merged| Ok(merged.open("p", O_RDWR).map(drop)?)),
        Case::new("special::whiteouts_cannot_be_made_by_hand")
            .lower(|layer| layer.file("f", 1))
            .run(|merged| refused(libc::EPERM, merged.mknod("w", libc::S_IFCHR, 0))),
    ]
}
