//! Variant: no channels. The server listens under a name of its own and polls all its clients, which speak in
//! frames. A client keeps a value of a queue only when it says that it has it; what it does not read yet waits with the server.

use crate::link_error::LinkError;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{MsgFlags, send};
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, getpid};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::{AsFd, AsRawFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime};
use toolkit::codec;
use toolkit::frame::{FrameError, FrameReader, write_frame};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Kind {
    List,
    Dict,
    Queue,
}

#[derive(Debug, Serialize, Deserialize)]
enum Call {
    New(Kind),
    Push(String),
    At(usize),
    Set(usize, String),
    Count,
    All,
    Insert(String, String),
    Under(String),
    Remove(String),
    Keys,
    Put(String),
    /// Within so many nanoseconds, or however long it takes.
    Take(Option<u64>),
    GiveUp,
    Taken,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Answer {
    number: usize,
    texts: Vec<String>,
}

#[derive(Debug)]
struct Link {
    name: SocketAddr,
    _alive: PipeWriter,
    own: RefCell<Option<(Pid, FrameReader<UnixStream>)>>,
}

impl Link {
    fn say(&self, object: usize, call: &Call) -> Result<(), LinkError> {
        let mut own = self.own.borrow_mut();
        if own.as_ref().is_none_or(|(pid, _)| *pid != getpid()) {
            let stream = UnixStream::connect_addr(&self.name).map_err(os)?;
            *own = Some((getpid(), FrameReader::new(stream)));
        }
        let (_, connection) = own.as_ref().ok_or(LinkError::Disconnected)?;
        let bytes = codec::encode(&(object, call)).map_err(|error| LinkError::Undecodable(error.message))?;
        write_frame(connection.get_ref(), &bytes).map_err(frame_error)
    }

    fn hear(&self, limit: Duration) -> Result<Answer, LinkError> {
        let mut own = self.own.borrow_mut();
        let (_, connection) = own.as_mut().ok_or(LinkError::Disconnected)?;
        let bytes =
            connection.read_frame_timeout(limit).map_err(frame_error)?.ok_or(LinkError::Disconnected)?;
        codec::decode(&bytes).map_err(|error| LinkError::Undecodable(error.message))
    }

    fn call(&self, object: usize, call: &Call) -> Result<Answer, LinkError> {
        self.say(object, call)?;
        self.hear(Duration::MAX)
    }
}

/// As asked for.
#[derive(Debug)]
pub struct Manager {
    link: Rc<Link>,
    server: Pid,
    maker: Pid,
}

impl Manager {
    /// As asked for.
    pub fn new() -> Result<Self, LinkError> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
        let name = format!("manager {} {now} {}", getpid(), COUNT.fetch_add(1, Ordering::Relaxed));
        let name = SocketAddr::from_abstract_name(name).map_err(os)?;
        let listener = UnixListener::bind_addr(&name).map_err(os)?;
        let (all, alive) = io::pipe().map_err(os)?;
        let mut alive = Some(alive);
        let mut ends = Some((listener, all));
        let server = toolkit::fork(|| {
            drop(alive.take());
            if let Some((listener, all)) = ends.take() {
                serve(listener, all);
            }
            0
        });
        let server = server.map_err(|_| LinkError::Os(Errno::EAGAIN))?;
        let alive = alive.ok_or(LinkError::Disconnected)?;
        let link = Rc::new(Link { name, _alive: alive, own: RefCell::new(None) });
        Ok(Manager { link, server, maker: getpid() })
    }

    fn object(&self, kind: Kind) -> Result<(Rc<Link>, usize), LinkError> {
        let answer = self.link.call(0, &Call::New(kind))?;
        Ok((Rc::clone(&self.link), answer.number))
    }

    /// As asked for.
    pub fn list(&mut self) -> Result<ListProxy, LinkError> {
        self.object(Kind::List).map(|(link, object)| ListProxy { link, object })
    }

    /// As asked for.
    pub fn dict(&mut self) -> Result<DictProxy, LinkError> {
        self.object(Kind::Dict).map(|(link, object)| DictProxy { link, object })
    }

    /// As asked for.
    pub fn queue(&mut self) -> Result<QueueProxy, LinkError> {
        self.object(Kind::Queue).map(|(link, object)| QueueProxy { link, object })
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        if getpid() == self.maker {
            let _ = kill(self.server, Signal::SIGKILL);
            while waitpid(self.server, None) == Err(Errno::EINTR) {}
        }
    }
}

/// As asked for.
#[derive(Debug)]
pub struct ListProxy {
    link: Rc<Link>,
    object: usize,
}

impl ListProxy {
    /// As asked for.
    pub fn push(&mut self, value: &str) -> Result<(), LinkError> {
        self.link.call(self.object, &Call::Push(value.into())).map(drop)
    }

