//! Attacks on the machine itself, by calls that no answer needs.
//!
//! What could do harm is asked for with arguments that the kernel refuses once it has found the caller
//! worthy; what any user may do is undone at once.

use crate::Attack;
use crate::files::{c_path, name_to_handle};
use crate::raw::{self, Arg};
use crate::target::{Tried, scratch, unless};
use nix::errno::Errno;
use nix::libc;
use std::fs::File;
use std::os::fd::AsRawFd;

use Arg::{In, Number, Out, Text};

/// An address that nothing lies at.
const NOWHERE: Arg<'static> = Number(1);

pub(crate) fn find(name: &str) -> Option<Attack> {
    calls(name).or_else(|| worthy(name))
}

/// What any user may do where no filter is.
fn calls(name: &str) -> Option<Attack> {
    Some(match name {
        "io_uring" => |_| made(libc::SYS_io_uring_setup, &mut [Number(4), Out(&mut [0; 120])]),
        "old_asynchronous_io" => |_| made(libc::SYS_io_setup, &mut [Number(1), Out(&mut [0; 8])]),
        "new_user_namespace" => |_| made(libc::SYS_unshare, &mut [Number(libc::CLONE_NEWUSER.into())]),
        "clone_into_namespace" => |_| clone_into_namespace(),
        "clone3_into_namespace" => |_| clone3_into_namespace(),
        "name_to_handle" => |_| name_to_handle(),
        // A group for notices only, which needs no rights.
        "fanotify" => {
            |_| made(libc::SYS_fanotify_init, &mut [Number(libc::FAN_REPORT_FID.into()), Number(0)])
        }
        "bpf" => |_| bpf(),
        // For faults of its own only, which needs no rights.
        "userfaultfd" => |_| made(libc::SYS_userfaultfd, &mut [Number(1)]),
        "add_key" => |_| add_key(),
        "find_keyring" => |_| {
            let (find, of_the_user, do_not_make) = (Number(0), Number(-4), Number(0));
            let found = raw::call(libc::SYS_keyctl, &mut [find, of_the_user, do_not_make]);
            unless(found, &[Errno::ENOKEY])
        },
        "request_key" => |_| {
            let mut args = [Text(c"user"), Text(c"racecourse"), Number(0), Number(0)];
            made(libc::SYS_request_key, &mut args)
        },
        // Changes nothing: asks how fast the clock goes.
        "adjust_clock" => |_| made(libc::SYS_adjtimex, &mut [Out(&mut [0; 208])]),
        // Asks which it is.
        "personality" => |_| made(libc::SYS_personality, &mut [Number(0xffff_ffff)]),
        "performance_counters" => |_| performance_counters(),
        "secret_memory" => |_| made(libc::SYS_memfd_secret, &mut [Number(0)]),
        "undumpable" => |_| made(libc::SYS_prctl, &mut [Number(libc::PR_SET_DUMPABLE.into()), Number(0)]),
        "interval_timer" => |_| interval_timer(),
        "posix_timer" => |_| posix_timer(),
        "old_shared_memory" => |_| {
            old(
                raw::call(libc::SYS_shmget, &mut [Number(0), Number(4096), Number(0o600)]),
                libc::SYS_shmctl,
                1,
            )
        },
        "old_semaphores" => |_| {
            old(raw::call(libc::SYS_semget, &mut [Number(0), Number(1), Number(0o600)]), libc::SYS_semctl, 2)
        },
        "old_messages" => {
            |_| old(raw::call(libc::SYS_msgget, &mut [Number(0), Number(0o600)]), libc::SYS_msgctl, 1)
        }
        "message_queue" => |_| message_queue(),
        #[cfg(target_arch = "x86_64")]
        "old_entrance" => |_| match raw::number_by_old_entrance() {
            own if own == i64::from(std::process::id()) => Ok("answered".into()),
            _ => Err(Errno::ENOSYS.into()),
        },
        #[cfg(target_arch = "x86_64")]
        "other_numbers" => |_| made(libc::SYS_getpid | 0x4000_0000, &mut []),
        _ => return None,
    })
}

