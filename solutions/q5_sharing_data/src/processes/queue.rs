//! A queue between processes, with as many producers and consumers as you like (`multiprocessing.Queue`).
//!
//! The broker reads requests from one channel and holds items and askers. Whoever wants an item sends along a fresh channel for the
//! answer: one made before a fork would be everybody's. Who gives up says so and takes what comes then, an item or `None`.

use crate::link_error::LinkError;
use ipc_channel::ipc::{self, IpcReceiver, IpcSender};
use ipc_channel::{IpcError, TryRecvError};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, PipeReader, PipeWriter};
use std::marker::PhantomData;
use std::os::fd::AsFd;
use std::process;
use std::time::{Duration, Instant};
use toolkit::{ForkError, codec};

type Answer = Option<Vec<u8>>;
/// Which `get` of which process.
type Asker = (u32, u64);

#[derive(Debug, Serialize, Deserialize)]
enum Request {
    Put(Vec<u8>),
    Get(Asker, IpcSender<Answer>),
    GiveUp(Asker),
}

/// A queue.
#[derive(Debug)]
pub struct ProcessQueue<T> {
    /// Nothing is ever written to it: its end is the end of the last handle.
    _handle: PipeWriter,
    requests: IpcSender<Request>,
    broker: Pid,
    maker: u32,
    asked: u64,
    items: PhantomData<T>,
}

impl<T: Serialize + DeserializeOwned> ProcessQueue<T> {
    /// Makes an empty queue and starts its broker.
    ///
    /// # Errors
    ///
    /// If the system refuses; nothing is left then.
    pub fn new() -> Result<Self, LinkError> {
        // The pipe first: of a process that ends it is closed first, too.
        let (handles, handle) = io::pipe().map_err(os)?;
        let (requests, received) = ipc::channel().map_err(os)?;
        let mut ours = Some((requests, handle));
        let broker = toolkit::fork(|| {
            drop(ours.take()); // or the broker would keep its own queue alive
            Broker::default().serve(&received, &handles);
            0
        });
        let broker = broker.map_err(|error| match error {
            ForkError::Os(error) => LinkError::Os(error),
            _ => LinkError::Os(Errno::EBUSY),
        })?;
        let (requests, handle) = ours.expect("only the child has taken it");
        let maker = process::id();
        Ok(Self { requests, _handle: handle, broker, maker, asked: 0, items: PhantomData })
        // The receiving ends go here: kept, they would let `put` succeed when nobody is there to receive.
    }

    /// Puts an item in; never waits until something is got.
    ///
    /// # Errors
    ///
    /// If the item cannot be encoded, or the broker is gone.
    pub fn put(&mut self, item: &T) -> Result<(), LinkError> {
        let bytes = codec::encode(item).map_err(|error| LinkError::Undecodable(error.message))?;
        self.request(Request::Put(bytes))
    }

    /// Takes the next item; waits as long as there is none.
    ///
    /// # Errors
    ///
    /// If the broker is gone, or the item cannot be decoded.
    pub fn get(&mut self) -> Result<T, LinkError> {
        self.get_timeout(Duration::MAX)
    }

    /// Takes the next item; gives up after `limit`.
    ///
    /// # Errors
    ///
    /// If the time is up, and as with [`ProcessQueue::get`].
    pub fn get_timeout(&mut self, limit: Duration) -> Result<T, LinkError> {
        let until = Instant::now().checked_add(limit);
        let (to_me, answers) = ipc::channel().map_err(os)?;
        self.asked += 1;
        let asker = (process::id(), self.asked);
        self.request(Request::Get(asker, to_me))?;
        let answer = match wait(&answers, until)? {
            Some(answer) => answer,
            None => {
                // An item may be on its way already; the broker answers in any case.
                self.request(Request::GiveUp(asker))?;
                wait(&answers, None)?.flatten()
            }
        };
        let bytes = answer.ok_or(LinkError::TimedOut)?;
        codec::decode(&bytes).map_err(|error| LinkError::Undecodable(error.message))
    }

    fn request(&self, request: Request) -> Result<(), LinkError> {
        self.requests.send(request).map_err(link_error)
    }
}

impl<T> Drop for ProcessQueue<T> {
    fn drop(&mut self) {
        // A fork copies the handle, but the broker is a child of its maker alone.
        if process::id() == self.maker && kill(self.broker, Signal::SIGKILL).is_ok() {
            while waitpid(self.broker, None) == Err(Errno::EINTR) {}
        }
    }
}

/// Waits for an answer; `None` when the time is up.
fn wait(answers: &IpcReceiver<Answer>, until: Option<Instant>) -> Result<Option<Answer>, LinkError> {
    loop {
        let left = until.map_or(Duration::MAX, |until| until.saturating_duration_since(Instant::now()));
        // The channel counts whole milliseconds, and would cut off the rest.
        match answers.try_recv_timeout(left.checked_add(Duration::from_micros(999)).unwrap_or(left)) {
            Ok(answer) => return Ok(Some(answer)),
            Err(TryRecvError::Empty) if left.is_zero() => return Ok(None),
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::IpcError(IpcError::Io(error))) if error.kind() == ErrorKind::Interrupted => {}
            Err(TryRecvError::IpcError(error)) => return Err(link_error(error)),
        }
    }
}

#[derive(Default)]
struct Broker {
    items: VecDeque<Vec<u8>>,
    askers: VecDeque<(Asker, IpcSender<Answer>)>,
}

impl Broker {
    fn serve(&mut self, requests: &IpcReceiver<Request>, handles: &PipeReader) {
        loop {
            match requests.recv() {
                Ok(Request::Put(item)) => self.items.push_back(item),
                Ok(Request::Get(asker, to)) => self.askers.push_back((asker, to)),
                Ok(Request::GiveUp(asker)) => self.give_up(asker),
                // A sender that dies in the middle of a long message looks as if all had gone.
                Err(_) if has_ended(handles) => return,
                Err(_) => {}
            }
            self.hand_out();
        }
    }

    fn hand_out(&mut self) {
        while !self.items.is_empty()
            && let Some((_, to)) = self.askers.pop_front()
        {
            // The item stays until it has left: the asker may be dead.
            if to.send(self.items.front().cloned()).is_ok() {
                self.items.pop_front();
            }
        }
    }

    /// Who is no longer on the list has got an item.
    fn give_up(&mut self, asker: Asker) {
        if let Some(place) = self.askers.iter().position(|(waits, _)| *waits == asker)
            && let Some((_, to)) = self.askers.remove(place)
        {
            let _ = to.send(None);
        }
    }
}

/// Whether the last handle is gone.
fn has_ended(handles: &PipeReader) -> bool {
    let mut ends = [PollFd::new(handles.as_fd(), PollFlags::POLLIN)];
    poll(&mut ends, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
}

fn link_error(error: IpcError) -> LinkError {
    match error {
        IpcError::SerializationError(error) => LinkError::Undecodable(error.to_string()),
        IpcError::Disconnected => LinkError::Disconnected,
        IpcError::Io(error) => os(error),
    }
}

fn os(error: io::Error) -> LinkError {
    match error.kind() {
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => LinkError::Disconnected,
        _ => LinkError::Os(Errno::from_raw(error.raw_os_error().unwrap_or(nix::libc::EIO))),
    }
}
