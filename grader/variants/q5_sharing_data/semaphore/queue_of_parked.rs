//! Variant: whoever waits stands in a queue and is parked; a permit that comes back is handed to the first of them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

#[derive(Debug)]
pub struct Semaphore {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    free: usize,
    queue: VecDeque<Arc<Waiter>>,
}

#[derive(Debug)]
struct Waiter {
    thread: Thread,
    served: AtomicBool,
}

#[derive(Debug)]
pub struct Permit<'a>(&'a Semaphore);

impl Semaphore {
    pub fn new(permits: usize) -> Self {
        Self { state: Mutex::new(State { free: permits, queue: VecDeque::new() }) }
    }

    pub fn acquire(&self) -> Permit<'_> {
        match self.wait(None) {
            Some(permit) => permit,
            None => unreachable!("without a limit nobody gives up"),
        }
    }

    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        let mut state = self.state.lock().unwrap();
        if state.free == 0 {
            return None;
        }
        state.free -= 1;
        Some(Permit(self))
    }

    pub fn acquire_timeout(&self, limit: Duration) -> Option<Permit<'_>> {
        self.wait(Some(limit))
    }

    pub fn available(&self) -> usize {
        self.state.lock().unwrap().free
    }

    fn wait(&self, limit: Option<Duration>) -> Option<Permit<'_>> {
        let start = Instant::now();
        let me = {
            let mut state = self.state.lock().unwrap();
            if state.free > 0 {
                state.free -= 1;
                return Some(Permit(self));
            }
            let me = Arc::new(Waiter { thread: thread::current(), served: AtomicBool::new(false) });
            state.queue.push_back(me.clone());
            me
        };
        while !me.served.load(Ordering::Acquire) {
            let Some(limit) = limit else {
                thread::park();
                continue;
            };
            match limit.checked_sub(start.elapsed()) {
                Some(left) if left > Duration::ZERO => thread::park_timeout(left),
                _ => {
                    let mut state = self.state.lock().unwrap();
                    // Served at the last moment: then the permit is taken all the same.
                    if me.served.load(Ordering::Acquire) {
                        break;
                    }
                    state.queue.retain(|other| !Arc::ptr_eq(other, &me));
                    return None;
                }
            }
        }
        Some(Permit(self))
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock().unwrap_or_else(|poison| poison.into_inner());
        match state.queue.pop_front() {
            Some(next) => {
                next.served.store(true, Ordering::Release);
                next.thread.unpark();
            }
            None => state.free += 1,
        }
    }
}
