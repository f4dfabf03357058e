//! `mpsc`: channels of unlimited, limited and no capacity. The error types are the standard library's own.

use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use interleave::rt::Kind;
use interleave::rt::monitor::{Monitor, Try};

pub use std::sync::mpsc::{RecvError, RecvTimeoutError, SendError, TryRecvError, TrySendError};

type Site = &'static Location<'static>;

/// What senders and the receiver share.
struct Channel<T> {
    queue: Monitor<Queue<T>>,
}

struct Queue<T> {
    /// Messages with their numbers in order of sending.
    messages: VecDeque<(u64, T)>,
    sent: u64,
    received: u64,
    senders: usize,
    receiver_lives: bool,
    /// The receiver is waiting at this moment.
    receiver_waits: bool,
    /// `Some(0)`: a sender waits until its message is received.
    capacity: Option<usize>,
}

/// As `std::sync::mpsc::channel`.
#[must_use]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let channel = Channel::new(None);
    (Sender { channel: Arc::clone(&channel) }, Receiver::new(channel))
}

/// As `std::sync::mpsc::sync_channel`.
#[must_use]
pub fn sync_channel<T>(bound: usize) -> (SyncSender<T>, Receiver<T>) {
    let channel = Channel::new(Some(bound));
    (SyncSender { channel: Arc::clone(&channel) }, Receiver::new(channel))
}

impl<T> Queue<T> {
    fn push(&mut self, value: T) -> u64 {
        let number = self.sent;
        self.sent += 1;
        self.messages.push_back((number, value));
        number
    }

    fn pop(&mut self) -> Option<T> {
        let (_, value) = self.messages.pop_front()?;
        self.received += 1;
        self.receiver_waits = false;
        Some(value)
    }

    /// Takes back a message that nobody will receive any more.
    fn take_back(&mut self, number: u64) -> Option<T> {
        let place = self.messages.iter().position(|(sent, _)| *sent == number)?;
        self.messages.remove(place).map(|(_, value)| value)
    }

    fn is_full(&self) -> bool {
        self.capacity.is_some_and(|capacity| capacity > 0 && self.messages.len() >= capacity)
    }
}

impl<T> Channel<T> {
    fn new(capacity: Option<usize>) -> Arc<Self> {
        Arc::new(Self {
            queue: Monitor::new(Queue {
                messages: VecDeque::new(),
                sent: 0,
                received: 0,
                senders: 1,
                receiver_lives: true,
                receiver_waits: false,
                capacity,
            }),
        })
    }

    fn send(&self, value: T, site: Site) -> Result<(), SendError<T>> {
        let mut value = Some(value);
        let mut number = None;
        self.queue.wait_until(kind::<T>(), "send to", site, |queue| {
            if let Some(number) = number {
                return meet(queue, number);
            }
            if queue.receiver_lives && queue.is_full() {
                return Try::Wait;
            }
            let Some(value) = value.take() else { unreachable!("a message is sent once") };
            if !queue.receiver_lives {
                return Try::Seen(Err(SendError(value)));
            }
            let sent = queue.push(value);
            if queue.capacity == Some(0) {
                number = Some(sent);
                return Try::HalfDone;
            }
            Try::Done(Ok(()))
        })
    }

    fn try_send(&self, value: T, site: Site) -> Result<(), TrySendError<T>> {
        let mut value = Some(value);
        self.queue.wait_until(kind::<T>(), "try_send to", site, |queue| {
            let Some(value) = value.take() else { unreachable!("the first attempt decides") };
            let unmet = queue.capacity == Some(0) && !(queue.receiver_waits && queue.messages.is_empty());
            if !queue.receiver_lives {
                Try::Seen(Err(TrySendError::Disconnected(value)))
            } else if queue.is_full() || unmet {
                Try::Seen(Err(TrySendError::Full(value)))
            } else {
                queue.push(value);
                Try::Done(Ok(()))
            }
        })
    }

