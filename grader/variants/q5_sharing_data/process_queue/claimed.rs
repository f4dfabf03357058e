//! Variant: nothing is acknowledged. Each call has a connection to the broker to itself, which nobody inherits, as nobody forks during a
//! call. The broker never waits for anybody: it offers the first item to all who ask for one. Whoever has all of it claims it, by one
//! atomic step in memory that all share. So an offer to a process that is stopped, killed or has given up costs nothing.

use crate::link_error::LinkError;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::socket::{MsgFlags, recv, send};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, close, getpid};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::marker::PhantomData;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use toolkit::codec;
use toolkit::fork;
use toolkit::shm::Region;

/// The first byte of a request: an item follows, after its length.
const PUT: u8 = b'P';
/// The only byte of a request for the next item.
const GET: u8 = b'G';
/// The answer to `PUT`, once the broker has the item.
const STORED: u8 = b'S';

/// The bytes before the item in a request to put it.
const PUT_HEAD: usize = 9;
/// The bytes before the item in an offer: its number and its length.
const OFFER_HEAD: usize = 16;

/// The most that is read at once.
const STEP: usize = 1 << 16;

/// How long an item that was there when the time was up may take to come over.
const GRACE: Duration = Duration::from_secs(1);

/// Of the shared numbers: how many items were got. The number of the item that may be claimed.
const GOT: usize = 0;
/// Of the shared numbers: how many items the broker has taken in.
const TAKEN_IN: usize = 1;

/// What keeps brokers alive, in this process. A broker keeps nothing of it.
static HANDLES: Mutex<Vec<RawFd>> = Mutex::new(Vec::new());

fn os(error: io::Error) -> LinkError {
    LinkError::Os(error.raw_os_error().map_or(Errno::EIO, Errno::from_raw))
}

/// A queue. A process that is forked has a handle to the same queue.
///
/// Dropping the handle of the process that made the queue ends it: on return the broker is gone, and everybody else's calls are
/// [`LinkError::Disconnected`]. Dropping any other handle harms nobody. If the process that made the queue is killed, the broker ends
/// by itself when the last handle is gone.
#[derive(Debug)]
pub struct ProcessQueue<T> {
    address: SocketAddr,
    shared: Region<[AtomicU64]>,
    /// Nothing is ever written here. The broker sees when the last copy of it is closed.
    life: UnixStream,
    maker: Pid,
    broker: Pid,
    items: PhantomData<T>,
}

