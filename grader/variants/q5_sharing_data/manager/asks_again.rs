//! Variant: a queue answers at once, with a value or `not yet`; who waits is told when a value has come, and asks again. A value is
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
use std::sync::Arc;
use std::time::{Duration, Instant};
use toolkit::{ForkError, codec, fork};

const SHORT: usize = 32 << 10;

#[derive(Debug, Serialize, Deserialize)]
enum Bytes {
    Short(Vec<u8>),
    Long(IpcSharedMemory),
}

impl Bytes {
    fn of(value: &impl Serialize) -> Result<Self, LinkError> {
        let bytes = codec::encode(value).map_err(|error| LinkError::Undecodable(error.message))?;
        Ok(if bytes.len() <= SHORT {
            Self::Short(bytes)
        } else {
            Self::Long(IpcSharedMemory::from_bytes(&bytes))
        })
    }

    fn decode<V: DeserializeOwned>(&self) -> Result<V, LinkError> {
        let bytes: &[u8] = match self {
            Self::Short(bytes) => bytes,
            Self::Long(memory) => memory,
        };
        codec::decode(bytes).map_err(|error| LinkError::Undecodable(error.message))
    }
}

#[derive(Debug, Serialize, Deserialize)]
enum Call {
    NewList,
    NewDict,
    NewQueue,
    Push(u64, String),
    Item(u64, u64),
    Replace(u64, u64, String),
    Count(u64),
    All(u64),
    Insert(u64, String, String),
    Look(u64, String),
    Remove(u64, String),
    Keys(u64),
    Put(u64, String),
    Take(u64),
}

#[derive(Debug, Serialize, Deserialize)]
struct Question {
    call: Bytes,
    answer: IpcSender<Bytes>,
    /// Over which the asker says what becomes of a value that it takes; others leave it out.
    words: Option<IpcReceiver<Word>>,
}

