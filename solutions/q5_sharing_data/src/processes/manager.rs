//! A server process that holds lists, dictionaries and queues, and proxies through which others use them (`multiprocessing.Manager`).
//!
//! The server takes one request after the other, so each is one step. Every process makes two channels at its first call, one for its
//! requests and one for their answers: those that were there before a fork are its parent's. Each request is one packet: what is
//! long goes as shared memory. `ipc-channel` would send it in several, and a client that dies between two of them looks as if all
//! had gone, or even makes the receiver panic over a channel that came along. A queue's `get` that cannot be answered yet is put
//! aside, or nobody else would be served.
//!
//! A `get` brings two channels more, one for the value and one on which it says that it has taken it, or gives up. The server keeps what
//! it has sent until then: it may lie unread in the channel of a process that is killed. The end of the other channel tells that, and the
//! value is back in its place. These cannot be the process's own: a child that it has forked may have those, too, and hide that end.

use crate::link_error::LinkError;
use ipc_channel::ipc::{self, IpcReceiver, IpcReceiverSet, IpcSelectionResult, IpcSender, IpcSharedMemory};
use ipc_channel::{IpcError, TryRecvError, TrySelectError};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::hint::black_box;
use std::io::{self, ErrorKind};
use std::process;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};
use toolkit::{ForkError, codec};

#[derive(Debug, Serialize, Deserialize)]
enum Call {
    NewList,
    NewDict,
    NewQueue,
    Push(String),
    At(usize),
    Set(usize, String),
    Len,
    All,
    Insert(String, String),
    Under(String),
    Remove(String),
    Keys,
    Put(String),
    Take,
}

#[derive(Debug, Serialize, Deserialize)]
enum Answer {
    Done,
    Count(usize),
    Flag(bool),
    Text(Option<String>),
    Texts(Vec<String>),
}

/// What whoever takes from a queue says afterwards.
#[derive(Debug, Serialize, Deserialize)]
enum Word {
    Taken,
    GiveUp,
}

/// A call or an answer as bytes.
#[derive(Debug, Serialize, Deserialize)]
enum Packet {
    Short(Vec<u8>),
    Long(IpcSharedMemory),
}

/// The longest call that fits into a packet for sure.
const SHORT: usize = 20_000;

/// How often both sides look for what must come soon before they sleep. To be woken takes longer than a whole call.
const LOOKS: u32 = 50;

impl Packet {
    fn new(what: &impl Serialize) -> Result<Self, LinkError> {
        let bytes = codec::encode(what).map_err(|error| LinkError::Undecodable(error.message))?;
        Ok(match bytes.len() {
            0..=SHORT => Self::Short(bytes),
            _ => Self::Long(IpcSharedMemory::from_bytes(&bytes)),
        })
    }

    fn open<T: DeserializeOwned>(&self) -> Result<T, LinkError> {
        let bytes = match self {
            Self::Short(bytes) => bytes.as_slice(),
            Self::Long(memory) => memory,
        };
        codec::decode(bytes).map_err(|error| LinkError::Undecodable(error.message))
    }
}

/// What a process says first: where its requests come from, and where their answers go.
type Hello = (IpcReceiver<Request>, IpcSender<Packet>);

/// Which object, what, and for [`Call::Take`] where the value goes, and where more is said.
type Request = (usize, Packet, Option<(IpcSender<Packet>, IpcReceiver<Word>)>);

/// The channels of one process.
#[derive(Debug)]
struct Own {
    process: u32,
    requests: IpcSender<Request>,
    answers: IpcReceiver<Packet>,
}

/// What manager and proxies have in common.
#[derive(Debug)]
struct Link {
    door: IpcSender<Hello>,
    own: RefCell<Option<Own>>,
}

