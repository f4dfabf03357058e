//! Variant: long items go as shared memory, so that every request is one packet and none can be cut off; the broker is asked to
//! end, and the maker's `get` has a standing answer channel for each process.

use crate::link_error::LinkError;
use ipc_channel::ipc::{IpcReceiver, IpcSender, IpcSharedMemory, channel};
use ipc_channel::{IpcError, TryRecvError};
use nix::errno::Errno;
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, getpid};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::marker::PhantomData;
use std::time::{Duration, Instant};
use toolkit::codec;

const SHORT: usize = 20_000;

#[derive(Debug, Clone, Serialize, Deserialize)]
enum Item {
    Short(Vec<u8>),
    Long(IpcSharedMemory),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
enum Reply {
    Item(u64, Item),
    Nothing(u64),
}

#[derive(Debug, Serialize, Deserialize)]
enum Ask {
    Put(Item),
    Get(i32, u64, IpcSender<Reply>),
    Forget(i32, u64),
    End,
}

/// What a process asks with: made by the process itself.
#[derive(Debug)]
struct Own {
    pid: Pid,
    number: u64,
}

/// As asked for.
#[derive(Debug)]
pub struct ProcessQueue<T> {
    asks: IpcSender<Ask>,
    broker: Pid,
    maker: Pid,
    own: Own,
    items: PhantomData<fn(T) -> T>,
}

impl<T: Serialize + DeserializeOwned> ProcessQueue<T> {
    /// As asked for.
    pub fn new() -> Result<Self, LinkError> {
        let (asks, asked) = channel::<Ask>().map_err(|error| LinkError::Os(errno(&error)))?;
        let mut asks = Some(asks);
        let broker = toolkit::fork(|| {
            drop(asks.take());
            serve(&asked);
            0
        });
        let broker = broker.map_err(|_| LinkError::Os(Errno::EAGAIN))?;
        let own = Own { pid: getpid(), number: 0 };
        let asks = asks.ok_or(LinkError::Disconnected)?;
        Ok(ProcessQueue { asks, broker, maker: getpid(), own, items: PhantomData })
    }

    /// As asked for.
    pub fn put(&mut self, item: &T) -> Result<(), LinkError> {
        let bytes = codec::encode(item).map_err(|error| LinkError::Undecodable(error.message))?;
        let item = match bytes.len() {
            0..SHORT => Item::Short(bytes),
            _ => Item::Long(IpcSharedMemory::from_bytes(&bytes)),
        };
        self.asks.send(Ask::Put(item)).map_err(told)
    }

    /// As asked for.
    pub fn get(&mut self) -> Result<T, LinkError> {
        self.until(None)
    }

    /// As asked for.
    pub fn get_timeout(&mut self, limit: Duration) -> Result<T, LinkError> {
        self.until(Instant::now().checked_add(limit))
    }

    fn until(&mut self, until: Option<Instant>) -> Result<T, LinkError> {
        if self.own.pid != getpid() {
            self.own = Own { pid: getpid(), number: 0 };
        }
        self.own.number += 1;
        let (pid, number) = (self.own.pid.as_raw(), self.own.number);
        let (to, replies) = channel::<Reply>().map_err(|error| LinkError::Os(errno(&error)))?;
        self.asks.send(Ask::Get(pid, number, to)).map_err(told)?;
        let mut until = until;
        loop {
            let reply = match until {
                None => replies.recv().map_err(TryRecvError::IpcError),
                Some(moment) => {
                    let left = moment.saturating_duration_since(Instant::now());
                    replies
                        .try_recv_timeout(Duration::from_millis(left.as_nanos().div_ceil(1_000_000) as u64))
                }
            };
            match reply {
                Ok(Reply::Item(_, item)) => return decode(&item),
                Ok(Reply::Nothing(_)) => return Err(LinkError::TimedOut),
                Err(TryRecvError::Empty) if until.is_some_and(|moment| moment <= Instant::now()) => {
                    self.asks.send(Ask::Forget(pid, number)).map_err(told)?;
                    until = None;
                }
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::IpcError(error)) => return Err(told(error)),
            }
        }
    }
}

fn decode<T: DeserializeOwned>(item: &Item) -> Result<T, LinkError> {
    let bytes = match item {
        Item::Short(bytes) => bytes.as_slice(),
        Item::Long(memory) => memory,
    };
    codec::decode(bytes).map_err(|error| LinkError::Undecodable(error.message))
}

impl<T> Drop for ProcessQueue<T> {
    fn drop(&mut self) {
        if self.maker == getpid() {
            let _ = self.asks.send(Ask::End);
            while waitpid(self.broker, None) == Err(Errno::EINTR) {}
        }
    }
}

fn serve(asked: &IpcReceiver<Ask>) {
    let (mut items, mut waiting) = (VecDeque::new(), VecDeque::new());
    while let Ok(ask) = asked.recv() {
        match ask {
            Ask::End => return,
            Ask::Put(item) => items.push_back(item),
            Ask::Get(pid, number, to) => waiting.push_back((pid, number, to)),
            Ask::Forget(pid, number) => waiting.retain(|(of, which, to)| {
                let is_it = (*of, *which) == (pid, number);
                if is_it {
                    let _ = to.send(Reply::Nothing(number));
                }
                !is_it
            }),
        }
        while let (Some(item), Some((_, number, to))) = (items.front(), waiting.front()) {
            if to.send(Reply::Item(*number, Item::clone(item))).is_ok() {
                items.pop_front();
            }
            waiting.pop_front();
        }
    }
}

fn told(error: IpcError) -> LinkError {
    match error {
        IpcError::Disconnected => LinkError::Disconnected,
        IpcError::SerializationError(error) => LinkError::Undecodable(error.to_string()),
        IpcError::Io(error) => match errno(&error) {
            Errno::EPIPE | Errno::ECONNRESET => LinkError::Disconnected,
            errno => LinkError::Os(errno),
        },
    }
}

fn errno(error: &std::io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(0))
}
