//! Every map. The sizes of the large ones can be changed by the loader.

use core::{cell::UnsafeCell, mem::MaybeUninit};

use aya_ebpf::{
    macros::map,
    maps::{Array, HashMap, LruHashMap, PerCpuArray, RingBuf},
};
use ovl_trace_common::{
    PATH_BYTES_MAX,
    aggregate::{CopyUpKey, CopyUpTotals, WhiteoutKey},
    event::CopyUp,
    in_flight::{InFlight, SLOTS, Slot},
    loss::REASONS,
    overlay::{OverlayKey, OverlayState},
    program,
    verdict::{Call, Unwanted},
};

/// What `ovl_copy_up_flags` was called for, per task.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Operation {
    /// Its return address: the overlayfs operation.
    pub(crate) caller: u64,
    /// The dentry that is to be written; others copied up are its ancestors.
    pub(crate) dentry: u64,
}

/// A lower layer, for as long as its overlay lives.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct LayerKey {
    /// Its `struct ovl_layer *`.
    pub(crate) address: u64,
    /// [`OverlayState::born_ns`]: the address may belong to another later.
    pub(crate) born_ns: u64,
}

/// What is known of an overlay, as long as no other begins or ends.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct LastOverlay {
    /// Its address.
    pub(crate) superblock: u64,
    /// [`OverlayState::born_ns`].
    pub(crate) born_ns: u64,
    /// Its `s_root`; 0 if unknown.
    pub(crate) root: u64,
    /// [`OverlayState::device`].
    pub(crate) device: u64,
    /// [`OVERLAYS_CHANGED`] when that was so.
    pub(crate) changed: u64,
}

/// What an event says of the layer that a file came from.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Layer {
    pub(crate) index: u32,
    pub(crate) device: u32,
    /// The name of its file system's type.
    pub(crate) filesystem: [u64; 2],
}

/// A deletion or rename in progress, per task.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Deletion {
    /// The name that goes away.
    pub(crate) dentry: u64,
    /// Its inode number.
    pub(crate) inode: u64,
    /// 1 once `ovl_lower_positive` said that a lower layer has the name.
    pub(crate) lower: u64,
}

/// A mkdir or rename in progress, per task: what it may mark opaque.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Marking {
    /// The directories' dentries; 0: none that it could mark.
    pub(crate) moved: [u64; 2],
    /// Those with the names that they will have.
    pub(crate) named: [u64; 2],
}

/// Bytes before the path in [`Scratch`]: the largest fixed part of an event.
pub(crate) const FIXED_BYTES: usize = size_of::<CopyUp>();

/// Room for a path, or for two mount options, plus the name that overflows.
pub(crate) const TAIL_BYTES: usize = 2 * PATH_BYTES_MAX;

/// Where an event is put together before it goes to the ring: too large for
/// the stack. The fixed part ends where the path begins.
#[repr(C, align(8))]
pub(crate) struct Scratch {
    /// Bytes of path in the tail.
    pub(crate) path_bytes: u32,
    /// Event flags of the path.
    pub(crate) path_flags: u32,
    /// The overlay of this CPU's last event, and the layer of its last copy-up: mostly those
    /// of the next, too.
    pub(crate) overlay: LastOverlay,
    pub(crate) layer_key: LayerKey,
    pub(crate) layer: Layer,
    pub(crate) fixed: [u8; FIXED_BYTES],
    pub(crate) tail: [u8; TAIL_BYTES],
}

/// What a CPU works on.
#[repr(C)]
pub(crate) struct PerCpu {
    pub(crate) scratch: Scratch,
    /// The copy-up that begins, or that is to be reported.
    pub(crate) copy_up: InFlight,
}

/// A static that all CPUs write.
#[repr(transparent)]
pub(crate) struct Shared<T>(UnsafeCell<MaybeUninit<T>>);

impl<T> Shared<T> {
    const fn zeroed() -> Self {
        Self(UnsafeCell::new(MaybeUninit::zeroed()))
    }

    /// Its address.
    #[inline(always)]
    pub(crate) const fn get(&self) -> *mut T {
        self.0.get().cast()
    }
}

