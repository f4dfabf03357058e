//! Variant: a heap of numbered items, whose number says the order; one condition variable, and everybody is woken.

use crate::api::{Closed, GetError, Order};
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::num::NonZeroUsize;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Debug)]
struct Numbered<T> {
    order: Order,
    number: u64,
    item: T,
}

impl<T: Ord> Ord for Numbered<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        match self.order {
            Order::Fifo => other.number.cmp(&self.number),
            Order::Lifo => self.number.cmp(&other.number),
            Order::Priority => other.item.cmp(&self.item).then_with(|| other.number.cmp(&self.number)),
        }
    }
}

impl<T: Ord> PartialOrd for Numbered<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Ord> PartialEq for Numbered<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T: Ord> Eq for Numbered<T> {}

#[derive(Debug)]
struct Inside<T> {
    items: BinaryHeap<Numbered<T>>,
    put: u64,
    taken: u64,
    done: u64,
    open: bool,
}

#[derive(Debug)]
pub struct Queue<T> {
    order: Order,
    capacity: NonZeroUsize,
    inside: Mutex<Inside<T>>,
    bell: Condvar,
}

impl<T: Ord + Send> Queue<T> {
    pub fn bounded(order: Order, capacity: NonZeroUsize) -> Self {
        let inside = Inside { items: BinaryHeap::new(), put: 0, taken: 0, done: 0, open: true };
        Self { order, capacity, inside: Mutex::new(inside), bell: Condvar::new() }
    }

    fn inside(&self) -> MutexGuard<'_, Inside<T>> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sleep<'a>(&self, inside: MutexGuard<'a, Inside<T>>) -> MutexGuard<'a, Inside<T>> {
        self.bell.wait(inside).unwrap_or_else(PoisonError::into_inner)
    }

    pub fn put(&self, item: T) -> Result<(), Closed<T>> {
        let mut inside = self.inside();
        loop {
            if !inside.open {
                return Err(Closed(item));
            }
            if inside.items.len() < self.capacity.get() {
                break;
            }
            inside = self.sleep(inside);
        }
        let number = inside.put;
        inside.put += 1;
        inside.items.push(Numbered { order: self.order, number, item });
        self.bell.notify_all();
        Ok(())
    }

    fn take(&self, inside: &mut Inside<T>) -> Option<Result<T, GetError>> {
        if let Some(next) = inside.items.pop() {
            inside.taken += 1;
            self.bell.notify_all();
            return Some(Ok(next.item));
        }
        (!inside.open).then_some(Err(GetError::Closed))
    }

    pub fn get(&self) -> Result<T, GetError> {
        let mut inside = self.inside();
        loop {
            if let Some(end) = self.take(&mut inside) {
                return end;
            }
            inside = self.sleep(inside);
        }
    }

    pub fn try_get(&self) -> Result<T, GetError> {
        self.take(&mut self.inside()).unwrap_or(Err(GetError::Empty))
    }

    pub fn get_timeout(&self, limit: Duration) -> Result<T, GetError> {
        let end = Instant::now().checked_add(limit);
        let mut inside = self.inside();
        loop {
            if let Some(end) = self.take(&mut inside) {
                return end;
            }
            inside = match end.map(|end| end.saturating_duration_since(Instant::now())) {
                None => self.sleep(inside),
                Some(Duration::ZERO) => return Err(GetError::TimedOut),
                Some(left) => self.bell.wait_timeout(inside, left).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
    }

    pub fn task_done(&self) {
        let mut inside = self.inside();
        if inside.done == inside.taken {
            drop(inside);
            panic!("nothing is left to be done");
        }
        inside.done += 1;
        self.bell.notify_all();
    }

    pub fn join(&self) {
        let mut inside = self.inside();
        while inside.done < inside.put {
            inside = self.sleep(inside);
        }
    }

    pub fn close(&self) {
        self.inside().open = false;
        self.bell.notify_all();
    }
}