#[derive(Debug, Serialize, Deserialize)]
enum Word {
    Took,
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

type Server = Arc<IpcSender<Question>>;

/// Asks and waits for the answer.
fn ask<V: DeserializeOwned>(server: &Server, call: &Call) -> Result<V, LinkError> {
    let from = loop {
        let (answer, from) = ipc::channel().map_err(|error| os(&error))?;
        match server.send(Question { call: Bytes::of(call)?, answer, words: None }) {
            Ok(()) => break from,
            Err(error) if interrupted(&error) => {}
            Err(error) => return Err(link(error)),
        }
    };
    match wait(&from, None)? {
        Some(bytes) => bytes.decode(),
        None => unreachable!("there is no limit"),
    }
}

/// The answer, or `None` when the time is up.
fn wait(answer: &IpcReceiver<Bytes>, deadline: Option<Instant>) -> Result<Option<Bytes>, LinkError> {
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

/// The server of some objects; see the stub.
#[derive(Debug)]
pub struct Manager {
    server: Server,
    pid: Pid,
    maker: Pid,
}

impl Manager {
    pub fn new() -> Result<Self, LinkError> {
        let (to, from) = ipc::channel::<Question>().map_err(|error| os(&error))?;
        let set = IpcReceiverSet::new().map_err(|error| os(&error))?;
        // The crate makes a socket when it first receives, and panics if it cannot.
        drop(ipc::channel::<()>().map_err(|error| os(&error))?);
        let _ = from.try_recv();
        let mut to = Some(to);
        let pid = fork(|| {
            drop(to.take());
            i32::from(serve(set, from).is_err())
        });
        let pid = pid.map_err(|error| match error {
            ForkError::Os(error) => LinkError::Os(error),
            _ => LinkError::Os(Errno::EBUSY),
        })?;
        let to = to.expect("only the child has taken it");
        Ok(Self { server: Arc::new(to), pid, maker: getpid() })
    }

    pub fn list(&mut self) -> Result<ListProxy, LinkError> {
        let id = ask(&self.server, &Call::NewList)?;
        Ok(ListProxy { server: Arc::clone(&self.server), id })
    }

    pub fn dict(&mut self) -> Result<DictProxy, LinkError> {
        let id = ask(&self.server, &Call::NewDict)?;
        Ok(DictProxy { server: Arc::clone(&self.server), id })
    }

    pub fn queue(&mut self) -> Result<QueueProxy, LinkError> {
        let id = ask(&self.server, &Call::NewQueue)?;
        Ok(QueueProxy { server: Arc::clone(&self.server), id })
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        if getpid() == self.maker {
            let _ = kill(self.pid, Signal::SIGKILL);
            while waitpid(self.pid, None) == Err(Errno::EINTR) {}
        }
    }
}

/// A list in the server.
#[derive(Debug)]
pub struct ListProxy {
    server: Server,
    id: u64,
}

impl ListProxy {
    pub fn push(&mut self, value: &str) -> Result<(), LinkError> {
        ask(&self.server, &Call::Push(self.id, value.to_owned()))
    }

    pub fn get(&mut self, index: usize) -> Result<Option<String>, LinkError> {
        ask(&self.server, &Call::Item(self.id, index as u64))
    }

    pub fn set(&mut self, index: usize, value: &str) -> Result<bool, LinkError> {
        ask(&self.server, &Call::Replace(self.id, index as u64, value.to_owned()))
    }

    pub fn count(&mut self) -> Result<usize, LinkError> {
        ask(&self.server, &Call::Count(self.id))
    }

    pub fn to_vec(&mut self) -> Result<Vec<String>, LinkError> {
        ask(&self.server, &Call::All(self.id))
    }
}

/// A dictionary in the server.
#[derive(Debug)]
pub struct DictProxy {
    server: Server,
    id: u64,
}

impl DictProxy {
    pub fn insert(&mut self, key: &str, value: &str) -> Result<Option<String>, LinkError> {
        ask(&self.server, &Call::Insert(self.id, key.to_owned(), value.to_owned()))
    }

    pub fn get(&mut self, key: &str) -> Result<Option<String>, LinkError> {
        ask(&self.server, &Call::Look(self.id, key.to_owned()))
    }

    pub fn remove(&mut self, key: &str) -> Result<Option<String>, LinkError> {
        ask(&self.server, &Call::Remove(self.id, key.to_owned()))
    }

    pub fn keys(&mut self) -> Result<Vec<String>, LinkError> {
        ask(&self.server, &Call::Keys(self.id))
    }
}

/// A queue in the server.
#[derive(Debug)]
pub struct QueueProxy {
    server: Server,
    id: u64,
}

impl QueueProxy {
    pub fn put(&mut self, value: &str) -> Result<(), LinkError> {
        ask(&self.server, &Call::Put(self.id, value.to_owned()))
    }

    pub fn get(&mut self) -> Result<String, LinkError> {
        self.take(None)
    }

    pub fn get_timeout(&mut self, limit: Duration) -> Result<String, LinkError> {
        self.take(Instant::now().checked_add(limit))
    }

    fn take(&self, deadline: Option<Instant>) -> Result<String, LinkError> {
        loop {
            if let Some(value) = self.try_take(deadline)? {
                return Ok(value);
            }
        }
    }

    fn try_take(&self, deadline: Option<Instant>) -> Result<Option<String>, LinkError> {
        let (from, word) = loop {
            let (answer, from) = ipc::channel().map_err(|error| os(&error))?;
            let (word, words) = ipc::channel().map_err(|error| os(&error))?;
            let question = Question { call: Bytes::of(&Call::Take(self.id))?, answer, words: Some(words) };
            match self.server.send(question) {
                Ok(()) => break (from, word),
                Err(error) if interrupted(&error) => {}
                Err(error) => return Err(link(error)),
            }
        };
        // The server answers this at once.
        let value: Option<String> = match wait(&from, None)? {
            Some(answer) => answer.decode()?,
            None => None,
        };
        if let Some(value) = value {
            let _ = say(&word, || Word::Took);
            return Ok(Some(value));
        }
        // And this when a value has come, which others may take first.
        match wait(&from, deadline)? {
            Some(_) => Ok(None),
            None => Err(LinkError::TimedOut),
        }
    }
}

fn say(to: &IpcSender<Word>, word: impl Fn() -> Word) -> Result<(), LinkError> {
    loop {
        match to.send(word()) {
            Err(error) if interrupted(&error) => {}
            result => return result.map_err(link),
        }
    }
}

/// Who has asked for a value.
struct Asker {
    queue: u64,
    to: IpcSender<Bytes>,
    given: Option<(u64, String)>,
}

#[derive(Default)]
struct Store {
    next: u64,
    lists: BTreeMap<u64, Vec<String>>,
    dicts: BTreeMap<u64, BTreeMap<String, String>>,
    /// The values of each queue by a number that grows, so that one that comes back finds its place.
    queues: BTreeMap<u64, BTreeMap<u64, String>>,
    askers: BTreeMap<u64, Asker>,
}

fn reply(to: &IpcSender<Bytes>, value: &impl Serialize) -> bool {
    loop {
        let Ok(bytes) = Bytes::of(value) else { return false };
        match to.send(bytes) {
            Err(error) if interrupted(&error) => {}
            result => return result.is_ok(),
        }
    }
}

impl Store {
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn answer(&mut self, call: Call, to: &IpcSender<Bytes>) {
        let at = |index: u64| usize::try_from(index).unwrap_or(usize::MAX);
        match call {
            Call::NewList => {
                let id = self.number();
                self.lists.insert(id, Vec::new());
                reply(to, &id);
            }
            Call::NewDict => {
                let id = self.number();
                self.dicts.insert(id, BTreeMap::new());
                reply(to, &id);
            }
            Call::NewQueue => {
                let id = self.number();
                self.queues.insert(id, BTreeMap::new());
                reply(to, &id);
            }
            Call::Push(id, value) => {
                self.lists.entry(id).or_default().push(value);
                reply(to, &());
            }
            Call::Item(id, index) => {
                reply(to, &self.lists.entry(id).or_default().get(at(index)));
            }
            Call::Replace(id, index, value) => {
                let place = self.lists.entry(id).or_default().get_mut(at(index));
                reply(to, &place.map(|place| *place = value).is_some());
            }
            Call::Count(id) => {
                reply(to, &self.lists.entry(id).or_default().len());
            }
            Call::All(id) => {
                reply(to, self.lists.entry(id).or_default());
            }
            Call::Insert(id, key, value) => {
                reply(to, &self.dicts.entry(id).or_default().insert(key, value));
            }
            Call::Look(id, key) => {
                reply(to, &self.dicts.entry(id).or_default().get(&key));
            }
            Call::Remove(id, key) => {
                reply(to, &self.dicts.entry(id).or_default().remove(&key));
            }
            Call::Keys(id) => {
                reply(to, &self.dicts.entry(id).or_default().keys().collect::<Vec<_>>());
            }
            Call::Put(id, value) => {
                let number = self.number();
                self.queues.entry(id).or_default().insert(number, value);
                self.poke(id);
                reply(to, &());
            }
            Call::Take(_) => {}
        }
    }

    /// A value has come: whoever waits for one may ask again.
    fn poke(&mut self, queue: u64) {
        self.askers.retain(|_, asker| {
            let waits = asker.queue == queue && asker.given.is_none();
            if waits {
                reply(&asker.to, &());
            }
            !waits
        });
    }

    fn take(&mut self, id: u64, queue: u64, to: IpcSender<Bytes>) {
        let values = self.queues.entry(queue).or_default();
        let given = values.pop_first();
        if reply(&to, &given.as_ref().map(|(_, value)| value)) {
            self.askers.insert(id, Asker { queue, to, given });
        } else if let Some((number, value)) = given {
            values.insert(number, value);
        }
    }

    fn gone(&mut self, id: u64) {
        if let Some(Asker { queue, given: Some((number, value)), .. }) = self.askers.remove(&id) {
            self.queues.entry(queue).or_default().insert(number, value);
            self.poke(queue);
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
                IpcSelectionResult::MessageReceived(id, message) if id == questions => {
                    let Ok(Question { call, answer, words }) = message.to::<Question>() else { continue };
                    match (call.decode(), words) {
                        (Ok(Call::Take(queue)), Some(words)) => {
                            if let Ok(id) = set.add(words) {
                                store.take(id, queue, answer);
                            }
                        }
                        (Ok(call), _) => store.answer(call, &answer),
                        (Err(_), _) => {}
                    }
                }
                IpcSelectionResult::MessageReceived(id, message) => {
                    if message.to::<Word>().is_ok() {
                        store.askers.remove(&id);
                    }
                }
            }
        }
    }
}