impl Link {
    /// Takes out the channels of this process, or makes them.
    fn own(&self) -> Result<Own, LinkError> {
        if let Some(own) = self.own.take().filter(|own| own.process == process::id()) {
            return Ok(own);
        }
        let (requests, received) = ipc::channel().map_err(os)?;
        let (to_me, answers) = ipc::channel().map_err(os)?;
        self.door.send((received, to_me)).map_err(link_error)?;
        Ok(Own { process: process::id(), requests, answers })
    }

    fn call(&self, object: usize, call: &Call) -> Result<Answer, LinkError> {
        let own = self.own()?;
        own.requests.send((object, Packet::new(call)?, None)).map_err(link_error)?;
        let answer = soon(&own.answers)?.open();
        // Not before: after an error its answer may still come, and would be taken for the next one's.
        self.own.replace(Some(own));
        answer
    }

    /// Asks for a value of a queue, which then comes over the first channel.
    fn take(&self, object: usize) -> Result<(IpcReceiver<Packet>, IpcSender<Word>), LinkError> {
        let own = self.own()?;
        let (to_me, answers) = ipc::channel().map_err(os)?;
        let (to_server, words) = ipc::channel().map_err(os)?;
        let packet = Packet::new(&Call::Take)?;
        own.requests.send((object, packet, Some((to_me, words)))).map_err(link_error)?;
        self.own.replace(Some(own));
        Ok((answers, to_server))
    }

    fn text(&self, object: usize, call: &Call) -> Result<Option<String>, LinkError> {
        match self.call(object, call)? {
            Answer::Text(text) => Ok(text),
            other => Err(unfit(&other)),
        }
    }

    fn texts(&self, object: usize, call: &Call) -> Result<Vec<String>, LinkError> {
        match self.call(object, call)? {
            Answer::Texts(texts) => Ok(texts),
            other => Err(unfit(&other)),
        }
    }

    fn number(&self, object: usize, call: &Call) -> Result<usize, LinkError> {
        match self.call(object, call)? {
            Answer::Count(count) => Ok(count),
            other => Err(unfit(&other)),
        }
    }
}

/// The server of some objects.
#[derive(Debug)]
pub struct Manager {
    link: Rc<Link>,
    server: Pid,
    maker: u32,
}

impl Manager {
    /// Starts a server without objects.
    ///
    /// # Errors
    ///
    /// If the system refuses; nothing is left then.
    pub fn new() -> Result<Self, LinkError> {
        let (door, received) = ipc::channel().map_err(os)?;
        let channels = IpcReceiverSet::new().map_err(os)?;
        let mut ours = Some(Link { door, own: RefCell::default() });
        let server = toolkit::fork(|| {
            drop(ours.take()); // or the server would keep itself alive
            i32::from(Server::default().serve(channels, received).is_err())
        });
        let server = server.map_err(|error| match error {
            ForkError::Os(error) => LinkError::Os(error),
            _ => LinkError::Os(Errno::EBUSY),
        })?;
        let link = Rc::new(ours.expect("only the child has taken it"));
        Ok(Self { link, server, maker: process::id() })
    }

    /// Makes an empty list in the server.
    ///
    /// # Errors
    ///
    /// If there is no server any more, or the system refuses.
    pub fn list(&mut self) -> Result<ListProxy, LinkError> {
        Ok(ListProxy { object: self.link.number(0, &Call::NewList)?, link: Rc::clone(&self.link) })
    }

    /// Makes an empty dictionary in the server.
    ///
    /// # Errors
    ///
    /// As with [`Manager::list`].
    pub fn dict(&mut self) -> Result<DictProxy, LinkError> {
        Ok(DictProxy { object: self.link.number(0, &Call::NewDict)?, link: Rc::clone(&self.link) })
    }

    /// Makes an empty queue in the server.
    ///
    /// # Errors
    ///
    /// As with [`Manager::list`].
    pub fn queue(&mut self) -> Result<QueueProxy, LinkError> {
        Ok(QueueProxy { object: self.link.number(0, &Call::NewQueue)?, link: Rc::clone(&self.link) })
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        // A fork copies the manager, but the server is a child of its maker alone.
        if process::id() == self.maker && kill(self.server, Signal::SIGKILL).is_ok() {
            while waitpid(self.server, None) == Err(Errno::EINTR) {}
        }
    }
}

