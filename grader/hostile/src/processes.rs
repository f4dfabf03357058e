//! Attacks on the judge, for which another process stands, and on the reaper, which is the parent.

use crate::Attack;
use crate::raw::{self, Arg};
use crate::target::{Stopped, Tried, unless};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc;
use nix::sched::{sched_getaffinity, sched_setaffinity};
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{AddressFamily, ControlMessage, MsgFlags, SockFlag, SockType, sendmsg, socketpair};
use nix::unistd::{Pid, getppid, setpgid};
use std::fs::{self, File, OpenOptions};
use std::io::IoSlice;
use std::os::fd::{AsRawFd, OwnedFd};

use Arg::{In, Number, Out};

pub(crate) fn find(name: &str) -> Option<Attack> {
    Some(match name {
        "read_environment" => |target| {
            Ok(fs::read(format!("/proc/{}/environ", target.pid()))
                .map(|bytes| format!("{} bytes", bytes.len()))?)
        },
        "open_memory" => |target| write_to(target.pid(), "mem"),
        "list_descriptors" | "list_descriptors_threads" => |target| list_descriptors(target.pid()),
        "open_descriptor" => |target| open_descriptor(target.pid(), 1),
        "sacrifice" => |target| {
            Ok(fs::write(format!("/proc/{}/oom_score_adj", target.pid()), "1000").map(|()| "set".into())?)
        },
        "rename_thread" => |target| {
            let pid = target.pid();
            Ok(fs::write(format!("/proc/{pid}/task/{pid}/comm"), "renamed").map(|()| "renamed".into())?)
        },
        "see_process" | "see_process_threads" => {
            |target| Ok(fs::read(format!("/proc/{}/stat", target.pid())).map(|_| "seen".into())?)
        }
        // No signal at all: whether one could be sent is answered all the same.
        "signal" => |target| signal(target.pid()),
        "signal_group" => |target| signal(-target.pid()),
        "signal_thread" => |target| signal_thread(target.pid()),
        "signal_by_descriptor" => |target| signal_by_descriptor(target.pid()),
        "signal_by_folder" => |target| signal_by_folder(target.pid()),
        "signal_all" => |_| signal(-1),
        "signal_by_file" => |target| signal_by_file(target.pid()),
        "find_locks" => |target| find_locks(target.pid()),
        "move_memory" => |target| move_memory(target.pid()),
        "release_memory" => |target| release_memory(target.pid()),
        "debug" => |target| debug(target.pid()),
        "read_memory" => |target| read_memory(target.pid()),
        "take_descriptor" => |target| take_descriptor(target.pid()),
        "compare" => |target| compare(target.pid()),
        "limit" => |target| limit(target.pid()),
        "renice" => |target| renice(target.pid()),
        "renice_disk" => |target| renice_disk(target.pid()),
        "pin" => |target| pin(target.pid()),
        "demote" => |target| demote(target.pid()),
        "pin_judge" => |target| pin(target.judge()),
        "demote_judge" => |target| demote(target.judge()),
        "move_group" => {
            |target| Ok(setpgid(Pid::from_raw(target.pid()), Pid::from_raw(0)).map(|()| "moved".into())?)
        }
        "forge_sender" => |target| forge_sender(target.pid()),
        "flood_descriptors" => |_| flood_descriptors(),
        "flood_pipes" => |_| flood_pipes(),
        "raise_limits" => |_| raise_limits(),
        "real_time" => |_| schedule(0, libc::SCHED_FIFO, 1),
        "signal_reaper" => |_| signal(reaper()),
        "kill_reaper" => |_| Ok(kill(getppid(), Signal::SIGKILL).map(|()| "sent".into())?),
        "debug_reaper" => |_| debug(reaper()),
        "be_debugged" => |_| Ok(raw::call(libc::SYS_ptrace, &mut [Number(0)]).map(|_| "traced".into())?),
        "list_descriptors_of_reaper" | "list_descriptors_of_reaper_threads" => |_| list_descriptors(reaper()),
        "open_descriptor_of_reaper" => |_| open_socket_of_reaper(),
        "read_memory_of_reaper" => {
            |_| Ok(File::open(format!("/proc/{}/mem", reaper())).map(|_| "opened".into())?)
        }
        "limit_reaper" => |_| limit(reaper()),
        "renice_reaper" => |_| renice(reaper()),
        "pin_reaper" => |_| pin(reaper()),
        "demote_reaper" => |_| demote(reaper()),
        _ => return None,
    })
}

fn reaper() -> i32 {
    getppid().as_raw()
}

/// Opens a file of a process's as one does to write, and writes nothing.
fn write_to(pid: i32, name: &str) -> Tried {
    Ok(OpenOptions::new().write(true).open(format!("/proc/{pid}/{name}")).map(|_| "opened".into())?)
}