    /// As asked for.
    pub fn get(&mut self, index: usize) -> Result<Option<String>, LinkError> {
        Ok(self.link.call(self.object, &Call::At(index))?.texts.pop())
    }

    /// As asked for.
    pub fn set(&mut self, index: usize, value: &str) -> Result<bool, LinkError> {
        Ok(self.link.call(self.object, &Call::Set(index, value.into()))?.number == 1)
    }

    /// As asked for.
    pub fn count(&mut self) -> Result<usize, LinkError> {
        Ok(self.link.call(self.object, &Call::Count)?.number)
    }

    /// As asked for.
    pub fn to_vec(&mut self) -> Result<Vec<String>, LinkError> {
        Ok(self.link.call(self.object, &Call::All)?.texts)
    }
}

/// As asked for.
#[derive(Debug)]
pub struct DictProxy {
    link: Rc<Link>,
    object: usize,
}

impl DictProxy {
    /// As asked for.
    pub fn insert(&mut self, key: &str, value: &str) -> Result<Option<String>, LinkError> {
        Ok(self.link.call(self.object, &Call::Insert(key.into(), value.into()))?.texts.pop())
    }

    /// As asked for.
    pub fn get(&mut self, key: &str) -> Result<Option<String>, LinkError> {
        Ok(self.link.call(self.object, &Call::Under(key.into()))?.texts.pop())
    }

    /// As asked for.
    pub fn remove(&mut self, key: &str) -> Result<Option<String>, LinkError> {
        Ok(self.link.call(self.object, &Call::Remove(key.into()))?.texts.pop())
    }

    /// As asked for.
    pub fn keys(&mut self) -> Result<Vec<String>, LinkError> {
        Ok(self.link.call(self.object, &Call::Keys)?.texts)
    }
}

/// As asked for.
#[derive(Debug)]
pub struct QueueProxy {
    link: Rc<Link>,
    object: usize,
}

impl QueueProxy {
    /// As asked for.
    pub fn put(&mut self, value: &str) -> Result<(), LinkError> {
        self.link.call(self.object, &Call::Put(value.into())).map(drop)
    }

    /// As asked for.
    pub fn get(&mut self) -> Result<String, LinkError> {
        self.get_timeout(Duration::MAX)
    }

    /// As asked for.
    pub fn get_timeout(&mut self, limit: Duration) -> Result<String, LinkError> {
        // A child may have the connection, too, and keep it open if this process is killed.
        self.link.own.take();
        let until = Instant::now().checked_add(limit);
        self.link.say(self.object, &Call::Take(None))?;
        let left = until.map_or(Duration::MAX, |until| until.saturating_duration_since(Instant::now()));
        let mut answer = self.link.hear(left);
        if answer.as_ref().is_err_and(|error| *error == LinkError::TimedOut) {
            self.link.say(self.object, &Call::GiveUp)?;
            answer = self.link.hear(Duration::MAX);
        }
        let value = answer?.texts.pop().ok_or(LinkError::TimedOut)?;
        let _ = self.link.say(self.object, &Call::Taken);
        Ok(value)
    }
}

#[derive(Debug, Default)]
struct Object {
    list: Vec<String>,
    dict: BTreeMap<String, String>,
    queue: BTreeMap<u64, String>,
    puts: u64,
}

/// Everything but the taking of values.
fn play(objects: &mut Vec<Object>, object: usize, call: Call) -> Answer {
    let number = |number| Answer { number, texts: vec![] };
    let text = |text: Option<String>| Answer { number: 0, texts: text.into_iter().collect() };
    if let Call::New(_) = call {
        objects.push(Object::default());
        return number(objects.len() - 1);
    }
    let Some(Object { list, dict, queue, puts }) = objects.get_mut(object) else { return number(0) };
    match call {
        Call::Push(value) => list.push(value),
        Call::Put(value) => {
            *puts += 1;
            queue.insert(*puts, value);
        }
        Call::At(index) => return text(list.get(index).cloned()),
        Call::Set(index, value) => {
            let place = list.get_mut(index);
            return number(place.map(|place| *place = value).is_some().into());
        }
        Call::Count => return number(list.len()),
        Call::All => return Answer { number: 0, texts: list.clone() },
        Call::Insert(key, value) => return text(dict.insert(key, value)),
        Call::Under(key) => return text(dict.get(&key).cloned()),
        Call::Remove(key) => return text(dict.remove(&key)),
        Call::Keys => return Answer { number: 0, texts: dict.keys().cloned().collect() },
        Call::New(_) | Call::Take(_) | Call::GiveUp | Call::Taken => {}
    }
    number(0)
}

struct Guest {
    connection: FrameReader<UnixStream>,
    /// Not sent yet.
    out: Vec<u8>,
    /// For which queue it waits.
    waits: Option<usize>,
    /// Of which queue it has not yet taken what.
    given: Option<(usize, u64, String)>,
}

