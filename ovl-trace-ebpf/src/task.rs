//! The current task.

use aya_ebpf::helpers::{
    bpf_get_current_cgroup_id, bpf_get_current_pid_tgid, bpf_get_current_task,
    generated::{bpf_get_current_comm, bpf_get_current_task_btf, bpf_task_pt_regs},
};
use ovl_trace_common::{event::Task, offsets::ABSENT};

use crate::{
    arch::{self, Syscall},
    globals::{offset, task_is_typed},
    kread,
};

/// Thread id in the initial pid namespace: the key of all per-task maps.
#[inline(always)]
pub(crate) fn tid() -> u32 {
    bpf_get_current_pid_tgid() as u32
}

/// The system call the current task is in.
#[inline(always)]
pub(crate) fn syscall() -> Syscall {
    if offset!(task_stack) == ABSENT
        || offset!(stack_bytes) == ABSENT
        || offset!(regs_syscall) == ABSENT
    {
        return Syscall::UNKNOWN;
    }
    if task_is_typed() {
        // SAFETY: neither helper has preconditions; both return typed pointers.
        return unsafe {
            let task = bpf_get_current_task_btf();
            if is_worker(kread::typed(task as u64, offset!(task_flags))) {
                return Syscall::UNKNOWN;
            }
            arch::syscall_of(task as u64, bpf_task_pt_regs(task) as u64)
        };
    }
    // SAFETY: the helper has no preconditions.
    let task = unsafe { bpf_get_current_task() };
    if is_worker(kread::field(task, offset!(task_flags))) {
        return Syscall::UNKNOWN;
    }
    arch::syscall(task)
}

/// Returns true for a worker of `io_uring`, which is in no system call. Its registers are a
/// copy of those of the task that made it, in whatever call that was (`copy_thread`,
/// `arch/x86/kernel/process.c`).
///
/// The flag has this value where workers are threads of the user's task, from 5.12 on; before,
/// they are kernel threads, which have no registers of a user.
#[inline(always)]
fn is_worker(flags: u32) -> bool {
    /// `include/linux/sched.h`
    const PF_IO_WORKER: u32 = 0x10;
    flags & PF_IO_WORKER != 0
}

/// Writes who is running. `caller` and `syscall` were taken where they mean
/// something.
#[inline(always)]
pub(crate) fn write(to: &mut Task, caller: u64, syscall: Syscall) {
    write_by(to, caller, syscall, task_is_typed());
}

/// [`write`], for what is rare: it takes a little longer, and the verifier less long. For each
/// pointer in a typed structure the verifier goes through all types of the kernel, to see
/// whether it can be trusted (`btf_nested_type_is_trusted`, 6.3 on): 5 million instructions.
#[inline(always)]
pub(crate) fn write_rarely(to: &mut Task, caller: u64, syscall: Syscall) {
    write_by(to, caller, syscall, false);
}

#[inline(always)]
fn write_by(to: &mut Task, caller: u64, syscall: Syscall, typed: bool) {
    let ids = bpf_get_current_pid_tgid();
    to.uid = user(typed);
    to.pid = (ids >> 32) as u32;
    to.tid = ids as u32;
    to.syscall = syscall.number;
    to.caller = caller;
    // SAFETY: the helper has no preconditions.
    to.cgroup = unsafe { bpf_get_current_cgroup_id() };
    to.mount_namespace = mount_namespace(typed);
    // SAFETY: the helper writes the whole array: the name, or zeros.
    unsafe { bpf_get_current_comm(to.comm.as_mut_ptr().cast(), 16) };
}

/// The caller's own user: overlayfs overrides `task->cred`, which
/// `bpf_get_current_uid_gid` reads, with the mounter's. `u32::MAX` if unknown.
#[inline(always)]
fn user(typed: bool) -> u32 {
    if offset!(task_real_cred) == ABSENT || offset!(cred_uid) == ABSENT {
        return u32::MAX;
    }
    if typed {
        // SAFETY: typed pointers, from the helper on.
        return unsafe {
            let task = bpf_get_current_task_btf() as u64;
            kread::typed(
                kread::typed(task, offset!(task_real_cred)),
                offset!(cred_uid),
            )
        };
    }
    // SAFETY: the helper has no preconditions.
    let task = unsafe { bpf_get_current_task() };
    let credentials = kread::pointer(task, offset!(task_real_cred));
    if credentials == 0 {
        u32::MAX
    } else {
        kread::field(credentials, offset!(cred_uid))
    }
}

/// Inode number of the current task's mount namespace; 0 if unknown.
#[inline(always)]
fn mount_namespace(typed: bool) -> u64 {
    if typed
        && offset!(task_nsproxy) != ABSENT
        && offset!(nsproxy_mnt_ns) != ABSENT
        && offset!(mnt_ns_inum) != ABSENT
    {
        // SAFETY: typed pointers, from the helper on. A task that exits has none:
        // then 0 is read.
        return unsafe {
            let task = bpf_get_current_task_btf() as u64;
            let proxy = kread::typed(task, offset!(task_nsproxy));
            let namespace = kread::typed(proxy, offset!(nsproxy_mnt_ns));
            u64::from(kread::typed::<u32>(namespace, offset!(mnt_ns_inum)))
        };
    }
    // SAFETY: the helper has no preconditions.
    let task = unsafe { bpf_get_current_task() };
    let proxy = kread::pointer(task, offset!(task_nsproxy));
    let namespace = kread::pointer(proxy, offset!(nsproxy_mnt_ns));
    u64::from(kread::field::<u32>(namespace, offset!(mnt_ns_inum)))
}