    fn recv(&self, verb: &'static str, timeout: Option<Duration>, site: Site) -> Result<T, RecvTimeoutError> {
        let received = self.queue.run(kind::<T>(), verb, site, timeout, |queue| match queue.pop() {
            Some(value) => Try::Done(Ok(value)),
            None if queue.senders == 0 => Try::Seen(Err(RecvTimeoutError::Disconnected)),
            None => {
                queue.receiver_waits = true;
                Try::Wait
            }
        });
        received.unwrap_or_else(|| {
            self.queue.quietly(|queue| queue.receiver_waits = false);
            Err(RecvTimeoutError::Timeout)
        })
    }

    fn try_recv(&self, site: Site) -> Result<T, TryRecvError> {
        self.queue.wait_until(kind::<T>(), "try_recv from", site, |queue| match queue.pop() {
            Some(value) => Try::Done(Ok(value)),
            None if queue.senders == 0 => Try::Seen(Err(TryRecvError::Disconnected)),
            None => Try::Seen(Err(TryRecvError::Empty)),
        })
    }

    fn add_sender(&self) {
        self.queue.quietly(|queue| queue.senders += 1);
    }

    /// Only the end of the last sender can be seen by others, so only that is a step.
    fn drop_sender(&self, here: Site) {
        if self.queue.peek(|queue| queue.senders > 1) {
            self.queue.quietly(|queue| queue.senders -= 1);
            return;
        }
        let site = self.queue.latest_site(here);
        self.queue.wait_until(kind::<T>(), "drop the last sender of", site, |queue| {
            queue.senders -= 1;
            Try::Done(())
        });
    }

    fn drop_receiver(&self, here: Site) {
        let site = self.queue.latest_site(here);
        let unread = self.queue.wait_until(kind::<T>(), "drop the receiver of", site, |queue| {
            queue.receiver_lives = false;
            // Senders that wait to meet the receiver take their own messages back.
            let unread =
                if queue.capacity == Some(0) { VecDeque::new() } else { std::mem::take(&mut queue.messages) };
            Try::Done(unread)
        });
        // Outside the monitor: the destructors of messages may use modelled types.
        drop(unread);
    }
}

/// The second half of sending without capacity.
fn meet<T>(queue: &mut Queue<T>, number: u64) -> Try<Result<(), SendError<T>>> {
    if queue.received > number {
        return Try::Seen(Ok(()));
    }
    if queue.receiver_lives {
        return Try::Wait;
    }
    match queue.take_back(number) {
        Some(value) => Try::Done(Err(SendError(value))),
        None => Try::Seen(Ok(())),
    }
}

fn kind<T>() -> Kind {
    Kind::new("Channel", std::any::type_name::<T>())
}

/// As `std::sync::mpsc::Sender`.
pub struct Sender<T> {
    channel: Arc<Channel<T>>,
}

/// As `std::sync::mpsc::SyncSender`.
pub struct SyncSender<T> {
    channel: Arc<Channel<T>>,
}

/// As `std::sync::mpsc::Receiver`.
pub struct Receiver<T> {
    channel: Arc<Channel<T>>,
    not_sync: PhantomData<Cell<()>>,
}

impl<T> Sender<T> {
    /// As `std::sync::mpsc::Sender::send`.
    ///
    /// # Errors
    /// The message, if the receiver is gone.
    #[track_caller]
    pub fn send(&self, t: T) -> Result<(), SendError<T>> {
        self.channel.send(t, Location::caller())
    }
}

impl<T> SyncSender<T> {
    /// As `std::sync::mpsc::SyncSender::send`.
    ///
    /// # Errors
    /// The message, if the receiver is gone.
    #[track_caller]
    pub fn send(&self, t: T) -> Result<(), SendError<T>> {
        self.channel.send(t, Location::caller())
    }

