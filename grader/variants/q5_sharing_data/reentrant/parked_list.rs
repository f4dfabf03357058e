//! Variant: every thread counts for itself how deep it is in which lock; an atomic flag and a list of parked threads do the rest.

use std::cell::RefCell;
use std::collections::HashMap;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::{Acquire, Relaxed, Release}};
use std::thread::{self, Thread};

static NEXT: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static DEPTHS: RefCell<HashMap<u64, usize>> = RefCell::default();
}

#[derive(Debug)]
pub struct ReentrantLock<T> {
    name: u64,
    is_held: AtomicBool,
    waiting: Mutex<Vec<Thread>>,
    value: T,
}

#[derive(Debug)]
pub struct ReentrantGuard<'a, T> {
    lock: &'a ReentrantLock<T>,
    stays: PhantomData<*const ()>,
}

impl<T> ReentrantLock<T> {
    pub fn new(value: T) -> Self {
        let name = NEXT.fetch_add(1, Relaxed);
        Self { name, is_held: AtomicBool::new(false), waiting: Mutex::default(), value }
    }

    pub fn lock(&self) -> ReentrantGuard<'_, T> {
        if self.depth(|depth| *depth) == 0 {
            while self.is_held.swap(true, Acquire) {
                self.waiting.lock().unwrap().push(thread::current());
                // It may have come free before this thread was in the list.
                if !self.is_held.swap(true, Acquire) {
                    break;
                }
                thread::park();
            }
        }
        self.depth(|depth| *depth += 1);
        ReentrantGuard { lock: self, stays: PhantomData }
    }

    fn depth<R>(&self, look: impl FnOnce(&mut usize) -> R) -> R {
        DEPTHS.with_borrow_mut(|depths| look(depths.entry(self.name).or_default()))
    }
}

impl<T> Deref for ReentrantGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.lock.value
    }
}

impl<T> Drop for ReentrantGuard<'_, T> {
    fn drop(&mut self) {
        let left = self.lock.depth(|depth| {
            *depth -= 1;
            *depth
        });
        if left == 0 {
            self.lock.is_held.store(false, Release);
            let waiting = std::mem::take(&mut *self.lock.waiting.lock().unwrap());
            waiting.iter().for_each(Thread::unpark);
        }
    }
}
