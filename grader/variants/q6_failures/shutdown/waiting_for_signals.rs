//! Variant: no descriptor for signals, no `poll` and no pipe. All waiting is one `sigwait`, for SIGCHLD too. What a child has to say is
//! in a file without a name, so that it never waits for a reader, and is read when it has ended.

use crate::api::Served;
use crate::child_error::ChildError;
use nix::errno::Errno;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, setpgid};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::num::NonZeroUsize;
use std::os::fd::AsFd;
use std::panic::catch_unwind;
use toolkit::ForkError;

pub type Job = fn() -> u64;

const OURS: [Signal; 4] = [Signal::SIGCHLD, Signal::SIGTERM, Signal::SIGINT, Signal::SIGUSR1];

struct Scope {
    before: SigSet,
    blocked: SigSet,
    children: BTreeMap<Pid, (usize, File)>,
}

impl Scope {
    fn enter() -> nix::Result<Self> {
        let blocked = SigSet::from_iter(OURS);
        let before = blocked.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        Ok(Self { before, blocked, children: BTreeMap::new() })
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        for pid in self.children.keys() {
            let _ = kill(*pid, Signal::SIGKILL);
        }
        for pid in self.children.keys() {
            while waitpid(*pid, None) == Err(Errno::EINTR) {}
        }
        clear();
        let _ = self.before.thread_set_mask();
    }
}

/// Takes in what is pending. Only waiting does that, so look before each wait whether there is something to wait for.
fn clear() {
    for signal in OURS {
        while is_pending(signal) {
            let _ = SigSet::from(signal).wait();
        }
    }
}

fn is_pending(signal: Signal) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let pending =
        status.lines().filter_map(|line| line.strip_prefix("SigPnd:").or(line.strip_prefix("ShdPnd:")));
    let bits =
        pending.map(|bits| u64::from_str_radix(bits.trim(), 16).unwrap_or(0)).fold(0, |all, bits| all | bits);
    bits & 1 << (signal as u64 - 1) != 0
}

pub fn serve(jobs: &[Job], workers: NonZeroUsize, progress: impl AsFd) -> Result<Served, ChildError> {
    let mut scope = Scope::enter().map_err(ChildError::Os)?;
    let mut finished: BTreeMap<usize, u64> = BTreeMap::new();
    let mut queue = (0..jobs.len()).peekable();
    let mut asked = false;
    'serving: loop {
        while !asked && scope.children.len() < workers.get() {
            let Some(place) = queue.next() else { break };
            let file = File::from(memfd_create(c"said", MFdFlags::MFD_CLOEXEC).map_err(ChildError::Os)?);
            let before = scope.before;
            let job = jobs[place];
            let child = toolkit::fork(|| {
                let _ = setpgid(Pid::from_raw(0), Pid::from_raw(0));
                clear();
                let _ = before.thread_set_mask();
                let bytes = match catch_unwind(job) {
                    Ok(value) => value.to_be_bytes().to_vec(),
                    Err(payload) => {
                        let text = match payload.downcast_ref::<String>() {
                            Some(text) => text.as_str(),
                            None => payload.downcast_ref::<&str>().unwrap_or(&"panic without a message"),
                        };
                        let mut bytes = b"panicked:".to_vec();
                        bytes.extend(text.as_bytes());
                        bytes
                    }
                };
                match (&file).write_all(&bytes) {
                    Ok(()) => 0,
                    Err(_) => 1,
                }
            });
            match child {
                Ok(pid) => drop(scope.children.insert(pid, (place, file))),
                Err(ForkError::Os(error)) => return Err(ChildError::Os(error)),
                Err(_) => return Err(ChildError::Os(Errno::EDEADLK)),
            }
        }
        if scope.children.is_empty() {
            break;
        }
        match scope.blocked.wait() {
            Ok(Signal::SIGCHLD) => {
                for (place, value) in ended(&mut scope)? {
                    finished.insert(place, value);
                }
            }
            Ok(Signal::SIGUSR1) => {
                let text = format!("finished {} of {}\n", finished.len(), jobs.len());
                let _ = nix::unistd::write(progress.as_fd(), text.as_bytes());
            }
            Ok(_) if asked => {
                finished.extend(ended(&mut scope)?);
                break 'serving;
            }
            Ok(_) => asked = true,
            Err(Errno::EINTR) => {}
            Err(error) => return Err(ChildError::Os(error)),
        }
    }
    let mut refused = Vec::new();
    for place in 0..jobs.len() {
        if !finished.contains_key(&place) {
            refused.push(place);
        }
    }
    Ok(Served { finished, refused })
}

/// All that have ended: several deaths may have come as one signal.
fn ended(scope: &mut Scope) -> Result<Vec<(usize, u64)>, ChildError> {
    let mut results = Vec::new();
    let pids: Vec<Pid> = scope.children.keys().copied().collect();
    for pid in pids {
        let status = waitpid(pid, Some(WaitPidFlag::WNOHANG)).map_err(ChildError::Os)?;
        if status == WaitStatus::StillAlive {
            continue;
        }
        let Some((place, mut file)) = scope.children.remove(&pid) else { continue };
        let mut bytes = Vec::new();
        file.rewind().and_then(|()| file.read_to_end(&mut bytes)).map_err(failed)?;
        if let Ok(value) = <[u8; 8]>::try_from(bytes.as_slice()) {
            results.push((place, u64::from_be_bytes(value)));
        } else if let Some(text) = bytes.strip_prefix(b"panicked:") {
            let message = String::from_utf8_lossy(text).into_owned();
            return Err(ChildError::Panicked { message, location: String::new(), backtrace: String::new() });
        } else if let WaitStatus::Signaled(_, signal, _) = status {
            return Err(ChildError::Killed { signal: signal as i32 });
        } else if let WaitStatus::Exited(_, code) = status {
            return Err(ChildError::Exited { code });
        }
    }
    Ok(results)
}

fn failed(error: std::io::Error) -> ChildError {
    ChildError::Os(Errno::from_raw(error.raw_os_error().unwrap_or_default()))
}