impl<T: Serialize + DeserializeOwned> ProcessQueue<T> {
    /// Makes an empty queue and starts its broker, one child of this process.
    ///
    /// No thread is started, so that this process may go on forking.
    ///
    /// # Errors
    ///
    /// [`LinkError::Os`] if the system refuses, such as when too many descriptors are open; nothing is left then.
    pub fn new() -> Result<Self, LinkError> {
        let shared = Region::<[AtomicU64]>::new(2).map_err(LinkError::Os)?;
        let (listener, address) = listen()?;
        let (life, watched) = UnixStream::pair().map_err(os)?;
        let mut life = Some(life);
        let broker = fork(|| {
            SigSet::all().thread_block().ok(); // what is sent to the whole group is not for the broker
            drop(life.take());
            for handle in HANDLES.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
                let _ = close(handle);
            }
            let (listener, watched) = (listener, watched);
            Broker::new(&shared).serve(&listener, &watched)
        });
        let broker = broker.map_err(|error| match error {
            toolkit::ForkError::Os(error) => LinkError::Os(error),
            _ => LinkError::Os(Errno::EBUSY),
        })?;
        let life = life.expect("only the broker has taken it");
        HANDLES.lock().unwrap_or_else(PoisonError::into_inner).push(life.as_raw_fd());
        Ok(Self { address, shared, life, maker: getpid(), broker, items: PhantomData })
    }

    /// Puts an item in; never waits until something is got, however many and however long items are.
    ///
    /// Every item is got once. Those of one process are got in the order in which it put them. An item that was put is got even if
    /// its process is killed right afterwards; if a process is killed while it puts one, the others go on as before.
    ///
    /// # Errors
    ///
    /// [`LinkError::Disconnected`] if there is no broker any more. [`LinkError::Undecodable`] if the item cannot be turned into
    /// bytes: then nothing is put, and the queue is as good as before. [`LinkError::Os`] if the system refuses.
    pub fn put(&mut self, item: &T) -> Result<(), LinkError> {
        let mut request = vec![PUT; PUT_HEAD];
        codec::encode_into(item, &mut request).map_err(|error| LinkError::Undecodable(error.message))?;
        let length = (request.len() - PUT_HEAD) as u64;
        request[1..PUT_HEAD].copy_from_slice(&length.to_le_bytes());

        let stream = self.connect()?;
        send_all(&stream, &request)?;
        let mut answer = [0];
        self.receive(&stream, &mut answer, None)
    }

    /// Takes the next item; waits, without using the processor, as long as there is none.
    ///
    /// If a process is killed while it waits here, no item is lost, not even one that was on its way to it: the next one goes to
    /// somebody else. If one is stopped while it waits, nobody waits for it, however long the item on its way is.
    ///
    /// # Errors
    ///
    /// [`LinkError::Disconnected`] if there is no broker any more, also when it ends or is killed while this process waits.
    /// [`LinkError::Undecodable`] if the bytes of an item are no value of this type: it is gone, and the next one is got as always.
    /// [`LinkError::Os`] if the system refuses.
    pub fn get(&mut self) -> Result<T, LinkError> {
        self.get_until(None)
    }

    /// Takes the next item; gives up after `limit`, which may be zero or as long as [`Duration::MAX`], whatever signals come meanwhile.
    ///
    /// An item that comes after that, or just then, is not lost: somebody else gets it.
    ///
    /// # Errors
    ///
    /// [`LinkError::TimedOut`] when it gives up; the others as with [`ProcessQueue::get`].
    pub fn get_timeout(&mut self, limit: Duration) -> Result<T, LinkError> {
        // A moment that no clock will ever show is none.
        self.get_until(Instant::now().checked_add(limit))
    }

    fn get_until(&mut self, deadline: Option<Instant>) -> Result<T, LinkError> {
        let stream = self.connect()?;
        loop {
            send_all(&stream, &[GET])?;
            let mut head = [0; OFFER_HEAD];
            self.receive(&stream, &mut head, deadline)?;
            let number = |at: usize| head[at..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
            let (offered, length) = (number(0), number(8) as usize);
            let mut body = vec![0; length];
            self.receive(&stream, &mut body, deadline)?;
            if self.claim(offered) {
                return codec::decode(&body).map_err(|error| LinkError::Undecodable(error.message));
            }
            // Somebody was faster.
        }
    }

    /// Makes an item that has come over ours, unless it is somebody else's already.
    fn claim(&self, number: u64) -> bool {
        let next = number + 1;
        self.shared[GOT].compare_exchange(number, next, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Whether nobody can get anything at this moment.
    fn is_empty(&self) -> bool {
        self.shared[GOT].load(Ordering::Acquire) >= self.shared[TAKEN_IN].load(Ordering::Acquire)
    }

    fn connect(&self) -> Result<UnixStream, LinkError> {
        loop {
            match UnixStream::connect_addr(&self.address) {
                Ok(stream) => return Ok(stream),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                    return Err(LinkError::Disconnected);
                }
                Err(error) => return Err(os(error)),
            }
        }
    }

    /// Fills the whole buffer; what is there at once, however late it is.
    fn receive(
        &self,
        stream: &UnixStream,
        mut buffer: &mut [u8],
        deadline: Option<Instant>,
    ) -> Result<(), LinkError> {
        while !buffer.is_empty() {
            match recv(stream.as_raw_fd(), buffer, MsgFlags::MSG_DONTWAIT) {
                Ok(0) | Err(Errno::ECONNRESET) => return Err(LinkError::Disconnected),
                Ok(count) => buffer = &mut buffer[count..],
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => self.wait(stream, deadline)?,
                Err(error) => return Err(LinkError::Os(error)),
            }
        }
        Ok(())
    }

    /// Waits until there is something to read, or the end.
    fn wait(&self, stream: &UnixStream, deadline: Option<Instant>) -> Result<(), LinkError> {
        loop {
            let timeout = match deadline {
                None => PollTimeout::NONE,
                Some(deadline) => {
                    let now = Instant::now();
                    if now >= deadline && (self.is_empty() || now - deadline >= GRACE) {
                        return Err(LinkError::TimedOut);
                    }
                    // Rounded up; and a millisecond when it is late, as an item that was there is on its way.
                    let left = (deadline - now).as_nanos().div_ceil(1_000_000).max(1);
                    let left = i32::try_from(left).unwrap_or(i32::MAX);
                    PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)
                }
            };
            match poll(&mut [PollFd::new(stream.as_fd(), PollFlags::POLLIN)], timeout) {
                Ok(0) | Err(Errno::EINTR) => {}
                Ok(_) => return Ok(()),
                Err(error) => return Err(LinkError::Os(error)),
            }
        }
    }
}

