//! What a program is called with: the registers of a kprobe, or in the trampoline of
//! a function its arguments and what it returned.
//!
//! Which of them, the verifier knows, since it is a constant: the other half of a
//! program is never walked, and taken out.

use aya_ebpf::{
    EbpfContext as _,
    helpers::generated::{bpf_get_func_arg, bpf_get_func_ret},
    programs::{ProbeContext, RetProbeContext},
};

use crate::{arch, globals::in_trampoline};

/// An argument of the probed function, counted from 0.
///
/// The helpers are not called: the verifier puts three loads and a store in their place
/// (5.17). Without them, pointers would have types, by which it forbids most of what
/// is done with them here.
#[inline(always)]
pub(crate) fn argument<const INDEX: usize>(ctx: &ProbeContext) -> u64 {
    if !in_trampoline() {
        return arch::argument::<INDEX>(ctx);
    }
    let mut value = 0;
    // SAFETY: the context is as it came; the helper writes the value. It fails if the
    // function has fewer arguments, and none has.
    unsafe { bpf_get_func_arg(ctx.as_ptr(), INDEX as u32, &raw mut value) };
    value
}

/// What the probed function returned: a register, of which a smaller type has only the
/// lower part.
#[inline(always)]
pub(crate) fn returned(ctx: &RetProbeContext) -> u64 {
    if !in_trampoline() {
        return ctx.ret();
    }
    let mut value = 0;
    // SAFETY: as above, at a return.
    unsafe { bpf_get_func_ret(ctx.as_ptr(), &raw mut value) };
    value
}
