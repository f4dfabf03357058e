//! Starts respondents, one after the other, is told of everything that each leaves behind, and ends it all
//! when the judge says so or has gone.
//!
//! The judge starts it with a socket as its standard input. As the kernel's child subreaper (or the first
//! process of a namespace) it becomes the parent of every process below it whose own parent has ended, so
//! none can hide from it. It knows nothing of questions, nor what a respondent is for.

use crate::orders::{self, Belongings, Order};
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, pthread_sigmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::socket::{MsgFlags, send};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::{Pid, dup2, dup2_stderr, dup2_stdout, dup3};
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitCode, Stdio};
use wire::{DRIVER_FD, Notice};

/// Serves the judge until it has gone.
pub(crate) fn serve() -> ExitCode {
    match Reaper::new() {
        Ok(mut reaper) => {
            tell(&Notice::Ready);
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
    /// The respondent, until it has ended and was waited for.
    respondent: Option<Child>,
    /// How many other processes were waited for since it was started.
    strays: u64,
    /// Becomes ready when a child has ended.
    ended: SignalFd,
    /// The number at which a respondent finds its driver's socket. In between it is kept by `null`.
    seat: OwnedFd,
    null: File,
}

impl Reaper {
    fn new() -> io::Result<Self> {
        nix::sys::prctl::set_child_subreaper(true)?;
        // Blocked here, so that the descriptor tells. A program is given the empty mask before it begins.
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGCHLD);
        pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&signals), None)?;
        let ended = SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
        let open = || File::options().write(true).open("/dev/null");
        let seat = OwnedFd::from(open()?);
        if seat.as_raw_fd() != DRIVER_FD {
            return Err(io::Error::other("the number of the driver's socket is taken"));
        }
        // The pipes that the judge gave us end when bubblewrap's end does; what is said here is for nobody.
        let null = open()?;
        dup2_stdout(&null)?;
        dup2_stderr(&null)?;
        Ok(Self { respondent: None, strays: 0, ended, seat, null })
    }

    /// Does what the judge orders, and reaps, until the judge has gone.
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
                self.forget_signals();
                self.reap();
            }
            if told {
                match orders::receive(&stdin) {
                    Order::LetIn(args, belongings) => match self.let_in(&args, belongings) {
                        Ok(pid) => tell(&Notice::Started { pid: pid.into() }),
                        Err(error) => tell(&Notice::NotStarted { why: error.to_string() }),
                    },
                    Order::Clear => {
                        self.end_all();
                        tell(&Notice::Gone { strays: self.strays });
                    }
                    Order::Wait => {}
                    Order::Leave => return,
                }
            }
        }
    }

    /// Starts this program once more, which then becomes the respondent, as `args` say. Returns its number.
    fn let_in(&mut self, args: &[OsString], belongings: Belongings) -> io::Result<u32> {
        if !procs::below(std::process::id()).is_empty() {
            return Err(io::Error::other("somebody is still there"));
        }
        let Belongings { driver, stdout, stderr } = belongings;
        self.strays = 0;
        dup2(&driver, &mut self.seat)?;
        let started = Command::new(std::env::current_exe()?)
            .args(args)
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .spawn();
        // Whoever holds a copy of the socket or of the pipes keeps them open: the judge must see their
        // end when the program ends, not when this process does.
        dup3(&self.null, &mut self.seat, OFlag::O_CLOEXEC)?;
        let child = started?;
        let pid = child.id();
        self.respondent = Some(child);
        Ok(pid)
    }

    fn forget_signals(&mut self) {
        while let Ok(Some(_)) = self.ended.read_signal() {}
    }

    /// Waits for everything that has ended, and tells the judge how the respondent did.
    fn reap(&mut self) {
        let mut status = None;
        loop {
            // The respondent first, by its number: std reads statuses that `waitpid` of nix cannot.
            if let Some(respondent) = &mut self.respondent
                && let Ok(Some(ended)) = respondent.try_wait()
            {
                self.respondent = None;
                status = Some(ended);
            }
            let next = waitid(Id::All, WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT);
            match next {
                Ok(WaitStatus::StillAlive) | Err(nix::Error::ECHILD) => break,
                Ok(status) if status.pid().is_some() && status.pid() == self.pid() => continue,
                // Also if nix does not know the signal that ended it.
                Ok(_) | Err(_) => match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                    Ok(WaitStatus::StillAlive) | Err(nix::Error::ECHILD) => break,
                    Ok(_) | Err(_) => self.strays += 1,
                },
            }
        }
        if let Some(status) = status {
            // What the respondent leaves has become ours before its end could be seen.
            let left = procs::below(std::process::id()).len() as u64;
            let status = u64::from(status.into_raw().cast_unsigned());
            tell(&Notice::Ended { status, strays: self.strays, left });
        }
    }

    fn pid(&self) -> Option<Pid> {
        self.respondent.as_ref().map(|respondent| Pid::from_raw(respondent.id().cast_signed()))
    }

    /// Ends everything below this process, and waits for it.
    fn end_all(&mut self) {
        loop {
            let all = procs::below(std::process::id());
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
            self.forget_signals();
        }
    }
}
