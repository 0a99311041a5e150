//! Offsets of real kernels, from trimmed BTF (`tests/fixtures/btf`), against
//! what was read from the same kernels by other means.

use std::path::Path;

use ovl_trace_common::offsets::{ABSENT, Offsets};

use super::{MissingField, Sources, resolve};
use crate::kernel::{Architecture, Release};
use ovl_trace_btf::Btf;

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/btf");
    std::fs::read(path.join(name)).unwrap()
}

fn resolved(kernel: &str, overlay: bool, release: &str) -> (Offsets, Vec<MissingField>) {
    let vmlinux = Btf::parse(fixture(&format!("{kernel}.vmlinux.btf"))).unwrap();
    let overlay = overlay
        .then(|| Btf::parse_split(fixture(&format!("{kernel}.overlay.btf")), &vmlinux).unwrap());
    resolve(&Sources {
        vmlinux: &vmlinux,
        overlay: overlay.as_ref(),
        release: &Release::parse(release),
        architecture: Architecture::X86_64,
        page_bytes: 4096,
    })
}

/// Fields that have the same place in every kernel seen.
const COMMON: Offsets = Offsets {
    dentry_parent: 24,
    dentry_name: 40,
    dentry_inode: 48,
    dentry_sb: 104,
    dentry_fsdata: 120,
    inode_mode: 0,
    inode_size: 80,
    inode_ino: 64,
    inode_sb: 40,
    sb_dev: 16,
    sb_root: 104,
    sb_type: 40,
    filesystem_name: 0,
    mount_root: 0,
    mount_sb: 8,
    cred_uid: 8,
    task_stack: 32,
    task_flags: 44,
    nsproxy_mnt_ns: 24,
    stack_bytes: 16384,
    regs_bytes: 168,
    regs_syscall: 120,
    regs_cs: 136,
    ovl_fs_numlayer: 0,
    ovl_layer_mnt: 0,
    ovl_layer_idx: 24,
    rename_old_argument: 2,
    ..Offsets::ABSENT
};

#[test]
fn debian_6_1() {
    let (offsets, missing) = resolved("debian-6.1", true, "");
    let expected = Offsets {
        inode_bytes: 632,
        sb_fs_info: 920,
        task_real_cred: 2952,
        task_nsproxy: 3064,
        mnt_ns_inum: 16,
        ovl_fs_layers: 8,
        ovl_fs_upperdir: 64,
        ovl_fs_workdir: 72,
        ovl_entry_numlower: 16,
        ovl_entry_lowerstack: 24,
        ..COMMON
    };
    assert_eq!(offsets, expected);
    assert_eq!(missing, []);
}

#[test]
fn debian_6_12() {
    let (offsets, missing) = resolved("debian-6.12", true, "");
    let expected = Offsets {
        inode_bytes: 624,
        sb_fs_info: 912,
        task_real_cred: 2952,
        task_nsproxy: 3064,
        mnt_ns_inum: 16,
        ovl_fs_layers: 16,
        ovl_fs_upperdir: 56,
        ovl_fs_workdir: 64,
        ovl_inode_oe: 632,
        ovl_entry_numlower: 0,
        ovl_entry_lowerstack: 8,
        ..COMMON
    };
    assert_eq!(offsets, expected);
    assert_eq!(missing, []);
}

/// overlayfs is built in, its types are in vmlinux.
#[test]
fn built_in_6_18() {
    let (offsets, missing) = resolved("builtin-6.18", false, "");
    let expected = Offsets {
        inode_bytes: 616,
        sb_fs_info: 888,
        task_real_cred: 1728,
        task_nsproxy: 1840,
        mnt_ns_inum: 24,
        ovl_fs_layers: 16,
        ovl_fs_upperdir: 56,
        ovl_fs_workdir: 64,
        ovl_inode_oe: 624,
        ovl_entry_numlower: 0,
        ovl_entry_lowerstack: 8,
        ..COMMON
    };
    assert_eq!(offsets, expected);
    assert_eq!(missing, []);
}

