//! System calls: those that no answer needs, and what happens to whoever makes them.
//!
//! Everything is allowed but three lists. Whoever makes a call of the first is ended, since nothing
//! innocent ever does; the second is refused as forbidden; the third as unknown to the kernel, so that
//! libraries fall back on older calls that can be looked into.

use nix::libc;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Length, SeccompCmpOp as Is, SeccompCondition,
    SeccompFilter, SeccompRule,
};
use std::collections::BTreeMap;
use std::error::Error;
use wire::Policy;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Debuggers, mounts, namespaces, keys and the machine itself.
#[rustfmt::skip]
const FATAL: &[i64] = &[
    libc::SYS_ptrace, libc::SYS_process_vm_readv, libc::SYS_process_vm_writev, libc::SYS_process_madvise,
    libc::SYS_process_mrelease, libc::SYS_pidfd_getfd, libc::SYS_kcmp, libc::SYS_move_pages,
    libc::SYS_migrate_pages,
    libc::SYS_mount, libc::SYS_umount2, libc::SYS_pivot_root, libc::SYS_chroot, libc::SYS_setns,
    libc::SYS_unshare, libc::SYS_fsopen, libc::SYS_fsmount, libc::SYS_fsconfig, libc::SYS_fspick,
    libc::SYS_move_mount, libc::SYS_open_tree, libc::SYS_mount_setattr,
    libc::SYS_open_by_handle_at, libc::SYS_name_to_handle_at, libc::SYS_fanotify_init, libc::SYS_quotactl,
    libc::SYS_bpf, libc::SYS_userfaultfd, libc::SYS_add_key, libc::SYS_request_key, libc::SYS_keyctl,
    libc::SYS_kexec_load, libc::SYS_init_module, libc::SYS_finit_module, libc::SYS_delete_module,
    libc::SYS_reboot, libc::SYS_swapon, libc::SYS_swapoff, libc::SYS_acct, libc::SYS_syslog,
    libc::SYS_settimeofday, libc::SYS_clock_settime, libc::SYS_clock_adjtime, libc::SYS_adjtimex,
    libc::SYS_sethostname, libc::SYS_setdomainname, libc::SYS_vhangup,
];

/// Other users, other processes, what outlives a process, and timers that leave no trace in `/proc`: a
/// thread that one of them will wake looks as if it waited for ever.
#[rustfmt::skip]
const FORBIDDEN: &[i64] = &[
    libc::SYS_setuid, libc::SYS_setgid, libc::SYS_setreuid, libc::SYS_setregid, libc::SYS_setresuid,
    libc::SYS_setresgid, libc::SYS_setgroups, libc::SYS_setfsuid, libc::SYS_setfsgid, libc::SYS_capset,
    libc::SYS_personality, libc::SYS_perf_event_open, libc::SYS_memfd_secret,
    libc::SYS_setpriority, libc::SYS_ioprio_set,
    libc::SYS_shmget, libc::SYS_semget, libc::SYS_msgget, libc::SYS_mq_open,
    libc::SYS_setitimer, libc::SYS_timer_create,
    libc::SYS_inotify_add_watch, libc::SYS_inotify_init1,
    #[cfg(target_arch = "x86_64")] libc::SYS_inotify_init,
];

/// Rights, owners, dates and notes of a file that is named by its path. Landlock has no rule for them,
/// and files of the judge's may belong to the same user. Of files that are open they may be changed:
/// Landlock has looked at those.
#[rustfmt::skip]
const ON_RIGHTS: &[i64] = &[
    libc::SYS_fchmodat, libc::SYS_fchmodat2, libc::SYS_fchownat,
    libc::SYS_setxattr, libc::SYS_lsetxattr, libc::SYS_removexattr, libc::SYS_lremovexattr,
    // Their newer forms, which the library does not name yet; the same numbers on every processor.
    463, 466,
    #[cfg(target_arch = "x86_64")] libc::SYS_chmod,
    #[cfg(target_arch = "x86_64")] libc::SYS_chown,
    #[cfg(target_arch = "x86_64")] libc::SYS_lchown,
    #[cfg(target_arch = "x86_64")] libc::SYS_utime,
    #[cfg(target_arch = "x86_64")] libc::SYS_utimes,
    #[cfg(target_arch = "x86_64")] libc::SYS_futimesat,
];

/// `clone3` hides its flags behind a pointer; `io_uring` makes calls that no filter sees; of the older
/// asynchronous calls there are only so many for the whole machine.
#[rustfmt::skip]
const UNKNOWN: &[i64] = &[
    libc::SYS_clone3, libc::SYS_io_uring_setup, libc::SYS_io_uring_enter, libc::SYS_io_uring_register,
    libc::SYS_io_setup,
];

