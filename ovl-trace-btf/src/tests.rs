//! Hand-made and random BTF.

use proptest::prelude::*;

use super::{Btf, BtfError, TypeId, builder::Builder};

/// `struct dentry` as 6.18 has it: `d_name` inside an unnamed union, and of a
/// `const` typedef.
fn dentry(builder: &mut Builder) {
    let int = builder.int("u32", 4);
    let pointer = builder.reference("", 2, TypeId(0));
    let qstr = builder.structure("qstr", 16, &[("len", int, 4), ("name", pointer, 8)]);
    let alias = builder.reference("qstr_t", 8, qstr);
    let constant = builder.reference("", 10, alias);
    let union = builder.aggregate(
        "",
        5,
        false,
        16,
        &[("d_name", constant, 0), ("__d_name", qstr, 0)],
    );
    builder.structure(
        "dentry",
        192,
        &[
            ("d_flags", int, 0),
            ("", union, 32),
            ("d_inode", pointer, 48),
        ],
    );
}

fn parsed(builder: &Builder) -> Btf<'static> {
    Btf::parse(builder.bytes()).unwrap()
}

#[test]
fn finds_members_through_unnamed_unions_and_typedefs() {
    let mut builder = Builder::new();
    dentry(&mut builder);
    let btf = parsed(&builder);
    assert_eq!(btf.member_offset("dentry", "d_inode"), Some(48));
    assert_eq!(btf.member_offset("dentry", "d_name"), Some(32));
    assert_eq!(btf.member_offset("dentry", "d_name.name"), Some(40));
    assert_eq!(btf.member_offset("dentry", "d_name.len"), Some(36));
    assert_eq!(btf.member_offset("dentry", "d_name.nil"), None);
    assert_eq!(btf.member_offset("dentry", "d_inode.i_mode"), None);
    assert_eq!(btf.member_offset("dentry", ""), None);
    assert_eq!(btf.member_offset("inode", "i_mode"), None);
    assert_eq!(btf.size_of("dentry"), Some(192));
    assert_eq!(btf.struct_named("qstr"), Some(TypeId(3)));
}

#[test]
fn bit_fields_have_no_byte_offset() {
    let mut builder = Builder::new();
    let int = builder.int("int", 4);
    builder.aggregate(
        "flags",
        4,
        true,
        8,
        &[
            ("bit", int, 1 << 24 | 32),
            ("whole", int, 32),
            ("odd", int, 3),
        ],
    );
    let btf = parsed(&builder);
    assert_eq!(btf.member_offset("flags", "bit"), None);
    assert_eq!(btf.member_offset("flags", "whole"), Some(4));
    assert_eq!(btf.member_offset("flags", "odd"), None);
}

#[test]
fn same_names_must_agree() {
    let mut builder = Builder::new();
    let int = builder.int("int", 4);
    // A forward is not a definition.
    builder.raw("path", 7 << 24, 0, &[]);
    builder.structure("path", 16, &[("mnt", int, 0), ("dentry", int, 8)]);
    builder.structure("path", 16, &[("dentry", int, 12), ("mnt", int, 0)]);
    builder.structure("path", 16, &[("other", int, 4)]);
    let btf = parsed(&builder);
    assert_eq!(btf.member_offset("path", "mnt"), Some(0));
    assert_eq!(btf.member_offset("path", "dentry"), None);
    assert_eq!(btf.member_offset("path", "other"), Some(4));
    assert_eq!(btf.size_of("path"), Some(16));
}

#[test]
fn split_btf_continues_ids_and_strings() {
    let mut base = Builder::new();
    dentry(&mut base);
    let inode = base.structure("inode", 600, &[]);
    let mut split = Builder::on(&base);
    let pointer = split.reference("", 2, TypeId(0));
    split.structure(
        "ovl_inode",
        700,
        &[("vfs_inode", inode, 32), ("oe", pointer, 640)],
    );
    let base = parsed(&base);
    let btf = Btf::parse_split(split.bytes(), &base).unwrap();
    assert_eq!(btf.member_offset("ovl_inode", "oe"), Some(640));
    assert_eq!(btf.member_offset("dentry", "d_name.name"), Some(40));
    assert_eq!(btf.size_of("inode"), Some(600));
    assert_eq!(base.member_offset("ovl_inode", "oe"), None);
}