/// What the kernel lets only root do, or would find fault with later.
fn worthy(name: &str) -> Option<Attack> {
    Some(match name {
        "enter_namespace" => |_| enter_namespace(),
        "mount" => |_| {
            let here = c_path(&scratch());
            made(libc::SYS_mount, &mut [Text(c"none"), Text(&here), Text(c"tmpfs"), Number(0), Number(0)])
        },
        "unmount" => |_| made(libc::SYS_umount2, &mut [Text(c"/proc"), Number(0)]),
        "pivot_root" => |_| made(libc::SYS_pivot_root, &mut [Text(c"/nowhere"), Text(c"/nowhere")]),
        "chroot" => |_| made(libc::SYS_chroot, &mut [Text(&c_path(&scratch()))]),
        "new_mount" => |_| made(libc::SYS_fsopen, &mut [Text(c"tmpfs"), Number(0)]),
        "clone_mount" => {
            |_| made(libc::SYS_open_tree, &mut [Number(libc::AT_FDCWD.into()), Text(c"/"), Number(1)])
        }
        "move_mount" => {
            |_| made(libc::SYS_move_mount, &mut [Number(-1), Text(c""), Number(-1), Text(c""), Number(0)])
        }
        // A handle of no length.
        "open_by_handle" => |_| {
            made(libc::SYS_open_by_handle_at, &mut [Number(libc::AT_FDCWD.into()), In(&[0; 8]), Number(0)])
        },
        // A command that there is not.
        "quota" => |_| made(libc::SYS_quotactl, &mut [Number(0x7f), Text(c"/nowhere"), Number(0), Number(0)]),
        "kexec" => |_| made(libc::SYS_kexec_load, &mut [Number(0), Number(0), Number(0), Number(0xffff)]),
        "load_module" => |_| made(libc::SYS_init_module, &mut [Number(0), Number(0), NOWHERE]),
        "unload_module" => |_| made(libc::SYS_delete_module, &mut [NOWHERE, Number(0)]),
        // Without the numbers that it asks for as a proof that it is meant.
        "reboot" => |_| made(libc::SYS_reboot, &mut [Number(0), Number(0), Number(0), Number(0)]),
        "swap_on" => |_| made(libc::SYS_swapon, &mut [NOWHERE, Number(0)]),
        "swap_off" => |_| made(libc::SYS_swapoff, &mut [NOWHERE]),
        "accounting" => |_| made(libc::SYS_acct, &mut [NOWHERE]),
        // To read into no room.
        "kernel_log" => |_| made(libc::SYS_syslog, &mut [Number(3), Number(0), Number(-1)]),
        // To no time.
        "set_time_of_day" => |_| made(libc::SYS_settimeofday, &mut [Number(0), Number(0)]),
        // A clock that nobody can set.
        "set_clock" => {
            |_| made(libc::SYS_clock_settime, &mut [Number(libc::CLOCK_MONOTONIC.into()), In(&[0; 16])])
        }
        // Names that are too long.
        "host_name" => |_| made(libc::SYS_sethostname, &mut [NOWHERE, Number(65_535)]),
        "domain_name" => |_| made(libc::SYS_setdomainname, &mut [NOWHERE, Number(65_535)]),
        "hang_up" => |_| made(libc::SYS_vhangup, &mut []),
        "type_into_terminal" => {
            |_| made(libc::SYS_ioctl, &mut [Number(0), Number(libc::TIOCSTI as i64), In(b"x")])
        }
        "become_root" => |_| made(libc::SYS_setuid, &mut [Number(0)]),
        "become_roots_group" => |_| made(libc::SYS_setgid, &mut [Number(0)]),
        "drop_groups" => |_| made(libc::SYS_setgroups, &mut [Number(0), Number(0)]),
        _ => return None,
    })
}