/// A list in the server. The errors of its methods are those of [`Manager::list`].
#[derive(Debug)]
pub struct ListProxy {
    link: Rc<Link>,
    object: usize,
}

#[expect(clippy::missing_errors_doc, reason = "the type says it for all")]
impl ListProxy {
    /// Adds a value at the end.
    pub fn push(&mut self, value: &str) -> Result<(), LinkError> {
        // Done is done: the answer is waited for.
        self.link.call(self.object, &Call::Push(value.to_owned())).map(drop)
    }

    /// The value at `index`.
    pub fn get(&mut self, index: usize) -> Result<Option<String>, LinkError> {
        self.link.text(self.object, &Call::At(index))
    }

    /// Replaces the value at `index`.
    pub fn set(&mut self, index: usize, value: &str) -> Result<bool, LinkError> {
        match self.link.call(self.object, &Call::Set(index, value.to_owned()))? {
            Answer::Flag(is_there) => Ok(is_there),
            other => Err(unfit(&other)),
        }
    }

    /// How many values there are.
    pub fn count(&mut self) -> Result<usize, LinkError> {
        self.link.number(self.object, &Call::Len)
    }

    /// All values as they are at one moment.
    pub fn to_vec(&mut self) -> Result<Vec<String>, LinkError> {
        self.link.texts(self.object, &Call::All)
    }
}

/// A dictionary in the server. The errors of its methods are those of [`Manager::list`].
#[derive(Debug)]
pub struct DictProxy {
    link: Rc<Link>,
    object: usize,
}

#[expect(clippy::missing_errors_doc, reason = "the type says it for all")]
impl DictProxy {
    /// Puts a value under a key, and gives the one before.
    pub fn insert(&mut self, key: &str, value: &str) -> Result<Option<String>, LinkError> {
        self.link.text(self.object, &Call::Insert(key.to_owned(), value.to_owned()))
    }

    /// The value under a key.
    pub fn get(&mut self, key: &str) -> Result<Option<String>, LinkError> {
        self.link.text(self.object, &Call::Under(key.to_owned()))
    }

    /// Takes away a key, and gives its value.
    pub fn remove(&mut self, key: &str) -> Result<Option<String>, LinkError> {
        self.link.text(self.object, &Call::Remove(key.to_owned()))
    }

    /// All keys in ascending order.
    pub fn keys(&mut self) -> Result<Vec<String>, LinkError> {
        self.link.texts(self.object, &Call::Keys)
    }
}

/// A queue in the server. The errors of its methods are those of [`Manager::list`].
#[derive(Debug)]
pub struct QueueProxy {
    link: Rc<Link>,
    object: usize,
}

#[expect(clippy::missing_errors_doc, reason = "the type says it for all")]
impl QueueProxy {
    /// Puts a value in.
    pub fn put(&mut self, value: &str) -> Result<(), LinkError> {
        self.link.call(self.object, &Call::Put(value.to_owned())).map(drop)
    }

    /// Takes the next value; waits as long as there is none.
    pub fn get(&mut self) -> Result<String, LinkError> {
        self.get_timeout(Duration::MAX)
    }

    /// Takes the next value; gives up after `limit`.
    /// An error besides those of the others: the time is up.
    pub fn get_timeout(&mut self, limit: Duration) -> Result<String, LinkError> {
        let until = Instant::now().checked_add(limit);
        let (answers, to_server) = self.link.take(self.object)?;
        let answer = match wait(&answers, until)? {
            Some(answer) => answer,
            None => {
                // A value may be on its way already; the server answers in any case.
                to_server.send(Word::GiveUp).map_err(link_error)?;
                answers.recv().map_err(link_error)?
            }
        };
        match answer.open()? {
            Answer::Text(None) => Err(LinkError::TimedOut),
            Answer::Text(Some(value)) => {
                // Without a server nobody else can get it.
                let _ = to_server.send(Word::Taken);
                Ok(value)
            }
            other => Err(unfit(&other)),
        }
    }
}

