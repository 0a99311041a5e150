//! The kernel side of ovl-trace: entry and return probes on overlayfs.
//!
//! A program serves a kprobe or a trampoline, which differ in its context
//! (`context.rs`). Every probe is a thin shell in `probes/`; what it means is in
//! `copy_up.rs`, `deletion.rs` and `overlay.rs`. Counting never depends on the
//! ring buffer: totals are kept in maps, and what a map or the ring could not
//! take is counted in `LOSSES`.

#![no_std]
#![no_main]
#![cfg_attr(
    target_arch = "bpf",
    expect(unstable_features, reason = "inline assembly for this target needs it"),
    feature(asm_experimental_arch)
)]
#![expect(
    clippy::inline_always,
    reason = "the verifier follows values within a function: a call hides them"
)]
#![expect(
    clippy::needless_borrows_for_generic_args,
    reason = "keys and values of maps would be copied on the stack by value"
)]
#![expect(
    clippy::needless_pass_by_value,
    reason = "the probe macros hand the context over by value"
)]
#![expect(
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "registers have no sign: each cast follows a check of the range"
)]

mod arch;
mod context;
mod copy_up;
mod copy_up_event;
mod deletion;
mod emit;
mod entry_flags;
mod filesystem;
mod globals;
mod in_flight;
mod kread;
mod layer;
mod log;
mod loss;
mod maps;
mod opaque;
mod overlay;
mod path;
mod probes;
mod runs;
mod task;
mod totals;
mod wanted;
mod whiteout;
mod words;

/// A panic that can be reached is a loop without an end, which the verifier
/// refuses: a program that loads cannot panic.
#[cfg(not(test))]
#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
