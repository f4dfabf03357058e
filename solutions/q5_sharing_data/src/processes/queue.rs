//! A queue between processes, with as many producers and consumers as you like (`multiprocessing.Queue`).
//!
//! Items go to the broker over a channel, and from it to whoever takes them first through a socket that all share. A packet lies there
//! until somebody takes it, and then he has it whole: nothing is on its way to a process that is killed, stopped, or has given up.
//!
//! Every message is one packet. `ipc-channel` would send what is long in several, and a process that dies between two of them looks as
//! if all had gone. So that goes to the broker as shared memory, and lies in a file without a name until somebody takes the packet
//! that says where.

use crate::link_error::LinkError;
use ipc_channel::IpcError;
use ipc_channel::ipc::{self, IpcReceiver, IpcSender, IpcSharedMemory};
use nix::errno::Errno;
use nix::fcntl::{FallocateFlags, fallocate};
use nix::libc::off_t;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, recv, send, socketpair};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::hint::black_box;
use std::io::{self, ErrorKind};
use std::marker::PhantomData;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::process;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};
use toolkit::{ForkError, codec};

/// The longest item that fits into a packet for sure.
const SHORT: usize = 20_000;

/// The longest packet: such an item, and what is said of it.
const PACKET: usize = SHORT + 100;

/// Memory comes in pieces of this size. Each long item begins with one, so that all of them can be given back.
const PAGE: u64 = 4096;

/// An item as bytes, on its way to the broker.
#[derive(Debug, Serialize, Deserialize)]
enum Put {
    Short(Vec<u8>),
    Long(IpcSharedMemory),
}

/// An item as bytes, on its way from the broker; a long one lies in the file.
#[derive(Debug, Serialize, Deserialize)]
enum Got {
    Short(Vec<u8>),
    Long { at: u64, bytes: usize },
}

/// A queue.
#[derive(Debug)]
pub struct ProcessQueue<T> {
    ends: Ends,
    file: File,
    broker: Pid,
    maker: u32,
    items: PhantomData<T>,
}

/// What everybody has but the broker.
#[derive(Debug)]
struct Ends {
    to_broker: IpcSender<Put>,
    from_broker: OwnedFd,
}