#[test]
fn counts_parameters_and_reads_enumerators() {
    let mut builder = Builder::new();
    let function = builder.function(6);
    let pointer = builder.reference("", 2, function);
    let void = builder.reference("", 2, TypeId(0));
    builder.structure(
        "inode_operations",
        256,
        &[("rename", pointer, 96), ("data", void, 104)],
    );
    builder.enumeration("bpf_map_type", &[("BPF_MAP_TYPE_RINGBUF", 27)]);
    let btf = parsed(&builder);
    let count = |name| btf.function_parameter_count("inode_operations", name);
    assert_eq!(count("rename"), Some(6));
    assert_eq!(count("data"), None);
    assert_eq!(
        btf.enumerator("bpf_map_type", "BPF_MAP_TYPE_RINGBUF"),
        Some(27)
    );
    assert_eq!(btf.enumerator("bpf_map_type", "BPF_MAP_TYPE_HASH"), None);
}

#[test]
fn refuses_what_is_not_btf() {
    let bytes = Builder::new().bytes();
    let error = |bytes: &[u8]| Btf::parse(bytes.to_vec()).unwrap_err();
    assert_eq!(error(b""), BtfError::Truncated("inside the header"));
    assert_eq!(
        error(b"\x7fELF...."),
        BtfError::Magic(u16::from_ne_bytes(*b"\x7fE"))
    );
    let mut foreign = bytes.clone();
    foreign.swap(0, 1);
    assert_eq!(error(&foreign), BtfError::ForeignEndian);
    let mut newer = bytes.clone();
    newer[2] = 2;
    assert_eq!(error(&newer), BtfError::Version(2));
    assert_eq!(
        error(&bytes[..bytes.len() - 1]),
        BtfError::Truncated("inside the strings")
    );
    let mut builder = Builder::new();
    builder.raw("", 77 << 24, 0, &[]);
    assert_eq!(
        error(&builder.bytes()),
        BtfError::UnknownKind { kind: 77, id: 1 }
    );
}

#[test]
fn types_that_contain_themselves_end() {
    let mut builder = Builder::new();
    let own = TypeId(1);
    let members = vec![("", own, 0); 200];
    builder.structure("loop", 8, &members);
    builder.reference("endless", 8, TypeId(2));
    let btf = parsed(&builder);
    assert_eq!(btf.member_offset("loop", "x"), None);
    assert_eq!(btf.member_offset("loop", "x.y.z"), None);
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Btf::parse(bytes).map(|btf| btf.member_offset("a", "b"));
    }

    #[test]
    fn damaged_btf_never_panics(at in 0_usize..1000, value: u8, cut in 0_usize..100) {
        let mut builder = Builder::new();
        dentry(&mut builder);
        let mut bytes = builder.bytes();
        let length = bytes.len();
        bytes[at % length] = value;
        bytes.truncate(length - cut.saturating_sub(50));
        if let Ok(btf) = Btf::parse(bytes) {
            let _ = btf.member_offset("dentry", "d_name.name");
            let _ = btf.size_of("dentry");
            let _ = btf.enumerator("x", "y");
            let _ = btf.function_parameter_count("dentry", "d_inode");
        }
    }
}

#[test]
fn functions_by_name_each_in_its_own_part() {
    let mut base = Builder::new();
    let kind = base.function(2);
    base.reference("vfs_fsync", 12, kind);
    let twice = base.reference("twice", 12, kind);
    base.reference("twice", 12, kind);
    base.reference("open", 8, kind);
    let mut module = Builder::on(&base);
    let end = module.reference("ovl_copy_up_end", 12, kind);
    let vmlinux = parsed(&base);
    let overlay = Btf::parse_split(module.bytes(), &vmlinux).unwrap();
    let names = ["ovl_copy_up_end", "vfs_fsync", "twice", "open"];
    let ids = |btf: &Btf<'_>| Vec::from_iter(btf.functions(&names));
    assert_eq!(ids(&vmlinux), [("vfs_fsync", TypeId(2))]);
    assert_eq!(ids(&overlay), [("ovl_copy_up_end", end)]);
    assert!(end.0 > twice.0, "ids continue those of the base");
}

#[test]
fn parameters_of_functions() {
    let mut builder = Builder::new();
    let (four, two) = (builder.function(4), builder.function(2));
    for (name, prototype) in [
        ("data", four),
        ("start", two),
        ("twice", two),
        ("twice", two),
    ] {
        builder.reference(name, 12, prototype);
    }
    let btf = parsed(&builder);
    assert_eq!(btf.parameter_count("data"), Some(4));
    assert_eq!(btf.parameter_count("start"), Some(2));
    assert_eq!(btf.parameter_count("twice"), None);
    assert_eq!(btf.parameter_count("other"), None);
}
