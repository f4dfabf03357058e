//! Variant: whoever wants an item sends the broker two fresh channels, for those made before a fork would be everybody's: one for the
//! answer, and one on which it says that it has taken the item, or gives up. The broker keeps what it has sent until then: it may lie
//! unread in the channel of a process that is killed. The end of the second channel tells that, and the item is back in its place.
//!
//! Every message is one packet; what is long goes as shared memory. `ipc-channel` would send it in several, and a process that dies
//! between two of them looks as if all had gone.

use crate::link_error::LinkError;
use ipc_channel::ipc::{self, IpcReceiver, IpcReceiverSet, IpcSelectionResult, IpcSender, IpcSharedMemory};
use ipc_channel::{IpcError, TryRecvError};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::hint::black_box;
use std::io::{self, ErrorKind};
use std::marker::PhantomData;
use std::process;
use std::time::{Duration, Instant};
use toolkit::{ForkError, codec};

/// The longest item that fits into a packet for sure.
const SHORT: usize = 20_000;

/// An item as bytes, under way.
#[derive(Debug, Serialize, Deserialize)]
enum Packet {
    Short(Vec<u8>),
    Long(IpcSharedMemory),
}

impl Packet {
    fn new(bytes: &[u8]) -> Self {
        match bytes.len() {
            0..=SHORT => Self::Short(bytes.to_vec()),
            _ => Self::Long(IpcSharedMemory::from_bytes(bytes)),
        }
    }

    fn bytes(self) -> Vec<u8> {
        match self {
            Self::Short(bytes) => bytes,
            Self::Long(memory) => memory.to_vec(),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
enum Request {
    Put(Packet),
    Get(IpcSender<Answer>, IpcReceiver<Word>),
}

type Answer = Option<Packet>;

#[derive(Debug, Serialize, Deserialize)]
enum Word {
    Taken,
    GiveUp,
}

/// A queue.
#[derive(Debug)]
pub struct ProcessQueue<T> {
    requests: IpcSender<Request>,
    broker: Pid,
    maker: u32,
    items: PhantomData<T>,
}

impl<T: Serialize + DeserializeOwned> ProcessQueue<T> {
    /// Makes an empty queue and starts its broker.
    ///
    /// # Errors
    ///
    /// If the system refuses; nothing is left then.
    pub fn new() -> Result<Self, LinkError> {
        let (requests, received) = ipc::channel().map_err(os)?;
        let channels = IpcReceiverSet::new().map_err(os)?;
        let mut ours = Some(requests);
        // What the broker receives with is moved there: kept here, it would let `put` succeed when nobody is there to receive.
        let broker = toolkit::fork(|| {
            drop(ours.take()); // or the broker would keep its own queue alive
            i32::from(Broker::default().serve(channels, received).is_err())
        });
        let broker = broker.map_err(|error| match error {
            ForkError::Os(error) => LinkError::Os(error),
            _ => LinkError::Os(Errno::EBUSY),
        })?;
        let requests = ours.expect("only the child has taken it");
        Ok(Self { requests, broker, maker: process::id(), items: PhantomData })
    }

    /// Puts an item in; never waits until something is got.
    ///
    /// # Errors
    ///
    /// If the item cannot be encoded, or the broker is gone.
    pub fn put(&mut self, item: &T) -> Result<(), LinkError> {
        let bytes = codec::encode(item).map_err(|error| LinkError::Undecodable(error.message))?;
        self.requests.send(Request::Put(Packet::new(&bytes))).map_err(link_error)
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
        let (to_broker, words) = ipc::channel().map_err(os)?;
        self.requests.send(Request::Get(to_me, words)).map_err(link_error)?;
        let answer = match wait(&answers, until)? {
            Some(answer) => answer,
            None => {
                // An item may be on its way already; the broker answers in any case.
                to_broker.send(Word::GiveUp).map_err(link_error)?;
                wait(&answers, None)?.flatten()
            }
        };
        let bytes = answer.ok_or(LinkError::TimedOut)?.bytes();
        // Taken before it is decoded: what cannot be decoded would come back for ever. Without a broker nobody else can get it.
        let _ = to_broker.send(Word::Taken);
        codec::decode(&bytes).map_err(|error| LinkError::Undecodable(error.message))
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

/// Somebody who waits, or who was sent an item and has not yet said that it has taken it.
struct Asker {
    /// The number of the channel on which it speaks.
    id: u64,
    to: IpcSender<Answer>,
    sent: Option<(u64, Vec<u8>)>,
}

#[derive(Default)]
struct Broker {
    puts: u64,
    /// By their numbers: one that comes back is in front of those that were put later.
    items: VecDeque<(u64, Vec<u8>)>,
    /// The first is who has waited longest.
    askers: Vec<Asker>,
}

impl Broker {
    /// Serves until the last handle is gone.
    fn serve(&mut self, mut channels: IpcReceiverSet, received: IpcReceiver<Request>) -> io::Result<()> {
        let requests = channels.add(received)?;
        keep_what_is_freed();
        loop {
            for event in channels.select()? {
                match event {
                    IpcSelectionResult::ChannelClosed(id) if id == requests => return Ok(()),
                    IpcSelectionResult::ChannelClosed(id) => self.take_back(id),
                    IpcSelectionResult::MessageReceived(id, message) if id == requests => {
                        match message.to() {
                            Ok(Request::Put(item)) => {
                                self.puts += 1;
                                self.items.push_back((self.puts, item.bytes()));
                            }
                            Ok(Request::Get(to, words)) => {
                                if let Ok(id) = channels.add(words) {
                                    self.askers.push(Asker { id, to, sent: None });
                                }
                            }
                            Err(_) => {} // nothing of ours
                        }
                    }
                    IpcSelectionResult::MessageReceived(id, message) => match message.to() {
                        Ok(Word::Taken) => drop(self.remove(id)),
                        Ok(Word::GiveUp) => self.give_up(id),
                        Err(_) => {}
                    },
                }
                // Also after a death: another may wait for what the dead was sent.
                self.hand_out();
            }
        }
    }

    fn hand_out(&mut self) {
        let mut place = 0;
        while let Some(asker) = self.askers.get_mut(place) {
            if asker.sent.is_none()
                && let Some((number, item)) = self.items.pop_front()
            {
                if asker.to.send(Some(Packet::new(&item))).is_err() {
                    self.items.push_front((number, item)); // the next one gets it
                    self.askers.remove(place);
                    continue;
                }
                asker.sent = Some((number, item));
            }
            place += 1;
        }
    }

    fn remove(&mut self, id: u64) -> Option<Asker> {
        let place = self.askers.iter().position(|asker| asker.id == id)?;
        Some(self.askers.remove(place))
    }

    /// This asker is gone. If it was sent an item and has not said that it has taken it, others get that.
    fn take_back(&mut self, id: u64) {
        if let Some(Asker { sent: Some((number, item)), .. }) = self.remove(id) {
            self.items.insert(self.items.partition_point(|(other, _)| *other < number), (number, item));
        }
    }

    /// Who was sent an item just then will find it, and takes it.
    fn give_up(&mut self, id: u64) {
        if let Some(asker) = self.askers.iter().find(|asker| asker.id == id && asker.sent.is_none()) {
            let _ = asker.to.send(None);
            self.remove(id);
        }
    }
}

/// `ipc-channel` takes 200 KB for every message that it receives, which the C library would give back to the system each time: much
/// of what a call takes. It keeps at least twice as much as the largest block that it has given back.
fn keep_what_is_freed() {
    drop(black_box(Vec::<u8>::with_capacity(1 << 20)));
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