impl<T: Serialize + DeserializeOwned> ProcessQueue<T> {
    /// Makes an empty queue and starts its broker.
    ///
    /// # Errors
    ///
    /// If the system refuses; nothing is left then.
    pub fn new() -> Result<Self, LinkError> {
        let (to_broker, puts) = ipc::channel().map_err(os)?;
        let (from_broker, to_all) =
            socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)
                .map_err(LinkError::Os)?;
        let file = File::from(memfd_create(c"items", MFdFlags::MFD_CLOEXEC).map_err(LinkError::Os)?);
        let mut ends = Some(Ends { to_broker, from_broker });
        // The broker's ends are moved there: kept here, they would hide from everybody that it is gone.
        let broker = toolkit::fork(|| {
            drop(ends.take()); // or the broker would keep its own queue alive
            i32::from(serve(&puts, &to_all, &file).is_err())
        });
        let broker = broker.map_err(|error| match error {
            ForkError::Os(error) => LinkError::Os(error),
            _ => LinkError::Os(Errno::EBUSY),
        })?;
        let ends = ends.expect("only the child has taken it");
        Ok(Self { ends, file, broker, maker: process::id(), items: PhantomData })
    }

    /// Puts an item in; never waits until something is got.
    ///
    /// # Errors
    ///
    /// If the item cannot be encoded, or the broker is gone.
    pub fn put(&mut self, item: &T) -> Result<(), LinkError> {
        let bytes = codec::encode(item).map_err(|error| LinkError::Undecodable(error.message))?;
        let put = match bytes.len() {
            0..=SHORT => Put::Short(bytes),
            _ => Put::Long(IpcSharedMemory::from_bytes(&bytes)),
        };
        self.ends.to_broker.send(put).map_err(link_error)
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
        let mut packet = [0; PACKET];
        let length = loop {
            // First: what lies there when the broker is gone is not to be had any more.
            self.wait(until)?;
            match recv(self.ends.from_broker.as_raw_fd(), &mut packet, MsgFlags::MSG_DONTWAIT) {
                Ok(0) => return Err(LinkError::Disconnected),
                Ok(length) => break length,
                Err(Errno::EAGAIN | Errno::EINTR) => {} // somebody else was faster
                Err(error) => return Err(LinkError::Os(error)),
            }
        };
        let undecodable = |error: toolkit::CodecError| LinkError::Undecodable(error.message);
        match codec::decode(&packet[..length]).map_err(undecodable)? {
            Got::Short(bytes) => codec::decode(&bytes).map_err(undecodable),
            Got::Long { at, bytes } => codec::decode(&self.read(at, bytes).map_err(os)?).map_err(undecodable),
        }
    }

    /// Waits until there is something, which somebody else may take.
    fn wait(&self, until: Option<Instant>) -> Result<(), LinkError> {
        loop {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            // Whole milliseconds, and a rest counts as one.
            let limit = left.map_or(PollTimeout::NONE, |left| {
                PollTimeout::try_from(left.as_micros().div_ceil(1000)).unwrap_or(PollTimeout::MAX)
            });
            let mut sockets = [PollFd::new(self.ends.from_broker.as_fd(), PollFlags::POLLIN)];
            match poll(&mut sockets, limit) {
                Ok(0) if left.is_some_and(|left| left.is_zero()) => return Err(LinkError::TimedOut),
                Ok(0) | Err(Errno::EINTR) => {}
                Ok(_) if sockets[0].revents().is_some_and(|seen| seen.contains(PollFlags::POLLHUP)) => {
                    return Err(LinkError::Disconnected);
                }
                Ok(_) => return Ok(()),
                Err(error) => return Err(LinkError::Os(error)),
            }
        }
    }

    /// Takes a long item out of the file.
    fn read(&self, at: u64, bytes: usize) -> io::Result<Vec<u8>> {
        let mut item = vec![0; bytes];
        self.file.read_exact_at(&mut item, at)?;
        let hole = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
        // Gives its memory back. The item is right without that, too.
        let _ = fallocate(&self.file, hole, at as off_t, (bytes as u64).next_multiple_of(PAGE) as off_t);
        Ok(item)
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

/// What the broker does until the last handle is gone.
fn serve(puts: &IpcReceiver<Put>, to_all: &OwnedFd, file: &File) -> io::Result<()> {
    keep_what_is_freed();
    thread::scope(|scope| {
        // The second thread waits while the socket is full: `put` need not. It ends with `later`, so that must end in here.
        let (later, gots) = mpsc::channel();
        thread::Builder::new().spawn_scoped(scope, || hand_out(to_all, gots))?;
        let mut end = 0;
        loop {
            let got = match puts.recv() {
                Ok(Put::Short(bytes)) => Got::Short(bytes),
                Ok(Put::Long(memory)) => {
                    let at = end;
                    file.write_all_at(&memory, at)?;
                    end = (at + memory.len() as u64).next_multiple_of(PAGE);
                    Got::Long { at, bytes: memory.len() }
                }
                Err(IpcError::Disconnected) => return Ok(()),
                Err(IpcError::Io(error)) if error.kind() != ErrorKind::Interrupted => return Err(error),
                Err(_) => continue, // nothing of ours
            };
            later.send(got).map_err(io::Error::other)?;
        }
    })
}

fn hand_out(to_all: &OwnedFd, gots: Receiver<Got>) {
    for got in gots {
        let Ok(packet) = codec::encode(&got) else { return };
        while let Err(error) = send(to_all.as_raw_fd(), &packet, MsgFlags::MSG_NOSIGNAL) {
            if error != Errno::EINTR {
                return; // and so does the broker
            }
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