// SAFETY: it is only reached through raw pointers, whose users say why.
unsafe impl<T> Sync for Shared<T> {}

/// Events to the agent. The loader sets the size.
#[map]
pub(crate) static EVENTS: RingBuf = RingBuf::with_byte_size(4 << 20, 0);

/// Running copy-ups of tasks whose slot was taken, by tid.
#[map]
pub(crate) static IN_FLIGHT: HashMap<u32, InFlight> = HashMap::with_max_entries(8192, 0);

/// Running copy-ups. A static is a map, too, of one value whose address the programs know.
#[unsafe(no_mangle)]
#[unsafe(link_section = ".bss.slots")]
pub(crate) static IN_FLIGHT_SLOTS: Shared<[Slot; SLOTS]> = Shared::zeroed();

/// Number of rows of [`IN_FLIGHT`]. Higher after the agent has removed one: then the table is
/// looked into for nothing.
#[unsafe(no_mangle)]
pub(crate) static IN_HASH: Shared<u64> = Shared::zeroed();

/// Last `ovl_copy_up_flags` of each task. Entries stay when nothing had to be
/// copied, so the oldest give way.
#[map]
pub(crate) static OPERATIONS: LruHashMap<u32, Operation> = LruHashMap::with_max_entries(8192, 0);

/// Running deletions, by tid.
#[map]
pub(crate) static DELETIONS: HashMap<u32, Deletion> = HashMap::with_max_entries(8192, 0);

/// Running mkdirs and renames, by tid.
#[map]
pub(crate) static MARKINGS: HashMap<u32, Marking> = HashMap::with_max_entries(8192, 0);

/// Superblocks being mounted, by tid.
#[map]
pub(crate) static MOUNTING: HashMap<u32, u64> = HashMap::with_max_entries(1024, 0);

/// Known overlays, by the address of the superblock.
#[map]
pub(crate) static OVERLAYS: HashMap<u64, OverlayState> = HashMap::with_max_entries(16384, 0);

/// How often an entry of [`OVERLAYS`] was removed or replaced.
#[unsafe(no_mangle)]
pub(crate) static OVERLAYS_CHANGED: Shared<u64> = Shared::zeroed();

/// Totals of copy-ups.
#[map]
pub(crate) static COPY_UPS: HashMap<CopyUpKey, CopyUpTotals> = HashMap::with_max_entries(8192, 0);

/// Totals of whiteouts.
#[map]
pub(crate) static WHITEOUTS: HashMap<WhiteoutKey, u64> = HashMap::with_max_entries(8192, 0);

/// `ovl_trace_common::loss`, by reason. One value, which is read at once.
#[map]
pub(crate) static LOSSES: PerCpuArray<[u64; REASONS]> = PerCpuArray::with_max_entries(1, 0);

/// How often each program ran, by its number in `ovl_trace_common::program`.
#[unsafe(no_mangle)]
#[unsafe(link_section = ".bss.runs")]
pub(crate) static RUNS: Shared<[u64; program::COUNT]> = Shared::zeroed();

/// When the agent was last woken.
#[unsafe(no_mangle)]
pub(crate) static WOKEN: Shared<u64> = Shared::zeroed();

/// Lower layers that files were copied from. Filled again when it was full.
#[map]
pub(crate) static LAYERS: LruHashMap<LayerKey, Layer> = LruHashMap::with_max_entries(4096, 0);

/// Overlays whose events nobody wants; the agent fills it. The loader makes it small
/// where no filter asks for overlays.
#[map]
pub(crate) static UNWANTED: HashMap<OverlayKey, Unwanted> = HashMap::with_max_entries(4096, 0);

/// Calls whose events nobody wants, with the number of those; the agent fills it. The
/// loader makes it small where no filter asks for triggers.
#[map]
pub(crate) static UNWANTED_CALLS: HashMap<Call, u64> = HashMap::with_max_entries(1024, 0);

/// One value per CPU.
#[map]
pub(crate) static PER_CPU: PerCpuArray<PerCpu> = PerCpuArray::with_max_entries(1, 0);

/// One value of zeros, for new entries: too large for the stack.
#[map]
pub(crate) static ZERO_TOTALS: Array<CopyUpTotals> = Array::with_max_entries(1, 0);
