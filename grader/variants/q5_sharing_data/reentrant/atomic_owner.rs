//! Variant: the owner in an atomic number that only the owner itself can find to be its own; a flag under a condition
//! variable; the depth is the count of a plain atomic that only the owner touches.

use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Condvar, Mutex};

static THREADS: AtomicU64 = AtomicU64::new(1);

thread_local! {
    static ME: u64 = THREADS.fetch_add(1, Relaxed);
}

#[derive(Debug)]
pub struct ReentrantLock<T> {
    owner: AtomicU64,
    depth: AtomicU64,
    is_held: Mutex<bool>,
    free: Condvar,
    value: T,
}

#[derive(Debug)]
pub struct ReentrantGuard<'a, T>(&'a ReentrantLock<T>, PhantomData<*const ()>);

impl<T> ReentrantLock<T> {
    pub fn new(value: T) -> Self {
        let (owner, depth) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { owner, depth, is_held: Mutex::new(false), free: Condvar::new(), value }
    }

    pub fn lock(&self) -> ReentrantGuard<'_, T> {
        let me = ME.with(|me| *me);
        if self.owner.load(Relaxed) != me {
            let is_held = self.is_held.lock().unwrap();
            *self.free.wait_while(is_held, |is_held| *is_held).unwrap() = true;
            self.owner.store(me, Relaxed);
        }
        self.depth.store(self.depth.load(Relaxed) + 1, Relaxed);
        ReentrantGuard(self, PhantomData)
    }
}

impl<T> Deref for ReentrantGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T> Drop for ReentrantGuard<'_, T> {
    fn drop(&mut self) {
        let left = self.0.depth.load(Relaxed) - 1;
        self.0.depth.store(left, Relaxed);
        if left == 0 {
            self.0.owner.store(0, Relaxed);
            *self.0.is_held.lock().unwrap() = false;
            self.0.free.notify_all();
        }
    }
}