impl Guest {
    fn answer(&mut self, answer: &Answer) -> bool {
        let Ok(body) = codec::encode(answer) else { return false };
        self.out.extend((body.len() as u32).to_le_bytes());
        self.out.extend(body);
        self.send()
    }

    /// Sends what there is room for; `false` when nobody is there.
    fn send(&mut self) -> bool {
        while !self.out.is_empty() {
            let socket = self.connection.get_ref().as_raw_fd();
            match send(socket, &self.out, MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL) {
                Ok(sent) => drop(self.out.drain(..sent)),
                Err(Errno::EAGAIN) => return true,
                Err(Errno::EINTR) => {}
                Err(_) => return false,
            }
        }
        true
    }
}

/// Whoever has gone gives back what it has not taken.
fn remove(guests: &mut VecDeque<Guest>, place: usize, objects: &mut [Object]) {
    if let Some((object, number, value)) = guests.remove(place).and_then(|guest| guest.given) {
        objects[object].queue.insert(number, value);
    }
}

fn serve(listener: UnixListener, all: PipeReader) {
    let (mut objects, mut guests) = (Vec::new(), VecDeque::<Guest>::new());
    loop {
        let mut fds = vec![
            PollFd::new(all.as_fd(), PollFlags::POLLIN),
            PollFd::new(listener.as_fd(), PollFlags::POLLIN),
        ];
        fds.extend(guests.iter().map(|guest| {
            let room = if guest.out.is_empty() { PollFlags::empty() } else { PollFlags::POLLOUT };
            PollFd::new(guest.connection.get_ref().as_fd(), PollFlags::POLLIN | room)
        }));
        if poll(&mut fds, PollTimeout::NONE).is_err() {
            continue;
        }
        let ready: Vec<bool> = fds.iter().map(|fd| fd.any().unwrap_or_default()).collect();
        if ready[0] && !ready[2..].contains(&true) {
            return;
        }
        for place in (0..guests.len()).rev().filter(|place| ready[place + 2]) {
            let guest = &mut guests[place];
            if !guest.send() || !hear(guest, &mut objects) {
                remove(&mut guests, place, &mut objects);
            }
        }
        if ready[1]
            && let Ok((stream, _)) = listener.accept()
        {
            let connection = FrameReader::new(stream);
            guests.push_back(Guest { connection, out: Vec::new(), waits: None, given: None });
        }
        while hand_out(&mut guests, &mut objects) {}
    }
}

/// Gives one value to one who waits; `false` if there is none, or nobody.
fn hand_out(guests: &mut VecDeque<Guest>, objects: &mut [Object]) -> bool {
    let has_some = |object: usize| objects.get(object).is_some_and(|object| !object.queue.is_empty());
    let Some(place) = guests.iter().position(|guest| guest.waits.is_some_and(has_some)) else { return false };
    let guest = &mut guests[place];
    if let Some(object) = guest.waits.take()
        && let Some((number, value)) = objects[object].queue.pop_first()
    {
        let is_there = guest.answer(&Answer { number: 0, texts: vec![value.clone()] });
        guest.given = Some((object, number, value));
        if !is_there {
            remove(guests, place, objects);
        }
    }
    true
}

/// Hears what somebody says; `false` when that was the end.
fn hear(guest: &mut Guest, objects: &mut Vec<Object>) -> bool {
    let said = match guest.connection.read_frame_timeout(Duration::ZERO) {
        Err(FrameError::TimedOut) => return true,
        Ok(Some(said)) => codec::decode::<(usize, Call)>(&said),
        _ => return false,
    };
    let said = match said {
        Ok((object, Call::Take(_))) => {
            guest.waits = Some(object);
            return true;
        }
        Ok((_, Call::Taken)) => {
            guest.given = None;
            return true;
        }
        // Whoever does not wait any more has a value on its way.
        Ok((_, Call::GiveUp)) if guest.waits.take().is_none() => return true,
        Ok((object, call)) => play(objects, object, call),
        Err(_) => return false,
    };
    guest.answer(&said)
}

fn os(error: io::Error) -> LinkError {
    match Errno::from_raw(error.raw_os_error().unwrap_or(0)) {
        Errno::EPIPE | Errno::ECONNRESET | Errno::ECONNREFUSED => LinkError::Disconnected,
        error => LinkError::Os(error),
    }
}

fn frame_error(error: FrameError) -> LinkError {
    match error {
        FrameError::TimedOut => LinkError::TimedOut,
        FrameError::Truncated | FrameError::Os(Errno::EPIPE | Errno::ECONNRESET) => LinkError::Disconnected,
        FrameError::Os(error) => LinkError::Os(error),
        error => LinkError::Undecodable(error.to_string()),
    }
}
