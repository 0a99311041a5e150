//! The current task.

use aya_ebpf::helpers::{
    bpf_get_current_cgroup_id, bpf_get_current_comm, bpf_get_current_pid_tgid,
    bpf_get_current_task,
};
use ovl_trace_common::{event::Task, offsets::ABSENT};

use crate::{
    arch::{self, Syscall},
    globals::offset,
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
    if offset!(task_stack) == ABSENT || offset!(stack_bytes) == ABSENT {
        return Syscall::UNKNOWN;
    }
    // SAFETY: the helper has no preconditions.
    let task = unsafe { bpf_get_current_task() };
    match kread::pointer(task, offset!(task_stack)) {
        Some(stack) => arch::syscall(stack),
        None => Syscall::UNKNOWN,
    }
}

/// Who is running. `caller` and `syscall` were taken where they mean
/// something.
#[inline(always)]
pub(crate) fn current(caller: u64, syscall: Syscall) -> Task {
    let ids = bpf_get_current_pid_tgid();
    // SAFETY: neither helper has preconditions.
    let (task, cgroup) = unsafe { (bpf_get_current_task(), bpf_get_current_cgroup_id()) };
    // The caller's own credentials: overlayfs overrides `task->cred`, which
    // `bpf_get_current_uid_gid` reads, with the mounter's.
    let uid = kread::pointer(task, offset!(task_real_cred))
        .and_then(|cred| kread::field::<u32>(cred, offset!(cred_uid)))
        .unwrap_or(u32::MAX);
    Task {
        pid: (ids >> 32) as u32,
        tid: ids as u32,
        uid,
        syscall: syscall.number,
        caller,
        cgroup,
        comm: bpf_get_current_comm().unwrap_or([0; 16]),
        mount_namespace: 0,
    }
}

/// Inode number of the current task's mount namespace; 0 if unknown.
#[inline(always)]
pub(crate) fn mount_namespace() -> u64 {
    // SAFETY: the helper has no preconditions.
    let task = unsafe { bpf_get_current_task() };
    kread::pointer(task, offset!(task_nsproxy))
        .and_then(|proxy| kread::pointer(proxy, offset!(nsproxy_mnt_ns)))
        .and_then(|namespace| kread::field::<u32>(namespace, offset!(mnt_ns_inum)))
        .map_or(0, u64::from)
}
