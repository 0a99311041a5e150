//! What depends on the processor: the caller of a probed function, and the
//! number of the system call a task is in. This is the only such place.

use aya_ebpf::programs::ProbeContext;
use ovl_trace_common::codes::SYSCALL_UNKNOWN;

/// The system call of the current task, and whether its number is of the
/// 32-bit table.
#[derive(Clone, Copy)]
pub(crate) struct Syscall {
    pub(crate) number: i32,
    pub(crate) compat: bool,
}

impl Syscall {
    pub(crate) const UNKNOWN: Self = Self {
        number: SYSCALL_UNKNOWN,
        compat: false,
    };
}

#[cfg(not(bpf_target_arch = "aarch64"))]
mod imp {
    use super::{ProbeContext, SYSCALL_UNKNOWN, Syscall};
    use crate::{globals::offset, kread};

    /// `thread_info.status` of a task in a 32-bit system call, which a 64-bit program can make
    /// by `int 0x80` (`arch/x86/include/asm/thread_info.h`).
    const TS_COMPAT: u32 = 0x2;

    /// `__USER_CS` and `__USER32_CS` (`arch/x86/include/asm/segment.h`), and
    /// what they are under Xen PV (include/xen/interface/xen-x86_64.h).
    const USER_CS: [u16; 2] = [0x33, 0xe033];
    const USER32_CS: [u16; 2] = [0x23, 0xe023];

    /// Return address of the probed function: on top of the stack at entry.
    #[inline(always)]
    pub(crate) fn caller(ctx: &ProbeContext) -> u64 {
        // SAFETY: the context of a kprobe is its registers.
        let stack = unsafe { (*ctx.regs).rsp };
        kread::field(stack, 0)
    }

    /// An argument (counted from 0, at most 5) of the function that a kprobe is on. The read is volatile: the
    /// compiler would turn a choice between two of them into a read at a computed
    /// place, which the verifier refuses.
    #[inline(always)]
    pub(crate) fn argument<const INDEX: usize>(ctx: &ProbeContext) -> u64 {
        // SAFETY: the context of a kprobe is its registers.
        unsafe {
            let registers = ctx.regs;
            match INDEX {
                0 => &raw const (*registers).rdi,
                1 => &raw const (*registers).rsi,
                2 => &raw const (*registers).rdx,
                3 => &raw const (*registers).rcx,
                4 => &raw const (*registers).r8,
                _ => &raw const (*registers).r9,
            }
            .read_volatile()
        }
    }

    /// The user's registers lie at the top of the kernel stack
    /// (`task_pt_regs`), below a padding that is 16 bytes when the kernel is
    /// built with `CONFIG_X86_FRED` and nothing otherwise
    /// (`TOP_OF_KERNEL_STACK_PADDING`). The saved code segment tells which:
    /// only in the right place is it a user's one. Kernel threads have none, so
    /// their syscall is unknown.
    #[inline(always)]
    pub(crate) fn syscall(task: u64) -> Syscall {
        let stack = kread::pointer(task, offset!(task_stack));
        let registers = stack + u64::from(offset!(stack_bytes)) - u64::from(offset!(regs_bytes));
        let found = match at(registers) {
            Syscall {
                number: SYSCALL_UNKNOWN,
                ..
            } => at(registers - 16),
            found => found,
        };
        in_mode(found, kread::field(task, offset!(task_status)))
    }

    #[inline(always)]
    fn at(registers: u64) -> Syscall {
        let segment: u16 = kread::field(registers, offset!(regs_cs));
        is_user(segment, || kread::field(registers, offset!(regs_syscall)))
    }

    /// The same from `bpf_task_pt_regs`, which knows about the padding.
    ///
    /// # Safety
    ///
    /// `task` was returned by `bpf_get_current_task_btf`, and `registers` by
    /// `bpf_task_pt_regs`.
    #[inline(always)]
    pub(crate) unsafe fn syscall_of(task: u64, registers: u64) -> Syscall {
        // SAFETY: the caller's.
        let segment = unsafe { kread::typed::<u16>(registers, offset!(regs_cs)) };
        // SAFETY: the caller's.
        let found = is_user(segment, || unsafe {
            kread::typed(registers, offset!(regs_syscall))
        });
        // SAFETY: the caller's.
        in_mode(found, unsafe { kread::typed(task, offset!(task_status)) })
    }

    /// The system call of a task whose `thread_info` has this status.
    #[inline(always)]
    fn in_mode(syscall: Syscall, status: u32) -> Syscall {
        Syscall {
            compat: syscall.compat || status & TS_COMPAT != 0,
            ..syscall
        }
    }

    /// The number, if the saved code segment is that of a user.
    #[inline(always)]
    fn is_user(segment: u16, number: impl FnOnce() -> i32) -> Syscall {
        let compat = segment == USER32_CS[0] || segment == USER32_CS[1];
        if !compat && segment != USER_CS[0] && segment != USER_CS[1] {
            return Syscall::UNKNOWN;
        }
        Syscall {
            number: number(),
            compat,
        }
    }
}

#[cfg(bpf_target_arch = "aarch64")]
mod imp {
    use super::{ProbeContext, Syscall};
    use crate::{globals::offset, kread};

    /// Return address of the probed function: the link register, x30.
    #[inline(always)]
    pub(crate) fn caller(ctx: &ProbeContext) -> u64 {
        // SAFETY: the context of a kprobe is its registers.
        unsafe { (*ctx.regs).regs[30] }
    }

    /// An argument of the function that a kprobe is on; volatile as for x86-64.
    #[inline(always)]
    pub(crate) fn argument<const INDEX: usize>(ctx: &ProbeContext) -> u64 {
        // SAFETY: the context of a kprobe is its registers.
        unsafe {
            let registers = (&raw const (*ctx.regs).regs).cast::<u64>();
            registers.add(INDEX).read_volatile()
        }
    }

    /// `PSR_MODE32_BIT` of `pt_regs.pstate`: the task runs 32-bit code, whose system calls
    /// have other numbers (`arch/arm64/include/uapi/asm/ptrace.h`).
    const PSR_MODE32_BIT: u64 = 0x10;

    /// `task_pt_regs(task)->syscallno`; -1 outside a system call
    /// (`arch/arm64/include/asm/ptrace.h`).
    #[inline(always)]
    pub(crate) fn syscall(task: u64) -> Syscall {
        let stack = kread::pointer(task, offset!(task_stack));
        let registers = stack + u64::from(offset!(stack_bytes)) - u64::from(offset!(regs_bytes));
        let state: u64 = kread::field(registers, offset!(regs_pstate));
        Syscall {
            number: kread::field(registers, offset!(regs_syscall)),
            compat: state & PSR_MODE32_BIT != 0,
        }
    }

    /// The same from `bpf_task_pt_regs`.
    ///
    /// # Safety
    ///
    /// `registers` was returned by that helper.
    #[inline(always)]
    pub(crate) unsafe fn syscall_of(_task: u64, registers: u64) -> Syscall {
        // SAFETY: the caller's.
        let state: u64 = unsafe { kread::typed(registers, offset!(regs_pstate)) };
        Syscall {
            // SAFETY: the caller's.
            number: unsafe { kread::typed(registers, offset!(regs_syscall)) },
            compat: state & PSR_MODE32_BIT != 0,
        }
    }
}

pub(crate) use imp::{argument, caller, syscall, syscall_of};