fn list_descriptors(pid: i32) -> Tried {
    Ok(fs::read_dir(format!("/proc/{pid}/fd")).map(|items| format!("{} open", items.count()))?)
}

fn open_descriptor(pid: i32, number: u32) -> Tried {
    Ok(OpenOptions::new().write(true).open(format!("/proc/{pid}/fd/{number}")).map(|_| "opened".into())?)
}

/// Its standard input, the one descriptor that stays the same while it gets ready. A socket cannot be
/// opened by a path, which is said after the rights were looked at.
fn open_socket_of_reaper() -> Tried {
    match open_descriptor(reaper(), 0) {
        Err(Stopped(why)) if why == "ENXIO" => Ok(why),
        tried => tried,
    }
}

fn signal(pid: i32) -> Tried {
    Ok(kill(Pid::from_raw(pid), None).map(|()| "may signal".into())?)
}

fn signal_thread(pid: i32) -> Tried {
    let mut args = [Number(pid.into()), Number(pid.into()), Number(0)];
    Ok(raw::call(libc::SYS_tgkill, &mut args).map(|_| "may signal".into())?)
}

fn descriptor_of(pid: i32) -> Result<OwnedFd, Errno> {
    raw::call(libc::SYS_pidfd_open, &mut [Number(pid.into()), Number(0)]).and_then(raw::own)
}

fn signal_by_descriptor(pid: i32) -> Tried {
    let process = descriptor_of(pid)?;
    let mut args = [Number(process.as_raw_fd().into()), Number(0), Number(0), Number(0)];
    Ok(raw::call(libc::SYS_pidfd_send_signal, &mut args).map(|_| "may signal".into())?)
}

/// A folder under `/proc` does as well as a descriptor of the process, and no filter sees whose it is.
fn signal_by_folder(pid: i32) -> Tried {
    let folder = File::open(format!("/proc/{pid}"))?;
    let mut args = [Number(folder.as_raw_fd().into()), Number(0), Number(0), Number(0)];
    Ok(raw::call(libc::SYS_pidfd_send_signal, &mut args).map(|_| "may signal".into())?)
}

/// The signal of a socket that can be read from ends whoever has not asked for it.
fn signal_by_file(pid: i32) -> Tried {
    let (from, to) = pair()?;
    let fd = || Number(to.as_raw_fd().into());
    raw::call(libc::SYS_fcntl, &mut [fd(), Number(libc::F_SETOWN.into()), Number(pid.into())])?;
    fcntl(&to, FcntlArg::F_SETFL(OFlag::O_ASYNC | OFlag::O_NONBLOCK))?;
    Ok(nix::unistd::write(&from, b"x").map(|_| "sent".into())?)
}

fn find_locks(pid: i32) -> Tried {
    let (mut list, mut length) = ([0; 8], [0; 8]);
    let mut args = [Number(pid.into()), Out(&mut list), Out(&mut length)];
    Ok(raw::call(libc::SYS_get_robust_list, &mut args).map(|_| "told".into())?)
}

/// No page at all: whether pages could be moved is answered all the same.
fn move_memory(pid: i32) -> Tried {
    let mut args = [Number(pid.into()), Number(0), Number(0), Number(0), Number(0), Number(0)];
    Ok(raw::call(libc::SYS_move_pages, &mut args).map(|_| "may move".into())?)
}

/// Of a process that does not end: that is found last.
fn release_memory(pid: i32) -> Tried {
    let process = descriptor_of(pid)?;
    let mut args = [Number(process.as_raw_fd().into()), Number(0)];
    unless(raw::call(libc::SYS_process_mrelease, &mut args), &[Errno::EINVAL])
}

/// Attaches without stopping; the kernel detaches when this process ends.
fn debug(pid: i32) -> Tried {
    let mut args = [Number(libc::PTRACE_SEIZE.into()), Number(pid.into()), Number(0), Number(0)];
    Ok(raw::call(libc::SYS_ptrace, &mut args).map(|_| "attached".into())?)
}

/// Reads at an address where nothing is: the kernel says so to whom it lets read.
fn read_memory(pid: i32) -> Tried {
    let mut byte = [0_u8];
    let part = |address: u64| [address.to_ne_bytes(), 1_u64.to_ne_bytes()].concat();
    let (local, remote) = (part(byte.as_mut_ptr() as u64), part(4096));
    let mut args = [Number(pid.into()), In(&local), Number(1), In(&remote), Number(1), Number(0)];
    unless(raw::call(libc::SYS_process_vm_readv, &mut args), &[Errno::EFAULT])
}