impl<T> Drop for ProcessQueue<T> {
    fn drop(&mut self) {
        let handle = self.life.as_raw_fd();
        HANDLES.lock().unwrap_or_else(PoisonError::into_inner).retain(|other| *other != handle);
        if getpid() != self.maker {
            return;
        }
        // If somebody has waited for it already, its number may be another's.
        if waitpid(self.broker, Some(WaitPidFlag::WNOHANG)) == Ok(WaitStatus::StillAlive) {
            let _ = kill(self.broker, Signal::SIGKILL);
            while waitpid(self.broker, None) == Err(Errno::EINTR) {}
        }
    }
}

/// A place where a broker is called, which has a name but no file.
fn listen() -> Result<(UnixListener, SocketAddr), LinkError> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    loop {
        let time = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
        let name = format!("process-queue-{}-{}-{time}", getpid(), COUNT.fetch_add(1, Ordering::Relaxed));
        let address = SocketAddr::from_abstract_name(name).map_err(os)?;
        match UnixListener::bind_addr(&address) {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            Err(error) => return Err(os(error)),
            Ok(listener) => {
                listener.set_nonblocking(true).map_err(os)?;
                return Ok((listener, address));
            }
        }
    }
}

fn send_all(stream: &UnixStream, mut bytes: &[u8]) -> Result<(), LinkError> {
    while !bytes.is_empty() {
        match send(stream.as_raw_fd(), bytes, MsgFlags::MSG_NOSIGNAL) {
            Ok(taken) => bytes = &bytes[taken..],
            Err(Errno::EINTR) => {}
            Err(Errno::EPIPE | Errno::ECONNRESET) => return Err(LinkError::Disconnected),
            Err(error) => return Err(LinkError::Os(error)),
        }
    }
    Ok(())
}

/// One call of some process, as the broker sees it.
struct Client {
    stream: UnixStream,
    /// What has come of its request.
    input: Vec<u8>,
    /// It asks for an item, and was offered none yet.
    asks: bool,
    /// What it is sent, and how much of that it has been.
    output: Option<(Rc<Vec<u8>>, usize)>,
    gone: bool,
}

/// What the broker holds.
struct Broker<'a> {
    shared: &'a [AtomicU64],
    /// The items that nobody has claimed, as they are offered.
    items: VecDeque<Rc<Vec<u8>>>,
    /// The number of the first of them.
    first: u64,
    clients: Vec<Client>,
    /// There was no descriptor for another client.
    full: bool,
}

impl<'a> Broker<'a> {
    fn new(shared: &'a [AtomicU64]) -> Self {
        Self { shared, items: VecDeque::new(), first: 0, clients: Vec::new(), full: false }
    }

