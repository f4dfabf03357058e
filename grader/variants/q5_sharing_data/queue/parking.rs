//! Variant: whoever waits signs a list and parks; everything that changes calls all who have signed.

use crate::api::{Closed, GetError, Order};
use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

#[derive(Debug)]
struct Inside<T> {
    items: VecDeque<(u64, T)>,
    number: u64,
    unfinished: usize,
    closed: bool,
    sleepers: Vec<Thread>,
}

impl<T> Inside<T> {
    fn call_all(&mut self) {
        self.sleepers.drain(..).for_each(|sleeper| sleeper.unpark());
    }
}

#[derive(Debug)]
pub struct Queue<T> {
    order: Order,
    capacity: usize,
    inside: Mutex<Inside<T>>,
}

impl<T: Ord + Send> Queue<T> {
    pub fn bounded(order: Order, capacity: NonZeroUsize) -> Self {
        let (items, sleepers) = (VecDeque::new(), Vec::new());
        let inside = Inside { items, number: 0, unfinished: 0, closed: false, sleepers };
        Self { order, capacity: capacity.get(), inside: Mutex::new(inside) }
    }

    /// Asks again and again, parked in between; `None` when the limit has passed.
    fn wait<R>(
        &self,
        limit: Option<Duration>,
        mut ask: impl FnMut(&mut Inside<T>) -> Option<R>,
    ) -> Option<R> {
        let start = Instant::now();
        loop {
            let mut inside = self.inside.lock().expect("nobody panics with the lock");
            if let Some(answer) = ask(&mut inside) {
                return Some(answer);
            }
            let left = limit.map(|limit| limit.saturating_sub(start.elapsed()));
            if left == Some(Duration::ZERO) {
                return None;
            }
            inside.sleepers.push(thread::current());
            drop(inside);
            match left {
                Some(left) => thread::park_timeout(left),
                None => thread::park(),
            }
        }
    }

    pub fn put(&self, item: T) -> Result<(), Closed<T>> {
        let mut item = Some(item);
        let end = self.wait(None, |inside| {
            if inside.closed {
                return item.take().map(|item| Err(Closed(item)));
            }
            if inside.items.len() == self.capacity {
                return None;
            }
            inside.number += 1;
            let number = inside.number;
            inside.items.extend(item.take().map(|item| (number, item)));
            inside.unfinished += 1;
            inside.call_all();
            Some(Ok(()))
        });
        end.expect("there is no limit")
    }

    fn take(&self, inside: &mut Inside<T>) -> Option<Result<T, GetError>> {
        let numbered = inside.items.iter().enumerate();
        let next = match self.order {
            Order::Fifo => numbered.min_by_key(|(_, (number, _))| *number),
            Order::Lifo => numbered.max_by_key(|(_, (number, _))| *number),
            Order::Priority => numbered.min_by(|(_, a), (_, b)| a.1.cmp(&b.1).then(a.0.cmp(&b.0))),
        };
        let place = next.map(|(place, _)| place);
        let Some((_, item)) = place.and_then(|place| inside.items.swap_remove_back(place)) else {
            return inside.closed.then_some(Err(GetError::Closed));
        };
        inside.call_all();
        Some(Ok(item))
    }

    pub fn get(&self) -> Result<T, GetError> {
        self.wait(None, |inside| self.take(inside)).expect("there is no limit")
    }

    pub fn try_get(&self) -> Result<T, GetError> {
        self.wait(Some(Duration::ZERO), |inside| self.take(inside)).unwrap_or(Err(GetError::Empty))
    }

    pub fn get_timeout(&self, limit: Duration) -> Result<T, GetError> {
        self.wait(Some(limit), |inside| self.take(inside)).unwrap_or(Err(GetError::TimedOut))
    }

    pub fn task_done(&self) {
        let mut inside = self.inside.lock().expect("nobody panics with the lock");
        let is_one_too_many = inside.unfinished == inside.items.len();
        if !is_one_too_many {
            inside.unfinished -= 1;
            inside.call_all();
        }
        drop(inside);
        assert!(!is_one_too_many, "there was nothing to be done");
    }

    pub fn join(&self) {
        self.wait(None, |inside| (inside.unfinished == 0).then_some(()));
    }

    pub fn close(&self) {
        let mut inside = self.inside.lock().expect("nobody panics with the lock");
        inside.closed = true;
        inside.call_all();
    }
}