fn take_descriptor(pid: i32) -> Tried {
    let process = descriptor_of(pid)?;
    let mut args = [Number(process.as_raw_fd().into()), Number(1), Number(0)];
    Ok(raw::call(libc::SYS_pidfd_getfd, &mut args).and_then(raw::own).map(|_| "taken".into())?)
}

fn compare(pid: i32) -> Tried {
    const SAME_FILES: i64 = 2;
    let own = i64::from(std::process::id());
    let mut args = [Number(own), Number(pid.into()), Number(SAME_FILES), Number(0), Number(0)];
    Ok(raw::call(libc::SYS_kcmp, &mut args).map(|_| "compared".into())?)
}

/// Only asks, which needs the same rights as setting.
fn limit(pid: i32) -> Tried {
    let mut old = [0; 16];
    let resource = Number(libc::RLIMIT_FSIZE.into());
    let mut args = [Number(pid.into()), resource, Number(0), Out(&mut old)];
    Ok(raw::call(libc::SYS_prlimit64, &mut args).map(|_| "may limit".into())?)
}

/// One step, of a process that ends with this run.
fn renice(pid: i32) -> Tried {
    // The call tells 20 less the figure, so that none is negative.
    let now =
        20 - raw::call(libc::SYS_getpriority, &mut [Number(libc::PRIO_PROCESS.into()), Number(pid.into())])?;
    let mut args = [Number(libc::PRIO_PROCESS.into()), Number(pid.into()), Number(now + 1)];
    Ok(raw::call(libc::SYS_setpriority, &mut args).map(|_| "slowed".into())?)
}

fn renice_disk(pid: i32) -> Tried {
    const PROCESS: i64 = 1;
    const LAST_BEST_EFFORT: i64 = (2 << 13) | 7;
    let mut args = [Number(PROCESS), Number(pid.into()), Number(LAST_BEST_EFFORT)];
    Ok(raw::call(libc::SYS_ioprio_set, &mut args).map(|_| "slowed".into())?)
}

/// Gives a process the processors that it has: who may do that may give it one.
fn pin(pid: i32) -> Tried {
    let pid = Pid::from_raw(pid);
    let processors = sched_getaffinity(pid)?;
    Ok(sched_setaffinity(pid, &processors).map(|()| "may pin".into())?)
}

/// Gives a process the policy that it has, for the same reason.
fn demote(pid: i32) -> Tried {
    schedule(pid, libc::SCHED_OTHER, 0)
}

fn schedule(pid: i32, policy: i32, priority: i32) -> Tried {
    let parameters = priority.to_ne_bytes();
    let mut args = [Number(pid.into()), Number(policy.into()), In(&parameters)];
    Ok(raw::call(libc::SYS_sched_setscheduler, &mut args).map(|_| "may schedule".into())?)
}

fn pair() -> Result<(OwnedFd, OwnedFd), Errno> {
    socketpair(
        AddressFamily::Unix,
        SockType::Datagram,
        None,
        SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK,
    )
}

/// The judge believes the numbers that the kernel puts on messages.
fn forge_sender(pid: i32) -> Tried {
    let (from, _to) = pair()?;
    let who =
        libc::ucred { pid, uid: nix::unistd::getuid().as_raw(), gid: nix::unistd::getgid().as_raw() }.into();
    let forged = [ControlMessage::ScmCredentials(&who)];
    let sent = sendmsg::<()>(from.as_raw_fd(), &[IoSlice::new(b"x")], &forged, MsgFlags::empty(), None);
    Ok(sent.map(|_| "sent".into())?)
}

/// A message may carry 253 descriptors, and they stay open while it is on its way.
fn flood_descriptors() -> Tried {
    let file = File::open("/dev/null")?;
    let many = vec![file.as_raw_fd(); 200];
    let mut ways = Vec::new();
    for _ in 0..50 {
        let (from, to) = pair()?;
        let rights = [ControlMessage::ScmRights(&many)];
        sendmsg::<()>(from.as_raw_fd(), &[IoSlice::new(b"x")], &rights, MsgFlags::empty(), None)?;
        ways.push((from, to));
    }
    Ok(format!("{} on their way", many.len() * ways.len()))
}

/// All pipes that may be open, each as large as one may be.
fn flood_pipes() -> Tried {
    const MIB: i32 = 1 << 20;
    let mut held = Vec::new();
    for _ in 0..100 {
        let (end, other) = nix::unistd::pipe()?;
        fcntl(&end, FcntlArg::F_SETPIPE_SZ(MIB))?;
        held.push((end, other));
    }
    Ok(format!("{} MiB", held.len()))
}

fn raise_limits() -> Tried {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    Ok(setrlimit(Resource::RLIMIT_NOFILE, hard, hard.saturating_add(1)).map(|()| "raised".into())?)
}