/// Waits for an answer that the server need not wait for.
fn soon(answers: &IpcReceiver<Packet>) -> Result<Packet, LinkError> {
    for _ in 0..LOOKS {
        match answers.try_recv() {
            Err(TryRecvError::Empty) => thread::yield_now(),
            Err(TryRecvError::IpcError(error)) => return Err(link_error(error)),
            Ok(answer) => return Ok(answer),
        }
    }
    answers.recv().map_err(link_error)
}

/// Waits for an answer; `None` when the time is up.
fn wait(answers: &IpcReceiver<Packet>, until: Option<Instant>) -> Result<Option<Packet>, LinkError> {
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

enum Object {
    List(Vec<String>),
    Dict(BTreeMap<String, String>),
    /// By their numbers: one that comes back is in front of those that were put later.
    Queue(VecDeque<(u64, String)>),
}

/// Somebody who waits for a queue, or who was sent a value and has not yet said that it has taken it.
struct Asker {
    /// The number of the channel on which it speaks.
    id: u64,
    object: usize,
    to: IpcSender<Packet>,
    sent: Option<(u64, String)>,
}

#[derive(Default)]
struct Server {
    objects: Vec<Object>,
    puts: u64,
    /// Where answers go, by the numbers of the channels over which requests come.
    clients: Vec<(u64, IpcSender<Packet>)>,
    /// The first is who has waited longest.
    askers: Vec<Asker>,
}

impl Server {
    /// Serves until the last manager and the last proxy are gone.
    fn serve(&mut self, mut channels: IpcReceiverSet, received: IpcReceiver<Hello>) -> io::Result<()> {
        let door = channels.add(received)?;
        keep_what_is_freed();
        loop {
            for event in next(&mut channels)? {
                match event {
                    IpcSelectionResult::ChannelClosed(id) if id == door => return Ok(()),
                    IpcSelectionResult::ChannelClosed(id) => self.take_back(id),
                    // Whoever cannot be served, or says what cannot be read, is told by the end of its channels.
                    IpcSelectionResult::MessageReceived(id, message) if id == door => {
                        if let Ok((requests, to)) = message.to::<Hello>()
                            && let Ok(id) = channels.add(requests)
                        {
                            self.clients.push((id, to));
                        }
                    }
                    IpcSelectionResult::MessageReceived(id, message) if self.client(id).is_some() => {
                        match message.to::<Request>() {
                            Ok((object, _, Some((to, words)))) => {
                                if let Ok(id) = channels.add(words) {
                                    self.askers.push(Asker { id, object, to, sent: None });
                                }
                            }
                            Ok((object, call, None)) => self.answer(id, object, &call),
                            Err(_) => self.take_back(id),
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

    fn answer(&mut self, client: u64, object: usize, call: &Packet) {
        let answer = call.open().map(|call| self.play(object, call));
        let is_heard = self.client(client).zip(answer.ok()).is_some_and(|(to, said)| send(to, &said));
        if !is_heard {
            self.take_back(client);
        }
    }

    fn client(&self, id: u64) -> Option<&IpcSender<Packet>> {
        self.clients.iter().find(|(client, _)| *client == id).map(|(_, to)| to)
    }

    fn remove(&mut self, id: u64) -> Option<Asker> {
        let place = self.askers.iter().position(|asker| asker.id == id)?;
        Some(self.askers.remove(place))
    }

    /// Who is not there any more has done its call all the same.
    fn play(&mut self, object: usize, call: Call) -> Answer {
        match (self.objects.get_mut(object), call) {
            (_, Call::NewList) => self.add(Object::List(Vec::new())),
            (_, Call::NewDict) => self.add(Object::Dict(BTreeMap::new())),
            (_, Call::NewQueue) => self.add(Object::Queue(VecDeque::new())),
            (Some(Object::List(list)), call) => play_list(list, call),
            (Some(Object::Dict(dict)), call) => play_dict(dict, call),
            (Some(Object::Queue(values)), Call::Put(value)) => {
                self.puts += 1;
                values.push_back((self.puts, value));
                Answer::Done
            }
            _ => Answer::Done,
        }
    }

    fn add(&mut self, new: Object) -> Answer {
        self.objects.push(new);
        Answer::Count(self.objects.len() - 1)
    }

    fn hand_out(&mut self) {
        let mut place = 0;
        while let Some(asker) = self.askers.get_mut(place) {
            if asker.sent.is_none()
                && let Some(Object::Queue(values)) = self.objects.get_mut(asker.object)
                && let Some((number, value)) = values.pop_front()
            {
                if !send(&asker.to, &Answer::Text(Some(value.clone()))) {
                    values.push_front((number, value)); // the next one gets it
                    self.askers.remove(place);
                    continue;
                }
                asker.sent = Some((number, value));
            }
            place += 1;
        }
    }

    /// This client or asker is gone. If it was sent a value and has not said that it has taken it, others get that.
    fn take_back(&mut self, id: u64) {
        self.clients.retain(|(client, _)| *client != id);
        if let Some(Asker { object, sent: Some((number, value)), .. }) = self.remove(id)
            && let Some(Object::Queue(values)) = self.objects.get_mut(object)
        {
            values.insert(values.partition_point(|(other, _)| *other < number), (number, value));
        }
    }

    /// Who was sent a value just then will find it, and takes it.
    fn give_up(&mut self, id: u64) {
        if let Some(asker) = self.askers.iter().find(|asker| asker.id == id && asker.sent.is_none()) {
            send(&asker.to, &Answer::Text(None));
            self.remove(id);
        }
    }
}

/// What comes next: whoever was answered soon asks again.
fn next(channels: &mut IpcReceiverSet) -> io::Result<Vec<IpcSelectionResult>> {
    for _ in 0..LOOKS {
        match channels.try_select() {
            Err(TrySelectError::Empty) => thread::yield_now(),
            Err(TrySelectError::IoError(error)) => return Err(error),
            Ok(events) => return Ok(events),
        }
    }
    channels.select()
}

/// Whether there was somebody to send it to.
fn send(to: &IpcSender<Packet>, answer: &Answer) -> bool {
    Packet::new(answer).is_ok_and(|packet| to.send(packet).is_ok())
}

fn play_list(list: &mut Vec<String>, call: Call) -> Answer {
    match call {
        Call::Push(value) => list.push(value),
        Call::At(index) => return Answer::Text(list.get(index).cloned()),
        Call::Set(index, value) => {
            return Answer::Flag(list.get_mut(index).map(|old| *old = value).is_some());
        }
        Call::Len => return Answer::Count(list.len()),
        _ => return Answer::Texts(list.clone()),
    }
    Answer::Done
}

fn play_dict(dict: &mut BTreeMap<String, String>, call: Call) -> Answer {
    Answer::Text(match call {
        Call::Insert(key, value) => dict.insert(key, value),
        Call::Under(key) => dict.get(&key).cloned(),
        Call::Remove(key) => dict.remove(&key),
        _ => return Answer::Texts(dict.keys().cloned().collect()),
    })
}

fn unfit(answer: &Answer) -> LinkError {
    LinkError::Undecodable(format!("{answer:?} answers another question"))
}

/// `ipc-channel` takes 200 KB for every message that it receives, which the C library would give back to the system each time: two
/// thirds of what a call takes. It keeps at least twice as much as the largest block that it has given back.
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
