//! The current task.

use aya_ebpf::helpers::{
    bpf_get_current_cgroup_id, bpf_get_current_pid_tgid, bpf_get_current_task,
    generated::bpf_get_current_comm,
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
    if offset!(task_stack) == ABSENT
        || offset!(stack_bytes) == ABSENT
        || offset!(regs_syscall) == ABSENT
    {
        return Syscall::UNKNOWN;
    }
    // SAFETY: the helper has no preconditions.
    let task = unsafe { bpf_get_current_task() };
    arch::syscall(kread::pointer(task, offset!(task_stack)))
}

/// Writes who is running. `caller` and `syscall` were taken where they mean
/// something.
#[inline(always)]
pub(crate) fn write(to: &mut Task, caller: u64, syscall: Syscall) {
    let ids = bpf_get_current_pid_tgid();
    // SAFETY: neither helper has preconditions.
    let (task, cgroup) = unsafe { (bpf_get_current_task(), bpf_get_current_cgroup_id()) };
    // The caller's own credentials: overlayfs overrides `task->cred`, which
    // `bpf_get_current_uid_gid` reads, with the mounter's.
    let credentials = kread::pointer(task, offset!(task_real_cred));
    to.uid = if credentials == 0 {
        u32::MAX
    } else {
        kread::field(credentials, offset!(cred_uid))
    };
    to.pid = (ids >> 32) as u32;
    to.tid = ids as u32;
    to.syscall = syscall.number;
    to.caller = caller;
    to.cgroup = cgroup;
    to.mount_namespace = mount_namespace();
    // SAFETY: the helper writes the whole array: the name, or zeros.
    unsafe { bpf_get_current_comm(to.comm.as_mut_ptr().cast(), 16) };
}

/// Inode number of the current task's mount namespace; 0 if unknown.
#[inline(always)]
fn mount_namespace() -> u64 {
    // SAFETY: the helper has no preconditions.
    let task = unsafe { bpf_get_current_task() };
    let proxy = kread::pointer(task, offset!(task_nsproxy));
    let namespace = kread::pointer(proxy, offset!(nsproxy_mnt_ns));
    u64::from(kread::field::<u32>(namespace, offset!(mnt_ns_inum)))
}
