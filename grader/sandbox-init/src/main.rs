//! The way into the box: closes it around one program, and stays behind it as its reaper if the judge
//! wants that.
//!
//! As the reaper it starts the program, is told of everything that the program leaves behind, and ends
//! it all when the judge says so or has gone. It knows nothing of questions. The judge starts it as the
//! user that the program shall have, with a socket as its standard input and the driver's socket at
//! [`DRIVER_FD`]. As the kernel's child subreaper (or the first process of a namespace) it becomes the
//! parent of every process below it whose own parent has ended, so none can hide from it. What the
//! policy closes is closed between the program's fork and its exec, never around the reaper.

#![forbid(unsafe_code)]

mod calls;
mod canary;
mod enter;
mod files;
mod tree;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, pthread_sigmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::socket::{MsgFlags, recv, send};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::{Pid, close, dup2_stderr, dup2_stdout};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitCode, Stdio};
use wire::{DRIVER_FD, KILL, Notice, Policy};

fn main() -> ExitCode {
    let mut all: Vec<OsString> = std::env::args_os().skip(1).collect();
    if all.first().is_some_and(|word| word == wire::CANARY) {
        return canary::sing(all.into_iter().skip(1));
    }
    let reaps = all.first().is_some_and(|word| word == wire::REAP);
    if reaps {
        all.remove(0);
    }
    let mut args = all.iter().cloned();
    let (Some(policy), Some(program)) = (Policy::from_args(&mut args), args.next()) else {
        let _ =
            writeln!(io::stderr(), "usage: sandbox-init [{}] [policy] -- program [argument]...", wire::REAP);
        return ExitCode::from(2);
    };
    if !reaps {
        return enter::enter(&policy, &program, args);
    }
    match Reaper::start(&all) {
        Ok(mut reaper) => {
            reaper.serve();
            reaper.end_all();
            ExitCode::SUCCESS
        }
        Err(error) => {
            tell(&Notice::NotStarted { why: error.to_string() });
            ExitCode::FAILURE
        }
    }
}

/// Sends a notice. A judge that has gone is noticed by the end of the socket.
fn tell(notice: &Notice) {
    let _ = send(io::stdin().as_raw_fd(), &notice.to_bytes(), MsgFlags::MSG_NOSIGNAL);
}

struct Reaper {
    child: Child,
    /// Whether the program has ended and was waited for.
    has_ended: bool,
    /// How many other processes were waited for.
    strays: u64,
    /// Becomes ready when a child has ended.
    ended: SignalFd,
}

impl Reaper {
    /// Starts itself once more, which then becomes the program.
    fn start(args: &[OsString]) -> io::Result<Self> {
        nix::sys::prctl::set_child_subreaper(true)?;
        // Blocked here, so that the descriptor tells. The program is given the empty mask before it begins.
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGCHLD);
        pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&signals), None)?;
        let ended = SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
        let child = Command::new(std::env::current_exe()?).args(args).stdin(Stdio::null()).spawn()?;
        // Whoever holds a copy of the driver's socket or of the output pipes keeps them open: the
        // judge must see their end when the program ends, not when this process does.
        close(DRIVER_FD)?;
        let null = File::options().write(true).open("/dev/null")?;
        dup2_stdout(&null)?;
        dup2_stderr(&null)?;
        tell(&Notice::Started { pid: child.id().into() });
        Ok(Self { child, has_ended: false, strays: 0, ended })
    }

    /// Reaps until the judge wants an end or has gone.
    fn serve(&mut self) {
        let stdin = io::stdin();
        loop {
            let mut ready = [
                PollFd::new(self.ended.as_fd(), PollFlags::POLLIN),
                PollFd::new(stdin.as_fd(), PollFlags::POLLIN),
            ];
            match poll(&mut ready, PollTimeout::NONE) {
                Ok(_) => {}
                Err(nix::Error::EINTR) => continue,
                Err(_) => return,
            }
            let [ended, told] = ready.map(|fd| fd.revents().is_some_and(|events| !events.is_empty()));
            if ended {
                while let Ok(Some(_)) = self.ended.read_signal() {}
                self.reap();
            }
            if told {
                let mut bytes = [0; 16];
                match recv(stdin.as_raw_fd(), &mut bytes, MsgFlags::MSG_DONTWAIT) {
                    Ok(count) if count > 0 && &bytes[..count] != KILL => {}
                    Err(nix::Error::EAGAIN | nix::Error::EINTR) => {}
                    Ok(_) | Err(_) => return,
                }
            }
        }
    }

    /// Waits for everything that has ended, and tells the judge how the program did.
    fn reap(&mut self) {
        let mut status = None;
        loop {
            // The program first, by its number: std reads statuses that `waitpid` of nix cannot.
            if !self.has_ended
                && let Ok(Some(ended)) = self.child.try_wait()
            {
                self.has_ended = true;
                status = Some(ended);
            }
            let next = waitid(Id::All, WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT);
            match next {
                Ok(WaitStatus::StillAlive) | Err(nix::Error::ECHILD) => break,
                Ok(status) if !self.has_ended && status.pid() == Some(self.pid()) => continue,
                // Also if nix does not know the signal that ended it.
                Ok(_) | Err(_) => match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                    Ok(WaitStatus::StillAlive) | Err(nix::Error::ECHILD) => break,
                    Ok(_) | Err(_) => self.strays += 1,
                },
            }
        }
        if let Some(status) = status {
            // What the program leaves has become ours before its end could be seen.
            let left = tree::below(std::process::id()).len() as u64;
            let status = u64::from(status.into_raw().cast_unsigned());
            tell(&Notice::Ended { status, strays: self.strays, left });
        }
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    /// Ends everything below this process, and waits for it.
    fn end_all(&mut self) {
        loop {
            let all = tree::below(std::process::id());
            // First a stop for all: what stands still cannot start others while it is looked for.
            for signal in [Signal::SIGSTOP, Signal::SIGKILL] {
                for &pid in &all {
                    let _ = kill(Pid::from_raw(pid.cast_signed()), signal);
                }
            }
            self.reap();
            if all.is_empty() && waitpid(None, Some(WaitPidFlag::WNOHANG)) == Err(nix::Error::ECHILD) {
                break;
            }
            // The next end of a child, or a look in a moment: some child may not be ours to see yet.
            let mut ready = [PollFd::new(self.ended.as_fd(), PollFlags::POLLIN)];
            let _ = poll(&mut ready, PollTimeout::from(5_u8));
            while let Ok(Some(_)) = self.ended.read_signal() {}
        }
        tell(&Notice::Gone { strays: self.strays });
    }
}
