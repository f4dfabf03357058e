//! A box that is kept: namespaces, user, folder and reaper stay while one respondent after the other runs in it.
//!
//! To make a box takes longer than most respondents run. Each of these is a process of its own, with pipes and
//! sockets of its own, and is over only when nothing below the reaper is left. Knows processes and descriptors, not
//! what they are for.

use super::ending;
use super::link;
use crate::error::{GraderError, Result};
use crate::sandbox::{self, Running, Sandbox, Slot, Surroundings};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{self, MsgFlags, Shutdown};
use std::ffi::OsString;
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use wire::{Notice, Wish};

/// How long a machine may take to start a process.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a reaper may take to end what is below it.
const TO_END: Duration = Duration::from_secs(5);

/// A box with its reaper; gone with all that is in it when dropped.
#[derive(Debug)]
pub(crate) struct Enclosure {
    /// The outermost process.
    pub(crate) running: Running,
    /// The judge's talk with the reaper.
    pub(crate) reaper: Arc<OwnedFd>,
    /// The reaper's number.
    pub(crate) reaper_pid: u32,
}

/// A respondent that was let in.
#[derive(Debug)]
pub(crate) struct Guest {
    /// Its number; nothing if it has ended by now and was waited for.
    pub(crate) pid: Option<u32>,
    /// The other end of the socket that it finds at its number.
    pub(crate) driver: OwnedFd,
    /// What it prints; reading does not wait.
    pub(crate) stdout: File,
    /// What it complains; reading does not wait.
    pub(crate) stderr: File,
}

impl Enclosure {
    /// Makes a box.
    ///
    /// # Errors
    ///
    /// A machine error if it cannot be made.
    pub(crate) fn open(sandbox: &Sandbox, slot: &Slot, around: &Surroundings<'_>) -> Result<Self> {
        let (reaper, for_reaper) = link::pair()?;
        let running = sandbox::start_reaper(sandbox, slot, around, for_reaper)?;
        let mut this = Self { reaper_pid: running.pid, running, reaper: Arc::new(reaper) };
        match this.await_notice() {
            Some(Notice::Ready) => {}
            told => {
                let words = ending::last_words(&this.running.complaint());
                let why = match (told, words) {
                    (Some(Notice::NotStarted { why }), _) | (_, Some(why)) => why,
                    _ => "it says nothing".to_owned(),
                };
                return Err(GraderError::machine(format!("the reaper does not start: {why}")));
            }
        }
        if sandbox.layers.namespaces {
            let inner = only_child(this.running.pid);
            this.reaper_pid =
                inner.ok_or_else(|| GraderError::machine("the reaper vanished at its start"))?;
        }
        Ok(this)
    }

    /// Starts a respondent as [`way_in`](sandbox::way_in) says. The one before must be gone.
    ///
    /// # Errors
    ///
    /// A machine error if it does not start.
    pub(crate) fn let_in(&self, args: Vec<OsString>) -> Result<Guest> {
        let ((driver, for_driver), (stdout, for_stdout), (stderr, for_stderr)) =
            (link::pair()?, pipe()?, pipe()?);
        let wish = Wish::LetIn { args }.to_bytes();
        link::send_with(&self.reaper, &wish, &[&for_driver, &for_stdout, &for_stderr])?;
        drop((for_driver, for_stdout, for_stderr));
        match self.await_notice() {
            // The number in the notice is that of the reaper's namespace; ours is what the kernel lists.
            Some(Notice::Started { .. }) => {
                Ok(Guest { pid: only_child(self.reaper_pid), driver, stdout, stderr })
            }
            Some(Notice::NotStarted { why }) => {
                Err(GraderError::machine(format!("the respondent does not start: {why}")))
            }
            _ => Err(GraderError::machine("the reaper does not start the respondent")),
        }
    }

    /// Ends everything below the reaper. Whether the reaper says that it has.
    pub(crate) fn clear(&self) -> bool {
        if !self.ask_to_clear() {
            return false;
        }
        let deadline = Instant::now() + TO_END;
        loop {
            let wait = deadline.saturating_duration_since(Instant::now());
            match await_notice(&self.reaper, wait) {
                Some(Notice::Gone { .. }) => return true,
                Some(_) => {}
                None => return false,
            }
        }
    }

    /// Asks the reaper to end everything below it, which it then tells; does not wait for that. Whether it was asked.
    pub(crate) fn ask_to_clear(&self) -> bool {
        let wish = Wish::Clear.to_bytes();
        socket::send(self.reaper.as_raw_fd(), &wish, MsgFlags::MSG_NOSIGNAL).is_ok()
    }

    /// Has the reaper end everything and leave; does not wait for it.
    pub(crate) fn dismiss(&self) {
        let _ = socket::shutdown(self.reaper.as_raw_fd(), Shutdown::Both);
    }

    fn await_notice(&self) -> Option<Notice> {
        await_notice(&self.reaper, PATIENCE)
    }
}

impl Drop for Enclosure {
    fn drop(&mut self) {
        self.dismiss();
        let deadline = Instant::now() + TO_END;
        // The reaper goes when everything below it has gone; if it does not, it goes with the rest.
        while self.running.ended().is_none() && Instant::now() < deadline {
            thread::sleep(Duration::from_micros(300));
        }
        self.running.finish();
    }
}

/// The next notice, if one comes in this time.
fn await_notice(reaper: &OwnedFd, most: Duration) -> Option<Notice> {
    let mut ready = [PollFd::new(reaper.as_fd(), PollFlags::POLLIN)];
    let _ = poll(&mut ready, PollTimeout::try_from(most).unwrap_or(PollTimeout::NONE));
    link::receive(reaper, Notice::MAX_BYTES).and_then(|parcel| Notice::from_bytes(&parcel.bytes).ok())
}

fn only_child(pid: u32) -> Option<u32> {
    match procs::children(pid).as_slice() {
        [child] => Some(*child),
        _ => None,
    }
}

/// A pipe: our end, from which reading does not wait, and the respondent's.
fn pipe() -> Result<(File, OwnedFd)> {
    let failed = |error| GraderError::machine(format!("failed to make a pipe: {error}"));
    let (ours, theirs) = nix::unistd::pipe2(OFlag::O_CLOEXEC).map_err(failed)?;
    fcntl(&ours, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).map_err(failed)?;
    Ok((ours.into(), theirs))
}
