//! Variant: no channels. The broker listens under a name of its own, each process connects when it first needs to, and all that is
//! said are frames. A guest keeps what it was given only when it says that it has it; what it does not read yet waits with the broker.

use crate::link_error::LinkError;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{MsgFlags, send};
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, getpid};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, PipeReader, PipeWriter};
use std::marker::PhantomData;
use std::os::fd::{AsFd, AsRawFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime};
use toolkit::codec;
use toolkit::frame::{FrameError, FrameReader, write_frame};

const PUT: u8 = 1;
const GET: u8 = 2;
const GIVE_UP: u8 = 3;
const NOTHING: u8 = 4;
const TAKEN: u8 = 5;

type Connection = FrameReader<UnixStream>;

/// As asked for.
#[derive(Debug)]
pub struct ProcessQueue<T> {
    name: SocketAddr,
    _alive: PipeWriter,
    broker: Pid,
    maker: Pid,
    /// Whose it is, and the connection.
    own: Option<(Pid, Connection)>,
    items: PhantomData<fn(T) -> T>,
}

impl<T: Serialize + DeserializeOwned> ProcessQueue<T> {
    /// As asked for.
    pub fn new() -> Result<Self, LinkError> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
        let name = format!("queue {} {now} {}", getpid(), COUNT.fetch_add(1, Ordering::Relaxed));
        let name = SocketAddr::from_abstract_name(name).map_err(os)?;
        let listener = UnixListener::bind_addr(&name).map_err(os)?;
        let (all, alive) = io::pipe().map_err(os)?;
        let mut alive = Some(alive);
        let broker = toolkit::fork(|| {
            drop(alive.take());
            serve(&listener, &all);
            0
        });
        let broker = broker.map_err(|_| LinkError::Os(Errno::EAGAIN))?;
        let alive = alive.ok_or(LinkError::Disconnected)?;
        Ok(ProcessQueue { name, _alive: alive, broker, maker: getpid(), own: None, items: PhantomData })
    }

    /// The connection of this very process.
    fn connection(&mut self) -> Result<&mut Connection, LinkError> {
        if self.own.as_ref().is_none_or(|(pid, _)| *pid != getpid()) {
            let stream = UnixStream::connect_addr(&self.name).map_err(os)?;
            self.own = Some((getpid(), FrameReader::new(stream)));
        }
        self.own.as_mut().map(|(_, connection)| connection).ok_or(LinkError::Disconnected)
    }

    /// As asked for.
    pub fn put(&mut self, item: &T) -> Result<(), LinkError> {
        let mut bytes = vec![PUT];
        codec::encode_into(item, &mut bytes).map_err(|error| LinkError::Undecodable(error.message))?;
        let connection = self.connection()?;
        write_frame(connection.get_ref(), &bytes).map_err(frame_error)?;
        // The broker has it when it says so.
        connection.read_frame().map_err(frame_error)?.map(drop).ok_or(LinkError::Disconnected)
    }

    /// As asked for.
    pub fn get(&mut self) -> Result<T, LinkError> {
        self.get_timeout(Duration::MAX)
    }

    /// As asked for.
    pub fn get_timeout(&mut self, limit: Duration) -> Result<T, LinkError> {
        // A child may have the connection, too, and keep it open if this process is killed.
        self.own = None;
        let until = Instant::now().checked_add(limit);
        let connection = self.connection()?;
        write_frame(connection.get_ref(), &[GET]).map_err(frame_error)?;
        let left = until.map_or(Duration::MAX, |until| until.saturating_duration_since(Instant::now()));
        let mut answer = connection.read_frame_timeout(left);
        if answer == Err(FrameError::TimedOut) {
            write_frame(connection.get_ref(), &[GIVE_UP]).map_err(frame_error)?;
            answer = connection.read_frame();
        }
        let answer = answer.map_err(frame_error)?.ok_or(LinkError::Disconnected)?;
        match answer.split_first() {
            Some((&PUT, body)) => {
                let _ = write_frame(connection.get_ref(), &[TAKEN]);
                codec::decode(body).map_err(|error| LinkError::Undecodable(error.message))
            }
            _ => Err(LinkError::TimedOut),
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

#[derive(Debug)]
struct Guest {
    connection: Connection,
    /// Not sent yet.
    out: Vec<u8>,
    waits: bool,
    given: Option<(u64, Vec<u8>)>,
}

impl Guest {
    fn say(&mut self, body: &[u8]) -> bool {
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

type Items = BTreeMap<u64, Vec<u8>>;

/// Whoever has gone gives back what it has not taken.
fn remove(guests: &mut VecDeque<Guest>, place: usize, items: &mut Items) {
    items.extend(guests.remove(place).and_then(|guest| guest.given));
}

fn serve(listener: &UnixListener, all: &PipeReader) {
    let (mut items, mut puts) = (Items::new(), 0);
    let mut guests: VecDeque<Guest> = VecDeque::new();
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
            if !guest.send() || !hear(guest, &mut items, &mut puts) {
                remove(&mut guests, place, &mut items);
            }
        }
        if ready[1]
            && let Ok((stream, _)) = listener.accept()
        {
            let connection = FrameReader::new(stream);
            guests.push_back(Guest { connection, out: Vec::new(), waits: false, given: None });
        }
        while let Some(place) = guests.iter().position(|guest| guest.waits)
            && let Some((number, item)) = items.pop_first()
        {
            let guest = &mut guests[place];
            guest.waits = false;
            let is_gone = !guest.say(&item);
            guest.given = Some((number, item));
            if is_gone {
                remove(&mut guests, place, &mut items);
            }
        }
    }
}

/// Hears what somebody says; `false` when that was the end.
fn hear(guest: &mut Guest, items: &mut Items, puts: &mut u64) -> bool {
    let said = match guest.connection.read_frame_timeout(Duration::ZERO) {
        Err(FrameError::TimedOut) => return true,
        Ok(Some(said)) => said,
        _ => return false,
    };
    match said.first() {
        Some(&PUT) => {
            *puts += 1;
            items.insert(*puts, said);
            guest.say(&[NOTHING])
        }
        Some(&GET) => {
            guest.waits = true;
            true
        }
        Some(&TAKEN) => {
            guest.given = None;
            true
        }
        // Whoever does not wait any more has an item on its way.
        _ if guest.waits => {
            guest.waits = false;
            guest.say(&[NOTHING])
        }
        _ => true,
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
        FrameError::Truncated | FrameError::Os(Errno::EPIPE | Errno::ECONNRESET) => LinkError::Disconnected,
        FrameError::Os(error) => LinkError::Os(error),
        other => LinkError::Undecodable(other.to_string()),
    }
}
