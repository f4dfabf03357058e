//! A reentrant lock: the thread that holds it may lock it again (`threading.RLock`).

use std::marker::PhantomData;
use std::ops::Deref;

/// Lets one thread at a time get at a value, and that thread as often as it likes.
///
/// Threads share it for every `T: Send + Sync`. A thread may hold several guards, so a guard lends `&T` only and no
/// `&mut T`: what shall be changed is a `Cell` of some kind inside of `T`.
#[derive(Debug)]
pub struct ReentrantLock<T> {
    // TODO 1/3: whose is the lock, and how often? What do others wait for?
    value: T,
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
        let _ = value;
        todo!("make a lock that is free")
    }

    /// Locks; waits, without using the processor, as long as another thread holds the lock.
    ///
    /// A thread that holds it already gets one more guard at once. When the lock comes free, a waiting thread
    /// goes on at once, and whatever was written by those who held the lock before is visible to it.
    pub fn lock(&self) -> ReentrantGuard<'_, T> {
        // TODO 2/3: who am I? What may have happened between the look and the wait?
        let _ = PhantomData::<ReentrantGuard<'_, T>>;
        todo!("wait until the lock is free or held by this thread, and hold it once more")
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
    /// Gives one hold back, also while its thread panics. The lock is free when the last of them is gone, in
    /// whatever order they go.
    fn drop(&mut self) {
        // TODO 3/3: when is it the last one?
        let _ = (self.lock, self.stays);
        todo!("give one hold back, and if it was the last one, wake a thread that waits")
    }
}
