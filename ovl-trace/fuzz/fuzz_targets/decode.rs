//! Any bytes as a record of the ring.

#![no_main]

use libfuzzer_sys::fuzz_target;
use ovl_trace::{
    decode::{TriggerTable, decode},
    kernel::{Architecture, syscalls, trigger},
    model::Trigger,
};

struct Table;

impl TriggerTable for Table {
    fn trigger(&self, caller: u64, open_flags: Option<u32>, syscall: i32, compat: bool) -> Trigger {
        let callers = ["ovl_open", "ovl_setattr", "ovl_nlink_start.cold"];
        let caller = usize::try_from(caller).ok();
        let caller = caller.and_then(|index| callers.get(index).copied());
        let syscall = syscalls::name(Architecture::X86_64, compat, syscall);
        trigger::trigger(Architecture::X86_64, caller, open_flags, syscall)
    }
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(event) = decode(bytes, &Table) {
        assert!(!format!("{event:?}").is_empty());
    }
});
