//! Hand-made symbol tables.

use proptest::prelude::*;

use super::*;

const MODULE: &str = "\
ffffffff81000000 T _stext
ffffffff81200000 T do_splice_direct
ffffffff81200400 t vfs_fsync
ffffffff81200800 D ovl_data
ffffffffc0002000 t ovl_open\t[overlay]
ffffffffc0001000 t ovl_setattr\t[overlay]
ffffffffc0001100 t ovl_do_rename.constprop.0\t[overlay]
ffffffffc0001800 t ovl_do_rename.constprop.0\t[overlay]
ffffffffc0001a00 r ovl_table\t[overlay]
ffffffffc0009000 t ovl_other\t[omapdrm]
";

fn parsed(text: &str) -> Symbols {
    Symbols::parse(text.as_bytes(), &["do_splice_direct", "vfs_fsync"]).unwrap()
}

#[test]
fn finds_the_module() {
    let symbols = parsed(MODULE);
    assert_eq!(symbols.overlay(), Overlay::Module);
    assert!(!symbols.addresses_hidden());
    assert!(symbols.contains("ovl_open"));
    assert!(symbols.contains("vfs_fsync"));
    assert!(!symbols.contains("ovl_do_rename"));
    assert!(!symbols.contains("ovl_table"));
    assert!(!symbols.contains("ovl_other"));
    assert!(!symbols.contains("_stext"));
    assert!(symbols.is_ambiguous("ovl_do_rename.constprop.0"));
    assert!(!symbols.is_ambiguous("ovl_open"));
    assert_eq!(symbols.event_symbol("ovl_open"), "overlay:ovl_open");
    assert_eq!(symbols.event_symbol("vfs_fsync"), "vfs_fsync");
}

#[test]
fn resolves_to_the_function_below() {
    let symbols = parsed(MODULE);
    let at = |address| symbols.resolve(address);
    assert_eq!(at(0xffff_ffff_c000_104f), Some(("ovl_setattr", 0x4f)));
    assert_eq!(at(0xffff_ffff_c000_1000), Some(("ovl_setattr", 0)));
    assert_eq!(at(0xffff_ffff_c000_2010), Some(("ovl_open", 0x10)));
    // Below the first, far beyond the last, and elsewhere.
    assert_eq!(at(0xffff_ffff_c000_0fff), None);
    assert_eq!(at(0xffff_ffff_c00f_0000), None);
    assert_eq!(at(0xffff_ffff_8120_0010), None);
    assert_eq!(at(0), None);
    assert_eq!(at(u64::MAX), None);
}

#[test]
fn built_in_functions_end_where_others_start() {
    let symbols = parsed(
        "ffffffff81100000 t ovl_driver\n\
         ffffffff81200000 T ovl_copy_up\n\
         ffffffff81200100 T not_overlayfs\n\
         ffffffff81200200 t ovl_open\n",
    );
    assert_eq!(symbols.overlay(), Overlay::BuiltIn);
    assert_eq!(
        symbols.resolve(0xffff_ffff_8120_00ff),
        Some(("ovl_copy_up", 0xff))
    );
    assert_eq!(symbols.resolve(0xffff_ffff_8120_0110), None);
}

#[test]
fn an_alias_does_not_end_a_function() {
    let symbols = parsed(
        "ffffffff81200000 T ovl_copy_up\n\
         ffffffff81200000 T alias\n\
         ffffffff81200100 T next\n\
         ffffffff81200200 T far\n",
    );
    let end = symbols.resolve(0xffff_ffff_8120_00ff);
    assert_eq!(end, Some(("ovl_copy_up", 0xff)));
    assert_eq!(symbols.resolve(0xffff_ffff_8120_0100), None);
}

#[test]
fn what_comes_after_the_module_is_not_read() {
    let symbols = parsed(
        "ffffffffc0000000 t ovl_open\t[overlay]\n\
         ffffffffc0001000 t ext4_open\t[ext4]\n\
         ffffffffc0002000 t ovl_late\t[overlay]\n",
    );
    assert!(symbols.contains("ovl_open") && !symbols.contains("ovl_late"));
}

#[test]
fn notices_hidden_addresses() {
    let symbols = parsed(
        "0000000000000000 T do_splice_direct\n\
         0000000000000000 t ovl_open\t[overlay]\n\
         0000000000000000 t ovl_setattr\t[overlay]\n",
    );
    assert!(symbols.addresses_hidden());
    assert!(symbols.contains("ovl_setattr"));
    assert!(!symbols.is_ambiguous("ovl_open"));
    assert_eq!(symbols.resolve(0), None);
}

#[test]
fn nothing_is_concluded_from_nothing() {
    assert!(Symbols::parse("".as_bytes(), &[]).is_err());
    assert!(Symbols::parse(&b"\0\xff\n"[..], &[]).is_err());
}

#[test]
fn other_functions_named_ovl_are_not_overlayfs() {
    let symbols = parsed("ffffffff81100000 t ovl_driver\n");
    assert_eq!(symbols.overlay(), Overlay::NotLoaded);
    assert!(!symbols.contains("ovl_driver"));
}

proptest! {
    #[test]
    fn any_text_is_survived(
        text in "([0-9a-f]{0,17} [tTd] (ovl_[a-z]{0,3}|x)(\t\\[overlay\\])?\n?){0,20}",
        address: u64,
    ) {
        if let Ok(symbols) = Symbols::parse(text.as_bytes(), &["x"])
            && let Some((name, _)) = symbols.resolve(address)
        {
            prop_assert!(symbols.contains(name));
        }
    }
}
