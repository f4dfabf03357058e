//! Impostor: `join` first looks at a counter without the lock, and sees the number without what was written before.
//! Loses: q5.queue_join StaleRead
//! Tempting: a glance at an atomic is cheaper than a lock.

use crate::api::{Closed, GetError, Order};
use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Debug)]
pub struct Queue<T> {
    order: Order,
    capacity: usize,
    state: Mutex<State<T>>,
    changed: Condvar,
    unfinished: AtomicUsize,
}

#[derive(Debug)]
struct State<T> {
    items: VecDeque<T>,
    closed: bool,
}

impl<T: Ord + Send> Queue<T> {
    pub fn bounded(order: Order, capacity: NonZeroUsize) -> Self {
        let state = Mutex::new(State { items: VecDeque::new(), closed: false });
        let (changed, unfinished) = (Condvar::new(), AtomicUsize::new(0));
        Self { order, capacity: capacity.get(), state, changed, unfinished }
    }

    pub fn put(&self, item: T) -> Result<(), Closed<T>> {
        let mut state = self.lock();
        while state.items.len() == self.capacity && !state.closed {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.closed {
            return Err(Closed(item));
        }
        let place = match self.order {
            Order::Fifo | Order::Lifo => state.items.len(),
            Order::Priority => state.items.partition_point(|other| *other <= item),
        };
        state.items.insert(place, item);
        self.unfinished.fetch_add(1, Ordering::Relaxed);
        self.changed.notify_all();
        Ok(())
    }

    pub fn get(&self) -> Result<T, GetError> {
        let mut state = self.lock();
        loop {
            match self.take(&mut state) {
                Err(GetError::Empty) => {}
                end => return end,
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub fn try_get(&self) -> Result<T, GetError> {
        self.take(&mut self.lock())
    }

    pub fn get_timeout(&self, limit: Duration) -> Result<T, GetError> {
        let start = Instant::now();
        let mut state = self.lock();
        loop {
            match self.take(&mut state) {
                Err(GetError::Empty) => {}
                end => return end,
            }
            let left = limit.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Err(GetError::TimedOut);
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    pub fn task_done(&self) {
        let state = self.lock();
        assert!(self.unfinished.load(Ordering::Relaxed) > state.items.len(), "more are done than were taken");
        if self.unfinished.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.changed.notify_all();
        }
    }

    pub fn join(&self) {
        if self.unfinished.load(Ordering::Relaxed) == 0 {
            return;
        }
        let mut state = self.lock();
        while self.unfinished.load(Ordering::Relaxed) > 0 {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn take(&self, state: &mut State<T>) -> Result<T, GetError> {
        let item = match self.order {
            Order::Lifo => state.items.pop_back(),
            Order::Fifo | Order::Priority => state.items.pop_front(),
        };
        if item.is_some() {
            self.changed.notify_all();
        }
        item.ok_or(if state.closed { GetError::Closed } else { GetError::Empty })
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