    /// Serves everybody until nobody has a handle any more.
    fn serve(mut self, listener: &UnixListener, watched: &UnixStream) -> i32 {
        loop {
            let mut polled = vec![
                PollFd::new(watched.as_fd(), PollFlags::POLLIN),
                PollFd::new(listener.as_fd(), if self.full { PollFlags::empty() } else { PollFlags::POLLIN }),
            ];
            for client in &self.clients {
                let events = match client.output {
                    Some(_) => PollFlags::POLLIN | PollFlags::POLLOUT,
                    None => PollFlags::POLLIN,
                };
                polled.push(PollFd::new(client.stream.as_fd(), events));
            }
            match poll(&mut polled, PollTimeout::NONE) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(_) => return 1,
            }
            let ready: Vec<bool> = polled.iter().map(|fd| fd.any().unwrap_or(true)).collect();
            drop(polled);
            if ready[0] {
                return 0;
            }
            for (index, _) in ready[2..].iter().enumerate().filter(|(_, ready)| **ready) {
                self.clients[index].read();
            }
            if ready[1] {
                self.accept(listener);
            }
            self.take_in();
            self.offer();
            self.clients.iter_mut().for_each(Client::write);
            let before = self.clients.len();
            self.clients.retain(|client| !client.gone);
            self.full &= self.clients.len() == before;
        }
    }

    fn accept(&mut self, listener: &UnixListener) {
        loop {
            match listener.accept() {
                Ok((stream, _)) => {
                    if stream.set_nonblocking(true).is_ok() {
                        let input = Vec::new();
                        self.clients.push(Client { stream, input, asks: false, output: None, gone: false });
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                Err(_) => {
                    self.full = true;
                    return;
                }
            }
        }
    }

    /// Takes in what has come whole.
    fn take_in(&mut self) {
        for client in &mut self.clients {
            if client.input.first() == Some(&GET) {
                client.input.remove(0);
                client.asks = true;
            }
            let Some(item) = client.item() else { continue };
            let number = self.first + self.items.len() as u64;
            let mut offer = Vec::with_capacity(OFFER_HEAD + item.len());
            offer.extend_from_slice(&number.to_le_bytes());
            offer.extend_from_slice(&(item.len() as u64).to_le_bytes());
            offer.extend_from_slice(item);
            self.items.push_back(Rc::new(offer));
            self.shared[TAKEN_IN].fetch_add(1, Ordering::Release);
            client.input.clear();
            client.output = Some((Rc::new(vec![STORED]), 0));
        }
    }

    /// Offers the first item to all who ask.
    fn offer(&mut self) {
        while self.first < self.shared[GOT].load(Ordering::Acquire) {
            self.items.pop_front();
            self.first += 1;
        }
        let Some(item) = self.items.front() else { return };
        for client in self.clients.iter_mut().filter(|client| client.asks) {
            client.asks = false;
            client.output = Some((Rc::clone(item), 0));
        }
    }
}

impl Client {
    /// Reads a piece of what is there.
    fn read(&mut self) {
        let begin = self.input.len();
        self.input.resize(begin + STEP, 0);
        let result = self.stream.read(&mut self.input[begin..]);
        self.input.truncate(begin + *result.as_ref().unwrap_or(&0));
        match result {
            Ok(0) => self.gone = true,
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(_) => self.gone = true,
        }
    }

    /// The item that it puts, once that has come whole.
    fn item(&self) -> Option<&[u8]> {
        let (head, item) = self.input.split_at_checked(PUT_HEAD)?;
        let length = u64::from_le_bytes(*head[1..].first_chunk()?);
        (item.len() as u64 >= length).then_some(item)
    }

    /// Writes what it takes at once.
    fn write(&mut self) {
        while let Some((bytes, sent)) = &mut self.output {
            match self.stream.write(&bytes[*sent..]) {
                Ok(count) => *sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => {
                    self.gone = true;
                    return;
                }
            }
            if *sent == bytes.len() {
                self.output = None;
            }
        }
    }
}
