//! Variant: the permits are tokens in a channel, and whoever wants one receives it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The receiver is passed from hand to hand, so that a limit also holds for whoever waits to receive.
#[derive(Debug)]
pub struct Semaphore {
    tokens: Mutex<Option<Receiver<()>>>,
    returned: Condvar,
    giver: Sender<()>,
    free: AtomicUsize,
}

#[derive(Debug)]
pub struct Permit<'a>(&'a Semaphore);

impl Semaphore {
    pub fn new(permits: usize) -> Self {
        let (giver, tokens) = channel();
        (0..permits).for_each(|_| giver.send(()).expect("the receiver is here"));
        Self {
            tokens: Mutex::new(Some(tokens)),
            returned: Condvar::new(),
            giver,
            free: AtomicUsize::new(permits),
        }
    }

    pub fn acquire(&self) -> Permit<'_> {
        self.acquire_timeout(Duration::MAX).expect("that is for ever")
    }

    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        self.acquire_timeout(Duration::ZERO)
    }

    pub fn acquire_timeout(&self, limit: Duration) -> Option<Permit<'_>> {
        let start = Instant::now();
        let mut place = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            // A token that is there is taken under the lock, so that nobody sees a permit that nobody can have.
            if let Some(tokens) = place.as_ref() {
                match tokens.try_recv() {
                    Ok(()) => {
                        self.free.fetch_sub(1, Ordering::SeqCst);
                        return Some(Permit(self));
                    }
                    Err(TryRecvError::Empty) => {}
                    Err(TryRecvError::Disconnected) => unreachable!("the sender is here"),
                }
            }
            let left = limit.saturating_sub(start.elapsed());
            if left.is_zero() {
                return None;
            }
            place = self.returned.wait_timeout(place, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    pub fn available(&self) -> usize {
        let _place = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        self.free.load(Ordering::SeqCst)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let _place = self.0.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.giver.send(()).expect("the receiver is here");
        self.0.free.fetch_add(1, Ordering::SeqCst);
        self.0.returned.notify_one();
    }
}

/// Kept for whoever wants to know why a wait has ended.
pub type Reason = RecvTimeoutError;
