//! Variant: no channels. The server has a thread for each client, one lock for everything, and waits itself for as long as it is
//! told, and then for the word that a value was taken.

use crate::link_error::LinkError;
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, getpid};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, PipeReader, PipeWriter, Read};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime};
use toolkit::codec;
use toolkit::frame::{FrameError, FrameReader, read_frame, write_frame};

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
        // The server waits, and so it knows best whether a value came in time.
        let limit_ns = u64::try_from(limit.as_nanos()).ok();
        let answer = self.link.call(self.object, &Call::Take(limit_ns));
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

fn answer(to: &UnixStream, answer: &Answer) -> bool {
    codec::encode(answer).is_ok_and(|bytes| write_frame(to, &bytes).is_ok())
}

/// The objects, and whoever waits for a value.
type Shared = Arc<(Mutex<Vec<Object>>, Condvar)>;

fn serve(listener: UnixListener, mut all: PipeReader) {
    let shared = Shared::default();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let shared = Arc::clone(&shared);
            thread::spawn(move || talk(&stream, &shared));
        }
    });
    // The process ends, and all its threads with it, when nobody is left who could call.
    let _ = all.read(&mut [0]);
}

/// Serves one client until it goes.
fn talk(stream: &UnixStream, shared: &Shared) {
    while let Ok(Some(bytes)) = read_frame(stream) {
        let Ok((object, call)) = codec::decode::<(usize, Call)>(&bytes) else { return };
        let (objects, changed) = &**shared;
        let value = match call {
            Call::Take(limit_ns) => take(shared, object, limit_ns),
            call => {
                let said = play(&mut objects.lock().expect("nobody panics"), object, call);
                changed.notify_all();
                if !answer(stream, &said) {
                    return;
                }
                continue;
            }
        };
        let Some((number, value)) = value else {
            if !answer(stream, &Answer::default()) {
                return;
            }
            continue;
        };
        let said = Answer { number: 0, texts: vec![value.clone()] };
        if !answer(stream, &said) || !matches!(read_frame(stream), Ok(Some(_))) {
            // Nobody has taken it: it goes back to its place.
            objects.lock().expect("nobody panics")[object].queue.insert(number, value);
            changed.notify_all();
            return;
        }
    }
}

/// Waits for a value.
fn take(shared: &Shared, object: usize, limit_ns: Option<u64>) -> Option<(u64, String)> {
    let (objects, changed) = &**shared;
    let until = limit_ns.and_then(|limit| Instant::now().checked_add(Duration::from_nanos(limit)));
    let mut objects = objects.lock().expect("nobody panics");
    loop {
        if let Some(value) = objects.get_mut(object).and_then(|object| object.queue.pop_first()) {
            return Some(value);
        }
        objects = match until.map(|until| until.checked_duration_since(Instant::now())) {
            None => changed.wait(objects).expect("nobody panics"),
            Some(None) => return None,
            Some(Some(left)) => changed.wait_timeout(objects, left).expect("nobody panics").0,
        };
    }
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