/// Calls that act on a process, and which of their arguments names it.
const ON_PROCESSES: &[(i64, u8)] = &[
    (libc::SYS_kill, 0),
    (libc::SYS_tkill, 0),
    (libc::SYS_tgkill, 0),
    (libc::SYS_tgkill, 1),
    (libc::SYS_rt_sigqueueinfo, 0),
    (libc::SYS_rt_tgsigqueueinfo, 0),
    (libc::SYS_pidfd_open, 0),
    (libc::SYS_sched_setaffinity, 0),
    (libc::SYS_sched_setscheduler, 0),
    (libc::SYS_sched_setparam, 0),
    (libc::SYS_sched_setattr, 0),
    (libc::SYS_setpgid, 0),
];

/// Filters this process and all its descendants, for good, as the policy says.
///
/// # Errors
///
/// If the kernel has no filters, or not for this processor.
pub(crate) fn filter(policy: &Policy) -> Result<(), Box<dyn Error>> {
    let refuse = |number: i32| SeccompAction::Errno(number.cast_unsigned());
    // The last one first is the first one last: each filter must still allow the call for the next.
    for (rules, action) in [
        (always(UNKNOWN), refuse(libc::ENOSYS)),
        (forbidden(policy)?, refuse(libc::EPERM)),
        (fatal()?, SeccompAction::KillProcess),
    ] {
        let filter =
            SeccompFilter::new(rules, SeccompAction::Allow, action, std::env::consts::ARCH.try_into()?)?;
        seccompiler::apply_filter(&BpfProgram::try_from(filter)?)?;
    }
    Ok(())
}

fn always(calls: &[i64]) -> Rules {
    calls.iter().map(|&call| (call, Vec::new())).collect()
}

/// The call only if an argument, of which the lower half counts, is as said.
fn when(rules: &mut Rules, call: i64, argument: u8, is: Is, value: u32) -> Result<(), Box<dyn Error>> {
    let condition = SeccompCondition::new(argument, Length::Dword, is, value.into())?;
    rules.entry(call).or_default().push(SeccompRule::new(vec![condition])?);
    Ok(())
}

fn fatal() -> Result<Rules, Box<dyn Error>> {
    let mut rules = always(FATAL);
    // Input for the terminal of whoever grades.
    for request in [libc::TIOCSTI, libc::TIOCLINUX] {
        when(&mut rules, libc::SYS_ioctl, 1, Is::Eq, request as u32)?;
    }
    for namespace in [
        libc::CLONE_NEWNS,
        libc::CLONE_NEWCGROUP,
        libc::CLONE_NEWUTS,
        libc::CLONE_NEWIPC,
        libc::CLONE_NEWUSER,
        libc::CLONE_NEWPID,
        libc::CLONE_NEWNET,
    ] {
        let bit = namespace.cast_unsigned();
        when(&mut rules, libc::SYS_clone, 0, Is::MaskedEq(bit.into()), bit)?;
    }
    Ok(rules)
}

fn forbidden(policy: &Policy) -> Result<Rules, Box<dyn Error>> {
    let mut rules = always(FORBIDDEN);
    if policy.fixed_rights {
        rules.extend(always(ON_RIGHTS));
        // With no path it is about an open file.
        let has_path = SeccompCondition::new(1, Length::Qword, Is::Ne, 0)?;
        rules.insert(libc::SYS_utimensat, vec![SeccompRule::new(vec![has_path])?]);
    }
    if policy.no_sockets {
        rules.extend(always(&[libc::SYS_socket, libc::SYS_socketpair]));
    } else {
        let unix = libc::AF_UNIX.cast_unsigned();
        when(&mut rules, libc::SYS_socket, 0, Is::Ne, unix)?;
    }
    // Of others; of oneself it is a right to know, and to lower, one's limits.
    when(&mut rules, libc::SYS_prlimit64, 0, Is::Ne, 0)?;
    // A process that is not dumpable hides what the judge has to see.
    when(&mut rules, libc::SYS_prctl, 0, Is::Eq, libc::PR_SET_DUMPABLE.cast_unsigned())?;
    // Everybody whom this user may signal.
    when(&mut rules, libc::SYS_kill, 0, Is::Eq, u32::MAX)?;
    for &(call, argument) in ON_PROCESSES {
        for &pid in &policy.spared {
            // The process, and the group that it leads.
            for number in [pid, pid.wrapping_neg()] {
                when(&mut rules, call, argument, Is::Eq, number)?;
            }
        }
    }
    #[cfg(target_arch = "x86_64")]
    rules.insert(libc::SYS_alarm, Vec::new());
    Ok(rules)
}
