//! Variant: the broker answers at once, with an item or `Later`; who waits is told when something was put, and asks again. An item is
//! kept until it is acknowledged.

use crate::link_error::LinkError;
use ipc_channel::ipc::{self, IpcReceiver, IpcReceiverSet, IpcSelectionResult, IpcSender, IpcSharedMemory};
use ipc_channel::{IpcError, TryRecvError};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, getpid};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::marker::PhantomData;
use std::time::{Duration, Instant};
use toolkit::{ForkError, codec, fork};

const SHORT: usize = 32 << 10;

#[derive(Debug, Serialize, Deserialize)]
enum Bytes {
    Short(Vec<u8>),
    Long(IpcSharedMemory),
}

impl Bytes {
    fn of(bytes: &[u8]) -> Self {
        if bytes.len() <= SHORT {
            Self::Short(bytes.to_vec())
        } else {
            Self::Long(IpcSharedMemory::from_bytes(bytes))
        }
    }

    fn get(self) -> Vec<u8> {
        match self {
            Self::Short(bytes) => bytes,
            Self::Long(memory) => memory.to_vec(),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
enum Question {
    Put(Bytes),
    Get(IpcSender<Answer>, IpcReceiver<Word>),
}

#[derive(Debug, Serialize, Deserialize)]
enum Answer {
    Item(Bytes),
    Later,
    Poke,
}

#[derive(Debug, Serialize, Deserialize)]
enum Word {
    Took,
}

/// A queue; see the stub.
#[derive(Debug)]
pub struct ProcessQueue<T> {
    to: IpcSender<Question>,
    broker: Pid,
    maker: Pid,
    items: PhantomData<T>,
}

fn os(error: &io::Error) -> LinkError {
    match error.raw_os_error() {
        Some(code) if code == Errno::EPIPE as i32 || code == Errno::ECONNRESET as i32 => {
            LinkError::Disconnected
        }
        Some(code) => LinkError::Os(Errno::from_raw(code)),
        None => LinkError::Disconnected,
    }
}

fn link(error: IpcError) -> LinkError {
    match error {
        IpcError::Disconnected => LinkError::Disconnected,
        IpcError::Io(error) => os(&error),
        IpcError::SerializationError(error) => LinkError::Undecodable(error.to_string()),
    }
}

fn interrupted(error: &IpcError) -> bool {
    matches!(error, IpcError::Io(error) if error.kind() == io::ErrorKind::Interrupted)
}

/// Sends what `make` makes; a send is one packet, so an interrupted one has sent nothing.
fn send<M: Serialize>(to: &IpcSender<M>, make: impl Fn() -> M) -> Result<(), LinkError> {
    loop {
        match to.send(make()) {
            Err(error) if interrupted(&error) => {}
            result => return result.map_err(link),
        }
    }
}

impl<T: Serialize + DeserializeOwned> ProcessQueue<T> {
    pub fn new() -> Result<Self, LinkError> {
        let (to, from) = ipc::channel::<Question>().map_err(|error| os(&error))?;
        let set = IpcReceiverSet::new().map_err(|error| os(&error))?;
        // The crate makes a socket when it first receives, and panics if it cannot.
        drop(ipc::channel::<()>().map_err(|error| os(&error))?);
        let _ = from.try_recv();
        let mut to = Some(to);
        let broker = fork(|| {
            drop(to.take());
            i32::from(serve(set, from).is_err())
        });
        let broker = broker.map_err(|error| match error {
            ForkError::Os(error) => LinkError::Os(error),
            _ => LinkError::Os(Errno::EBUSY),
        })?;
        let to = to.expect("only the child has taken it");
        Ok(Self { to, broker, maker: getpid(), items: PhantomData })
    }

    pub fn put(&mut self, item: &T) -> Result<(), LinkError> {
        let bytes = codec::encode(item).map_err(|error| LinkError::Undecodable(error.message))?;
        send(&self.to, || Question::Put(Bytes::of(&bytes)))
    }

    pub fn get(&mut self) -> Result<T, LinkError> {
        self.ask(None)
    }

    pub fn get_timeout(&mut self, limit: Duration) -> Result<T, LinkError> {
        self.ask(Instant::now().checked_add(limit))
    }

    fn ask(&self, deadline: Option<Instant>) -> Result<T, LinkError> {
        loop {
            if let Some(result) = self.ask_once(deadline)? {
                return Ok(result);
            }
        }
    }

    /// `None`: ask again.
    fn ask_once(&self, deadline: Option<Instant>) -> Result<Option<T>, LinkError> {
        let (answer_to, answer) = ipc::channel().map_err(|error| os(&error))?;
        let (word, word_from) = ipc::channel().map_err(|error| os(&error))?;
        match self.to.send(Question::Get(answer_to, word_from)) {
            Ok(()) => {}
            // What was to be sent is gone: begin again.
            Err(error) if interrupted(&error) => return Ok(None),
            Err(error) => return Err(link(error)),
        }
        // The broker answers this at once, whatever there is.
        let bytes = match wait(&answer, None)? {
            Some(Answer::Item(bytes)) => bytes,
            _ => {
                return match wait(&answer, deadline)? {
                    Some(_) => Ok(None),
                    None => Err(LinkError::TimedOut),
                };
            }
        };
        let bytes = bytes.get();
        let _ = send(&word, || Word::Took);
        codec::decode(&bytes).map(Some).map_err(|error| LinkError::Undecodable(error.message))
    }
}

/// The answer, or `None` when the time is up.
fn wait(answer: &IpcReceiver<Answer>, deadline: Option<Instant>) -> Result<Option<Answer>, LinkError> {
    loop {
        let Some(deadline) = deadline else {
            match answer.recv() {
                Err(error) if interrupted(&error) => continue,
                result => return result.map(Some).map_err(link),
            }
        };
        let left = deadline.saturating_duration_since(Instant::now());
        let millis = left.as_nanos().div_ceil(1_000_000).min(3_600_000) as u64;
        match answer.try_recv_timeout(Duration::from_millis(millis)) {
            Ok(answer) => return Ok(Some(answer)),
            Err(TryRecvError::Empty) if Instant::now() >= deadline => return Ok(None),
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::IpcError(error)) if interrupted(&error) => {}
            Err(TryRecvError::IpcError(error)) => return Err(link(error)),
        }
    }
}

impl<T> Drop for ProcessQueue<T> {
    fn drop(&mut self) {
        if getpid() == self.maker {
            let _ = kill(self.broker, Signal::SIGKILL);
            while waitpid(self.broker, None) == Err(Errno::EINTR) {}
        }
    }
}

#[derive(Default)]
struct Store {
    next: u64,
    items: BTreeMap<u64, Vec<u8>>,
    /// What was given and not yet acknowledged, by the channel on which the word will come.
    given: BTreeMap<u64, (u64, Vec<u8>)>,
    /// Who is to be told when something comes.
    waiting: BTreeMap<u64, IpcSender<Answer>>,
}

impl Store {
    fn back(&mut self, number: u64, item: Vec<u8>) {
        self.items.insert(number, item);
        for (_, to) in std::mem::take(&mut self.waiting) {
            let _ = send(&to, || Answer::Poke);
        }
    }

    fn get(&mut self, id: u64, to: IpcSender<Answer>) {
        let Some((number, item)) = self.items.pop_first() else {
            if send(&to, || Answer::Later).is_ok() {
                self.waiting.insert(id, to);
            }
            return;
        };
        if send(&to, || Answer::Item(Bytes::of(&item))).is_ok() {
            self.given.insert(id, (number, item));
        } else {
            self.back(number, item);
        }
    }

    /// Whoever asked is gone.
    fn gone(&mut self, id: u64) {
        self.waiting.remove(&id);
        if let Some((number, item)) = self.given.remove(&id) {
            self.back(number, item);
        }
    }
}

fn serve(mut set: IpcReceiverSet, from: IpcReceiver<Question>) -> Result<(), io::Error> {
    let questions = set.add(from)?;
    let mut store = Store::default();
    loop {
        for event in set.select()? {
            match event {
                IpcSelectionResult::ChannelClosed(id) if id == questions => return Ok(()),
                IpcSelectionResult::ChannelClosed(id) => store.gone(id),
                IpcSelectionResult::MessageReceived(id, message) if id == questions => match message.to() {
                    Ok(Question::Put(bytes)) => {
                        let number = store.next;
                        store.next += 1;
                        store.back(number, bytes.get());
                    }
                    Ok(Question::Get(to, words)) => {
                        if let Ok(id) = set.add(words) {
                            store.get(id, to);
                        }
                    }
                    Err(_) => {}
                },
                IpcSelectionResult::MessageReceived(id, message) => {
                    if message.to::<Word>().is_ok() {
                        store.given.remove(&id);
                    }
                }
            }
        }
    }
}
