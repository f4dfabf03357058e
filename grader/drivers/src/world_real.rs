//! The real world: real threads, judged by what the kernel shows of them.

use crate::session::Scene;
use crate::socket;
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
use std::io::{IoSlice, Read};
use std::os::fd::{AsRawFd, RawFd};
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use wire::{Challenge, EngineFailure, Reply, Request, Run, Schedule};

/// Plays a scene, again and again.
pub(crate) struct Player {
    index: u32,
}

impl Player {
    pub(crate) fn new(_: &Challenge) -> Self {
        Self { index: 0 }
    }

    /// Plays the scene once, on this thread.
    pub(crate) fn play(&mut self, scene: &Scene) -> Run {
        let schedule = Schedule { index: self.index, horizon: 0 };
        self.index += 1;
        let failure = panic::catch_unwind(AssertUnwindSafe(|| scene())).err().map(|_| EngineFailure {
            fault: "Panic".into(),
            headline: "the scene panicked".into(),
            waits: Vec::new(),
        });
        Run { schedule, steps: 0, switches: 0, old_read: false, entries: Vec::new(), failure }
    }

    /// The real world tells no stories: nobody chose the schedule.
    pub(crate) fn tell(&mut self, _: Schedule, scene: &Scene) -> (Run, Vec<String>) {
        (self.play(scene), Vec::new())
    }
}

pub(crate) fn watch_panics() {
    std::panic::set_hook(Box::new(|_| {}));
}

/// The kernel's number of the calling thread.
pub fn this_thread() -> u64 {
    nix::unistd::gettid().as_raw().unsigned_abs().into()
}

/// Asks the judge which of these threads have not ended. Threads that are just ending get time.
pub fn still_there(threads: &[u64]) -> Vec<u64> {
    socket::reply(&Reply::Ended { threads: threads.to_vec() });
    match socket::receive() {
        Some(Request::Ended { alive }) => alive,
        _ => Vec::new(),
    }
}

/// Here the judge looks for threads that are left, when all is over.
pub fn other_threads() -> Vec<u64> {
    Vec::new()
}

/// How many threads have been started: only the model knows.
pub fn started() -> u64 {
    0
}

/// Does `body`: only the model can refuse the second thread and not the first.
pub fn with_thread_refused<T>(_nth: u64, body: impl FnOnce() -> T) -> T {
    body()
}

/// Ends a tool with threads of its own after a script that does not end it itself. Whether that comes to an end is not what
/// the script is about: it gets a moment, and is left alone then.
pub fn let_go(end: impl FnOnce() + Send + 'static) {
    let (done, waiting) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        end();
        let _ = done.send(());
    });
    let _ = waiting.recv_timeout(Duration::from_millis(200));
}

/// Real time is nobody's business.
pub fn now_ns() -> u64 {
    0
}

/// Makes visible to the calling thread what others did before they came here.
pub fn take_turn(order: &AtomicU64) {
    order.fetch_add(1, Ordering::AcqRel);
}

/// Sleeps are not counted here.
pub fn sleeps() -> u64 {
    0
}

/// Waits. What for is told in the model world alone.
pub fn waiting_for<T>(_what: &'static str, wait: impl FnOnce() -> T) -> T {
    wait()
}

/// The kernel decides who goes first.
pub fn hurry() {}

/// Comments on the story; there is none here.
pub fn say(_: &str) {}

/// Panics are no failures in this world. They come through.
pub fn panicking_on_purpose<T>(body: impl FnOnce() -> T) -> T {
    body()
}

/// Lets time pass for everybody else; in the real world no verdict may need that.
pub fn rest(_: Duration) {}

/// Whether a wait of an hour is over when everybody waits.
pub const TIME_IS_VIRTUAL: bool = false;

/// The note of a thread that gives up waiting at the gate.
pub const IN_VAIN: &str = "nobody else came";

/// A gate at which two threads wait for each other. The judge holds it.
#[derive(Debug, Default)]
pub struct Gate;

/// Why a thread had to leave the gate alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stalled {
    /// As in `wire::Entry::STALLED`.
    pub why: u64,
}

impl Gate {
    /// Makes a gate.
    pub fn new() -> Self {
        Self
    }

    /// Comes for the `visit`th time and waits until another thread has come as often. The judge,
    /// not this function, finds out when that will never be.
    ///
    /// # Errors
    ///
    /// None in this world.
    pub fn meet(&self, visit: u64) -> Result<(), Stalled> {
        reply_and_wait(&Reply::Arrived { thread: this_thread(), visit });
        Ok(())
    }
}

impl Gate {
    /// Nobody is held in this world.
    ///
    /// # Errors
    ///
    /// None in this world.
    pub fn hold_first(&self, _: u64) -> Result<bool, Stalled> {
        Ok(false)
    }
}

/// Sends a reply together with the writing end of a fresh pipe, then waits until the judge writes
/// a byte to it or closes it.
fn reply_and_wait(reply: &Reply) {
    let Ok((mut gate, key)) = std::io::pipe() else { return };
    let bytes = reply.to_bytes();
    let keys: [RawFd; 1] = [key.as_raw_fd()];
    let parts = [IoSlice::new(&bytes)];
    let rights = [ControlMessage::ScmRights(&keys)];
    while sendmsg::<()>(socket::number(), &parts, &rights, MsgFlags::MSG_NOSIGNAL, None)
        == Err(nix::Error::EINTR)
    {}
    drop(key); // the judge's copy is the only one: its end is our end
    let _ = gate.read(&mut [0]);
}
