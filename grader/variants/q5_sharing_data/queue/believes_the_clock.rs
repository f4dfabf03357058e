//! Variant: when the clock says that the time is up, it gives up without another look; whoever puts notifies after it has
//! let the lock go, and a sorted list serves all orders.

use crate::api::{Closed, GetError, Order};
use std::num::NonZeroUsize;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Debug)]
struct Inside<T> {
    /// The next one is the last.
    items: Vec<T>,
    in_hand: usize,
    closed: bool,
}

#[derive(Debug)]
pub struct Queue<T> {
    order: Order,
    capacity: usize,
    inside: Mutex<Inside<T>>,
    came: Condvar,
    left: Condvar,
    idle: Condvar,
}

impl<T: Ord + Send> Queue<T> {
    pub fn bounded(order: Order, capacity: NonZeroUsize) -> Self {
        Self {
            order,
            capacity: capacity.get(),
            inside: Mutex::new(Inside { items: vec![], in_hand: 0, closed: false }),
            came: Condvar::new(),
            left: Condvar::new(),
            idle: Condvar::new(),
        }
    }

    fn inside(&self) -> MutexGuard<'_, Inside<T>> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn put(&self, item: T) -> Result<(), Closed<T>> {
        let mut inside = self.inside();
        while !inside.closed && inside.items.len() >= self.capacity {
            inside = self.left.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
        if inside.closed {
            return Err(Closed(item));
        }
        let place = match self.order {
            Order::Fifo => 0,
            Order::Lifo => inside.items.len(),
            Order::Priority => {
                inside.items.iter().position(|other| *other <= item).unwrap_or(inside.items.len())
            }
        };
        inside.items.insert(place, item);
        drop(inside);
        self.came.notify_one();
        Ok(())
    }

    fn take(&self, mut inside: MutexGuard<'_, Inside<T>>) -> Result<T, GetError> {
        let Some(item) = inside.items.pop() else {
            return Err(if inside.closed { GetError::Closed } else { GetError::Empty });
        };
        inside.in_hand += 1;
        drop(inside);
        self.left.notify_one();
        Ok(item)
    }

    pub fn get(&self) -> Result<T, GetError> {
        let mut inside = self.inside();
        while inside.items.is_empty() && !inside.closed {
            inside = self.came.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
        self.take(inside)
    }

    pub fn try_get(&self) -> Result<T, GetError> {
        self.take(self.inside())
    }

    pub fn get_timeout(&self, limit: Duration) -> Result<T, GetError> {
        let start = Instant::now();
        let mut inside = self.inside();
        while inside.items.is_empty() && !inside.closed {
            let left = limit.saturating_sub(start.elapsed());
            let (woken, wait) = self.came.wait_timeout(inside, left).unwrap_or_else(PoisonError::into_inner);
            if wait.timed_out() {
                return Err(GetError::TimedOut);
            }
            inside = woken;
        }
        self.take(inside)
    }

    pub fn task_done(&self) {
        let mut inside = self.inside();
        inside.in_hand = inside.in_hand.checked_sub(1).expect("nothing is in anybody's hands");
        if inside.in_hand == 0 && inside.items.is_empty() {
            self.idle.notify_all();
        }
    }

    pub fn join(&self) {
        let mut inside = self.inside();
        while inside.in_hand > 0 || !inside.items.is_empty() {
            inside = self.idle.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub fn close(&self) {
        let mut inside = self.inside();
        inside.closed = true;
        self.came.notify_all();
        self.left.notify_all();
    }
}
