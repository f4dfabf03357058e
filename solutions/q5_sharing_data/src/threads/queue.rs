//! A queue: everything that must change in one step under one mutex, and a condition variable for each thing to wait for.

use crate::api::{Closed, GetError, Order};
use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Hands items from thread to thread. Any number of threads may use it at once.
#[derive(Debug)]
pub struct Queue<T> {
    order: Order,
    capacity: usize,
    state: Mutex<State<T>>,
    // Each thing has its own: with a single one `notify_one` may wake a thread that cannot use what came.
    has_item: Condvar,
    has_place: Condvar,
    all_done: Condvar,
}

#[derive(Debug)]
struct State<T> {
    items: VecDeque<T>,
    /// Items that were put and are not done: those here, and those that were taken.
    unfinished: usize,
    closed: bool,
}

impl<T: Ord + Send> Queue<T> {
    /// Makes an empty queue that holds `capacity` items at most.
    pub fn bounded(order: Order, capacity: NonZeroUsize) -> Self {
        let state = Mutex::new(State { items: VecDeque::new(), unfinished: 0, closed: false });
        let [has_item, has_place, all_done] = [const { Condvar::new() }; 3];
        Self { order, capacity: capacity.get(), state, has_item, has_place, all_done }
    }

    /// Puts an item in; waits as long as the queue is full.
    pub fn put(&self, item: T) -> Result<(), Closed<T>> {
        let mut state =
            self.wait(&self.has_place, |state| state.items.len() == self.capacity && !state.closed);
        if state.closed {
            return Err(Closed(item));
        }
        // The smallest is kept in front; behind its equals, so that equal ones stay in the order in which they came.
        let place = match self.order {
            Order::Fifo | Order::Lifo => state.items.len(),
            Order::Priority => state.items.partition_point(|other| *other <= item),
        };
        state.items.insert(place, item);
        state.unfinished += 1;
        self.has_item.notify_one();
        Ok(())
    }

    /// Takes the next item; waits as long as there is none.
    pub fn get(&self) -> Result<T, GetError> {
        self.take(self.wait(&self.has_item, |state| state.items.is_empty() && !state.closed))
    }

    /// Takes the next item if there is one.
    pub fn try_get(&self) -> Result<T, GetError> {
        self.take(self.lock())
    }

    /// Takes the next item; gives up when it has waited for `limit`.
    pub fn get_timeout(&self, limit: Duration) -> Result<T, GetError> {
        let start = Instant::now();
        let mut state = self.lock();
        // An item that is there is taken, whatever the clock says: nobody might be notified of it again.
        while state.items.is_empty() && !state.closed {
            let left = limit.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Err(GetError::TimedOut);
            }
            state = self.has_item.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        self.take(state)
    }

    /// Says that the work on one item that was taken before is done.
    pub fn task_done(&self) {
        let mut state = self.lock();
        assert!(state.unfinished > state.items.len(), "more items are done than were taken");
        state.unfinished -= 1;
        if state.unfinished == 0 {
            self.all_done.notify_all();
        }
    }

    /// Waits until every item that was put has been taken and is done.
    pub fn join(&self) {
        drop(self.wait(&self.all_done, |state| state.unfinished > 0));
    }

    /// Closes the queue.
    pub fn close(&self) {
        self.lock().closed = true;
        self.has_item.notify_all();
        self.has_place.notify_all();
    }

    fn take(&self, mut state: MutexGuard<'_, State<T>>) -> Result<T, GetError> {
        let item = match self.order {
            Order::Lifo => state.items.pop_back(),
            Order::Fifo | Order::Priority => state.items.pop_front(),
        };
        if item.is_some() {
            self.has_place.notify_one();
        }
        item.ok_or(if state.closed { GetError::Closed } else { GetError::Empty })
    }

    /// Waits as long as it must: a wake-up may come for no reason, and another thread may have been faster. A loop and not
    /// `wait_while`, which no longer waits once somebody has panicked.
    fn wait(&self, on: &Condvar, must: impl Fn(&State<T>) -> bool) -> MutexGuard<'_, State<T>> {
        let mut state = self.lock();
        while must(&state) {
            state = on.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state
    }

    /// A panic comes before anything has changed, so poison means nothing here.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
