//! The only writer to the ring: an event goes out, or its loss is counted.

use aya_ebpf::helpers::{bpf_ktime_get_ns, generated::bpf_ringbuf_output};
use ovl_trace_common::{event::Header, overlay::OverlayKey};

use crate::{
    loss::count,
    maps::{EVENTS, FIXED_BYTES, SCRATCH, Scratch, TAIL_BYTES},
};

/// This CPU's buffer.
#[inline(always)]
pub(crate) fn scratch() -> Option<&'static mut Scratch> {
    let pointer = SCRATCH.get_ptr_mut(0)?;
    // SAFETY: a per-CPU value; kprobe programs run with preemption off and do
    // not nest, and each uses the reference for one event at a time.
    unsafe { pointer.as_mut() }
}

/// A header with the time of now.
#[inline(always)]
pub(crate) fn header(kind: u16, flags: u16, overlay: OverlayKey, device: u32, tail: u32) -> Header {
    Header {
        kind,
        flags,
        path_bytes: tail,
        time_ns: now(),
        overlay,
        device,
        padding: 0,
    }
}

/// `CLOCK_MONOTONIC` in nanoseconds.
#[inline(always)]
pub(crate) fn now() -> u64 {
    // SAFETY: the helper has no preconditions.
    unsafe { bpf_ktime_get_ns() }
}

/// Sends `event` and the first `tail` bytes of the scratch's tail; counts
/// `reason` if the ring has no room.
#[inline(always)]
pub(crate) fn send<T: Copy>(scratch: &mut Scratch, event: T, tail: u32, reason: u32) {
    const { assert!(size_of::<T>() <= FIXED_BYTES) };
    let fixed = size_of::<T>();
    let start = scratch.fixed.as_mut_ptr().wrapping_add(FIXED_BYTES - fixed);
    // SAFETY: within `fixed`; all events are multiples of 8 bytes, so aligned.
    unsafe { start.cast::<T>().write(event) };
    let mut tail = tail as usize;
    if tail > TAIL_BYTES {
        tail = TAIL_BYTES;
    }
    // SAFETY: `start` .. + fixed + tail lies within the scratch.
    let result = unsafe {
        bpf_ringbuf_output(
            (&raw const EVENTS).cast_mut().cast(),
            start.cast(),
            (fixed + tail) as u64,
            0,
        )
    };
    if result < 0 {
        count(reason);
    }
}