/// Makes a call whose success is the aim.
fn made(call: libc::c_long, args: &mut [Arg<'_>]) -> Tried {
    Ok(raw::call(call, args).map(|_| "done".to_owned())?)
}

/// A number of the old kind was made; removes it by its own command for that. `place` is where the
/// command stands among the arguments.
fn old(made: Result<i64, Errno>, control: libc::c_long, place: usize) -> Tried {
    let mut args = [Number(made?), Number(0), Number(0), Number(0)];
    args[place] = Number(libc::IPC_RMID.into());
    Ok(raw::call(control, &mut args).map(|_| "made".into())?)
}

/// The child must end at once: it is a copy of this process.
fn clone_into_namespace() -> Tried {
    let flags = i64::from(libc::CLONE_NEWUSER | libc::SIGCHLD);
    end_child(raw::call(libc::SYS_clone, &mut [Number(flags), Number(0), Number(0), Number(0), Number(0)]))
}

fn clone3_into_namespace() -> Tried {
    let mut about = [0_u64; 8];
    about[0] = libc::CLONE_NEWUSER as u64;
    about[4] = libc::SIGCHLD as u64; // the signal of its end
    let bytes: Vec<u8> = about.iter().flat_map(|word| word.to_ne_bytes()).collect();
    end_child(raw::call(libc::SYS_clone3, &mut [In(&bytes), Number(64)]))
}

fn end_child(cloned: Result<i64, Errno>) -> Tried {
    if cloned? == 0 {
        let _ = raw::call(libc::SYS_exit_group, &mut [Number(0)]);
    }
    Ok("cloned".into())
}

/// Its own one: the kernel looks at the rights all the same.
fn enter_namespace() -> Tried {
    let own = File::open("/proc/self/ns/net")?;
    made(libc::SYS_setns, &mut [Number(own.as_raw_fd().into()), Number(0)])
}

/// A table of one number.
fn bpf() -> Tried {
    let about: Vec<u8> = [2_u32, 4, 4, 1].iter().flat_map(|word| word.to_ne_bytes()).collect();
    made(libc::SYS_bpf, &mut [Number(0), In(&about), Number(16)])
}

/// In the ring of this process, which ends with it.
fn add_key() -> Tried {
    let mut args = [Text(c"user"), Text(c"racecourse"), In(b"x"), Number(1), Number(-2)];
    made(libc::SYS_add_key, &mut args)
}

/// Counts the turns of this process.
fn performance_counters() -> Tried {
    let mut about = [0; 64];
    about[..4].copy_from_slice(&1_u32.to_ne_bytes()); // counted by the kernel itself
    about[4..8].copy_from_slice(&64_u32.to_ne_bytes()); // the length of this
    about[8..16].copy_from_slice(&3_u64.to_ne_bytes()); // turns
    about[40..48].copy_from_slice(&(1_u64 << 5 | 1 << 6).to_ne_bytes()); // not inside the kernel
    let mut args = [In(&about), Number(0), Number(-1), Number(-1), Number(0)];
    made(libc::SYS_perf_event_open, &mut args)
}

/// Set to nothing.
fn interval_timer() -> Tried {
    made(libc::SYS_setitimer, &mut [Number(libc::ITIMER_REAL.into()), In(&[0; 32]), Number(0)])
}

fn posix_timer() -> Tried {
    let mut id = [0; 4];
    made(libc::SYS_timer_create, &mut [Number(libc::CLOCK_MONOTONIC.into()), Number(0), Out(&mut id)])
}

fn message_queue() -> Tried {
    let name = c_path(format!("racecourse-{}", std::process::id()).as_ref());
    let flags = i64::from(libc::O_CREAT | libc::O_EXCL | libc::O_RDWR);
    let opened = raw::call(libc::SYS_mq_open, &mut [Text(&name), Number(flags), Number(0o600), Number(0)]);
    // Landlock refuses to open it, but only after it was made: then it can still be removed.
    match raw::call(libc::SYS_mq_unlink, &mut [Text(&name)]) {
        Ok(_) => Ok("made".into()),
        Err(_) => Ok(opened.map(|_| "opened".into())?),
    }
}
