//! A reentrant lock: an owner and a depth under a mutex, and a condition variable for the others.

use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

/// Lets one thread at a time get at a value, and that thread as often as it likes.
#[derive(Debug)]
pub struct ReentrantLock<T> {
    hold: Mutex<Hold>,
    free: Condvar,
    value: T,
}

/// The mutex around this is held for a moment only, never as long as the lock itself.
#[derive(Debug, Default)]
struct Hold {
    /// Nobody's if the depth is 0.
    owner: Option<ThreadId>,
    depth: usize,
}

/// One of the holds that a thread has on the lock; dropping it gives that one back.
#[derive(Debug)]
pub struct ReentrantGuard<'a, T> {
    lock: &'a ReentrantLock<T>,
    /// A guard belongs to its thread: with this in it, no guard can be sent to another one.
    stays: PhantomData<*const ()>,
}

impl<T> ReentrantLock<T> {
    /// Makes a lock that nobody holds, around a value.
    pub fn new(value: T) -> Self {
        Self { hold: Mutex::default(), free: Condvar::new(), value }
    }

    /// Locks; waits as long as another thread holds the lock.
    pub fn lock(&self) -> ReentrantGuard<'_, T> {
        let me = thread::current().id();
        let mut hold = self.hold();
        // A loop: a wake-up may come for no reason, and a third thread may have been faster.
        while hold.depth > 0 && hold.owner != Some(me) {
            hold = self.free.wait(hold).unwrap_or_else(PoisonError::into_inner);
        }
        hold.owner = Some(me);
        hold.depth += 1;
        ReentrantGuard { lock: self, stays: PhantomData }
    }

    /// Nothing can panic under the mutex: poison means nothing here.
    fn hold(&self) -> MutexGuard<'_, Hold> {
        self.hold.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Deref for ReentrantGuard<'_, T> {
    type Target = T;

    /// Lends the value.
    fn deref(&self) -> &T {
        &self.lock.value
    }
}

impl<T> Drop for ReentrantGuard<'_, T> {
    /// Gives one hold back.
    fn drop(&mut self) {
        let mut hold = self.lock.hold();
        hold.depth -= 1;
        if hold.depth == 0 {
            hold.owner = None;
            self.lock.free.notify_one();
        }
    }
}
