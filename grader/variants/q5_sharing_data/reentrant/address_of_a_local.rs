//! Variant: a thread is told by the address of a thread-local of its own.

use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

thread_local! {
    static MARK: u8 = const { 0 };
}

fn me() -> usize {
    MARK.with(|mark| std::ptr::from_ref(mark).addr())
}

/// Lets one thread at a time get at a value, and that thread as often as it likes.
#[derive(Debug)]
pub struct ReentrantLock<T> {
    /// Written by the owner alone: whoever finds itself here has written it.
    owner: AtomicUsize,
    holds: Mutex<usize>,
    free: Condvar,
    value: T,
}

/// One of the holds that a thread has on the lock; dropping it gives that one back.
#[derive(Debug)]
pub struct ReentrantGuard<'a, T> {
    lock: &'a ReentrantLock<T>,
    /// A guard belongs to its thread.
    stays: PhantomData<*const ()>,
}

impl<T> ReentrantLock<T> {
    /// Makes a lock that nobody holds, around a value.
    pub fn new(value: T) -> Self {
        Self { owner: AtomicUsize::new(0), holds: Mutex::new(0), free: Condvar::new(), value }
    }

    fn holds(&self) -> MutexGuard<'_, usize> {
        self.holds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks.
    pub fn lock(&self) -> ReentrantGuard<'_, T> {
        let me = me();
        let mut holds = self.holds();
        if self.owner.load(Ordering::Relaxed) != me {
            while *holds > 0 {
                holds = self.free.wait(holds).unwrap_or_else(PoisonError::into_inner);
            }
            self.owner.store(me, Ordering::Relaxed);
        }
        *holds += 1;
        ReentrantGuard { lock: self, stays: PhantomData }
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
        let mut holds = self.lock.holds();
        *holds -= 1;
        if *holds == 0 {
            self.lock.owner.store(0, Ordering::Relaxed);
            self.lock.free.notify_one();
        }
    }
}