#[test]
fn debian_7_2() {
    let (offsets, missing) = resolved("debian-7.2", true, "");
    let expected = Offsets {
        inode_bytes: 560,
        sb_fs_info: 904,
        task_real_cred: 3320,
        task_nsproxy: 3440,
        mnt_ns_inum: 88,
        ovl_fs_layers: 16,
        ovl_fs_upperdir: 56,
        ovl_fs_workdir: 64,
        ovl_inode_oe: 568,
        ovl_entry_numlower: 0,
        ovl_entry_lowerstack: 8,
        ..COMMON
    };
    assert_eq!(offsets, expected);
    assert_eq!(missing, []);
}

#[test]
fn debian_7_3() {
    let (offsets, missing) = resolved("debian-7.3", true, "");
    let expected = Offsets {
        inode_bytes: 560,
        sb_type: 56,
        // This recording is older than the question.
        filesystem_name: ABSENT,
        sb_root: 120,
        sb_fs_info: 920,
        task_real_cred: 3384,
        task_nsproxy: 3512,
        mnt_ns_inum: 88,
        ovl_fs_layers: 16,
        ovl_fs_upperdir: 56,
        ovl_fs_workdir: 64,
        ovl_inode_oe: 568,
        ovl_entry_numlower: 0,
        ovl_entry_lowerstack: 8,
        ..COMMON
    };
    assert_eq!(offsets, expected);
    let missing: Vec<_> = missing.iter().map(|field| field.name).collect();
    assert_eq!(missing, ["file_system_type.name"]);
}

/// No module BTF: the layout of overlayfs is the known one of these releases.
#[test]
fn debian_5_10() {
    let (offsets, missing) = resolved("debian-5.10", false, "5.10.0-46-amd64");
    let expected = Offsets {
        inode_bytes: 600,
        sb_fs_info: 904,
        task_real_cred: 2712,
        task_stack: 24,
        task_flags: 36,
        task_nsproxy: 2824,
        mnt_ns_inum: 24,
        ovl_fs_layers: 8,
        ovl_fs_upperdir: 64,
        ovl_fs_workdir: 72,
        ovl_entry_numlower: 16,
        ovl_entry_lowerstack: 24,
        rename_old_argument: 1,
        ..COMMON
    };
    assert_eq!(offsets, expected);
    assert_eq!(missing, []);
}

#[test]
fn without_module_btf_nothing_is_guessed_beyond_the_known_releases() {
    let known = |release| resolved("debian-6.12", false, release).0;
    let (with_btf, _) = resolved("debian-6.12", true, "");
    let options_unknown = Offsets {
        ovl_fs_upperdir: ABSENT,
        ovl_fs_workdir: ABSENT,
        ..with_btf
    };
    assert_eq!(known("6.12.115"), options_unknown);
    for release in ["6.5.0", "7.4.0", "5.4.0", ""] {
        let (offsets, missing) = resolved("debian-6.12", false, release);
        assert_eq!(offsets.ovl_entry_numlower, ABSENT, "{release}");
        assert_eq!(offsets.ovl_inode_oe, ABSENT, "{release}");
        assert_eq!(missing.len(), 8, "{missing:?}");
        assert!(missing.iter().all(|field| field.lost.is_some()));
    }
}

#[test]
fn without_btf_of_the_vfs_nothing_can_be_traced() {
    let empty = Btf::parse(ovl_trace_btf::builder::Builder::new().bytes()).unwrap();
    let (offsets, missing) = resolve(&Sources {
        vmlinux: &empty,
        overlay: None,
        release: &Release::parse(""),
        architecture: Architecture::Aarch64,
        page_bytes: 65536,
    });
    let expected = Offsets {
        stack_bytes: 65536,
        ..Offsets::ABSENT
    };
    assert_eq!(offsets, expected);
    let fatal: Vec<_> = missing
        .iter()
        .filter(|field| field.lost.is_none())
        .map(|field| field.name)
        .collect();
    insta::assert_snapshot!(fatal.join(" "), @"dentry.d_parent dentry.d_name.name dentry.d_inode dentry.d_sb inode.i_mode inode.i_size inode.i_ino inode.i_sb super_block.s_dev super_block.s_root inode.sizeof");
}