    /// As `std::sync::mpsc::SyncSender::try_send`.
    ///
    /// # Errors
    /// The message, if there is no room or the receiver is gone.
    #[track_caller]
    pub fn try_send(&self, t: T) -> Result<(), TrySendError<T>> {
        self.channel.try_send(t, Location::caller())
    }
}

impl<T> Receiver<T> {
    fn new(channel: Arc<Channel<T>>) -> Self {
        Self { channel, not_sync: PhantomData }
    }

    /// As `std::sync::mpsc::Receiver::recv`.
    ///
    /// # Errors
    /// If there is no message and all senders are gone.
    #[track_caller]
    pub fn recv(&self) -> Result<T, RecvError> {
        self.channel.recv("recv from", None, Location::caller()).map_err(|_| RecvError)
    }

    /// As `std::sync::mpsc::Receiver::try_recv`.
    ///
    /// # Errors
    /// If there is no message.
    #[track_caller]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.channel.try_recv(Location::caller())
    }

    /// As `std::sync::mpsc::Receiver::recv_timeout`.
    ///
    /// # Errors
    /// If there is no message in time, or all senders are gone.
    #[track_caller]
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        self.channel.recv("recv_timeout from", Some(timeout), Location::caller())
    }

    /// As `std::sync::mpsc::Receiver::iter`.
    #[track_caller]
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { rx: self, made: Location::caller() }
    }

    /// As `std::sync::mpsc::Receiver::try_iter`.
    #[track_caller]
    pub fn try_iter(&self) -> TryIter<'_, T> {
        TryIter { rx: self, made: Location::caller() }
    }
}

/// As `std::sync::mpsc::Iter`.
#[derive(Debug)]
pub struct Iter<'a, T: 'a> {
    rx: &'a Receiver<T>,
    made: Site,
}

/// As `std::sync::mpsc::TryIter`.
#[derive(Debug)]
pub struct TryIter<'a, T: 'a> {
    rx: &'a Receiver<T>,
    made: Site,
}

/// As `std::sync::mpsc::IntoIter`.
#[derive(Debug)]
pub struct IntoIter<T> {
    rx: Receiver<T>,
    made: Site,
}

/// The place to show for one turn of an iterator: `sum` and its like call `next` from inside the library.
fn shown(caller: Site, made: Site) -> Site {
    if interleave::rt::is_library(caller) { made } else { caller }
}

impl<T> Iterator for Iter<'_, T> {
    type Item = T;

    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.rx.channel.recv("recv from", None, shown(Location::caller(), self.made)).ok()
    }
}

impl<T> Iterator for TryIter<'_, T> {
    type Item = T;

    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.rx.channel.try_recv(shown(Location::caller(), self.made)).ok()
    }
}

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.rx.channel.recv("recv from", None, shown(Location::caller(), self.made)).ok()
    }
}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    #[track_caller]
    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<T> IntoIterator for Receiver<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    #[track_caller]
    fn into_iter(self) -> IntoIter<T> {
        IntoIter { rx: self, made: Location::caller() }
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.channel.add_sender();
        Self { channel: Arc::clone(&self.channel) }
    }
}

impl<T> Clone for SyncSender<T> {
    fn clone(&self) -> Self {
        self.channel.add_sender();
        Self { channel: Arc::clone(&self.channel) }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.channel.drop_sender(Location::caller());
    }
}

impl<T> Drop for SyncSender<T> {
    fn drop(&mut self) {
        self.channel.drop_sender(Location::caller());
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.channel.drop_receiver(Location::caller());
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for SyncSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncSender").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}

impl<T> UnwindSafe for Sender<T> {}
impl<T> RefUnwindSafe for Sender<T> {}
impl<T> UnwindSafe for SyncSender<T> {}
impl<T> RefUnwindSafe for SyncSender<T> {}
impl<T> UnwindSafe for Receiver<T> {}
impl<T> RefUnwindSafe for Receiver<T> {}
