//! The only writer to the ring: an event goes out, or its loss is counted.

use aya_ebpf::helpers::generated::{bpf_ktime_get_ns, bpf_ringbuf_output};
use ovl_trace_common::{event::Header, overlay::OverlayKey};

use crate::{
    globals::lingers_ns,
    loss::count,
    maps::{EVENTS, FIXED_BYTES, PER_CPU, PerCpu, Scratch, TAIL_BYTES, WOKEN},
    overlay::Known,
    words,
};

/// Flags of `bpf_ringbuf_output` (`include/uapi/linux/bpf.h`).
const BPF_RB_NO_WAKEUP: u64 = 1;
const BPF_RB_FORCE_WAKEUP: u64 = 2;

/// This CPU's own memory. (It is always there: an array of one has its first.)
#[inline(always)]
pub(crate) fn per_cpu() -> Option<&'static mut PerCpu> {
    let pointer = PER_CPU.get_ptr_mut(0)?;
    // SAFETY: a per-CPU value; programs of kprobes run with preemption off and do
    // not nest, trampolines are used only on kernels that do not preempt them, and
    // each program uses the reference for one event at a time.
    unsafe { pointer.as_mut() }
}

/// This CPU's buffer.
#[inline(always)]
pub(crate) fn scratch() -> Option<&'static mut Scratch> {
    Some(&mut per_cpu()?.scratch)
}

/// `CLOCK_MONOTONIC` in nanoseconds.
#[inline(always)]
pub(crate) fn now() -> u64 {
    // SAFETY: the helper has no preconditions.
    unsafe { bpf_ktime_get_ns() }
}

/// Writes a header with the time `now_ns`; flags and tail come with [`send`].
#[inline(always)]
pub(crate) fn write_header(to: &mut Header, kind: u16, known: Known, now_ns: u64) {
    to.kind = kind;
    to.flags = 0;
    to.path_bytes = 0;
    to.time_ns = now_ns;
    to.overlay = OverlayKey {
        superblock: known.superblock,
        born_ns: known.born_ns,
    };
    to.device = known.device;
    to.padding = 0;
}

/// The place of an event of type `T` in the scratch: it ends where the tail
/// begins. Built in place, because the stack is small.
///
/// # Safety
///
/// `T` must be one of the structures of `ovl_trace_common::event`, for which
/// any bytes are a value and whose size is a multiple of 8.
#[inline(always)]
pub(crate) unsafe fn place<T>(scratch: &mut Scratch) -> &mut T {
    const { assert!(size_of::<T>() <= FIXED_BYTES && size_of::<T>().is_multiple_of(8)) };
    let start = scratch
        .fixed
        .as_mut_ptr()
        .wrapping_add(FIXED_BYTES - size_of::<T>());
    // SAFETY: within `fixed`, aligned (asserted), any bytes are a value.
    unsafe { &mut *start.cast::<T>() }
}

/// Whether the agent is to be woken for an event of now. After a wake-up it looks
/// by itself for a while: an interrupt per event would cost more than the event.
#[inline(always)]
fn wake(time_ns: u64) -> u64 {
    let woken = WOKEN.get();
    // SAFETY: a static, aligned. Two CPUs may both find that it is time: then the agent
    // is woken twice.
    unsafe {
        if time_ns.wrapping_sub(woken.read_volatile()) < lingers_ns() {
            return BPF_RB_NO_WAKEUP;
        }
        woken.write_volatile(time_ns);
    }
    BPF_RB_FORCE_WAKEUP
}

/// Sends the event of type `T` and the first `tail` bytes of the tail; counts
/// `reason` if the ring has no room.
#[inline(always)]
pub(crate) fn send<T>(scratch: &mut Scratch, tail: u32, reason: u32) {
    let fixed = size_of::<T>();
    let start = scratch.fixed.as_mut_ptr().wrapping_add(FIXED_BYTES - fixed);
    let mut tail = tail as usize;
    if tail > TAIL_BYTES {
        tail = TAIL_BYTES;
    }
    // SAFETY: the event begins with its header.
    let time_ns = unsafe { (*words::seen_as::<_, Header>(start)).time_ns };
    // SAFETY: `start` .. + fixed + tail lies within the scratch.
    let result = unsafe {
        bpf_ringbuf_output(
            (&raw const EVENTS).cast_mut().cast(),
            start.cast(),
            (fixed + tail) as u64,
            wake(time_ns),
        )
    };
    if result < 0 {
        count(reason);
    }
}
