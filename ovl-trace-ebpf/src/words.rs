//! Zeros, a word at a time. The compiler makes calls of `memset` out of zeros in a row,
//! which on this target writes byte by byte: five instructions for each.

use core::mem::MaybeUninit;

/// Writes zeros over a value of whole words, which may not be one yet.
///
/// # Safety
///
/// `to` can be written, and is aligned to 8 bytes.
#[inline(always)]
pub(crate) unsafe fn clear<T>(to: *mut T) {
    const { assert!(size_of::<T>().is_multiple_of(8)) };
    let words = to.cast::<u64>();
    for index in 0..size_of::<T>() / 8 {
        // SAFETY: the caller's; within the value. Volatile: the compiler would
        // make a `memset` of it again.
        unsafe { words.add(index).write_volatile(0) };
    }
}

/// Zeros in place: a value that is returned is copied, and copies of zeros are calls
/// of `memset`, too.
///
/// # Safety
///
/// Zeros are a value of the type.
#[inline(always)]
pub(crate) unsafe fn zeroed<T>(place: &mut MaybeUninit<T>) -> &mut T {
    const { assert!(align_of::<T>() == 8) };
    // SAFETY: written whole; zeros are a value (the caller's).
    unsafe {
        clear(place.as_mut_ptr());
        place.assume_init_mut()
    }
}

/// A place by another type, of which it has the alignment.
#[inline(always)]
pub(crate) fn seen_as<T, U>(place: *mut T) -> *mut U {
    place.cast()
}
