//! A queue between threads: first in first out, last in first out, or the smallest first (`queue.Queue` and its kin).

use crate::api::{Closed, GetError, Order};
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::time::Duration;

/// Hands items from thread to thread. Any number of threads may use it at once.
#[derive(Debug)]
pub struct Queue<T> {
    // TODO 1/4: what belongs together under one lock? And who waits for what?
    items: PhantomData<T>,
}

impl<T: Ord + Send> Queue<T> {
    /// Makes an empty queue that holds `capacity` items at most: a limit and no reservation, `NonZeroUsize::MAX` is fine,
    /// and so is every other.
    ///
    /// Every item that is put comes out once, in this order. What a thread wrote before `put` is visible to whoever gets the item.
    pub fn bounded(order: Order, capacity: NonZeroUsize) -> Self {
        let _ = PhantomData::<T>;
        todo!("make a queue of {capacity} places, {order:?}")
    }

    /// Puts an item in; waits, without using the processor, as long as the queue is full.
    ///
    /// A place that becomes free lets a thread that waits for it go on at once.
    ///
    /// # Errors
    ///
    /// [`Closed`] with the item when the queue is closed, also when it is closed while this thread waits. The item was
    /// never put then, and [`Queue::join`] does not wait for it.
    pub fn put(&self, item: T) -> Result<(), Closed<T>> {
        // TODO 2/4: a thread may wake up for no reason, and another may have been faster.
        let _ = item;
        todo!("wait for a free place and put the item there")
    }

    /// Takes the next item; waits, without using the processor, as long as there is none.
    ///
    /// An item that comes lets a thread that waits for one go on at once.
    ///
    /// # Errors
    ///
    /// [`GetError::Closed`] when the queue is closed and nothing is left in it, also when that comes about while this
    /// thread waits.
    pub fn get(&self) -> Result<T, GetError> {
        todo!("wait for an item and take it")
    }

    /// Takes the next item if there is one; never waits for one.
    ///
    /// # Errors
    ///
    /// [`GetError::Empty`] when there is none, [`GetError::Closed`] when the queue is closed as well.
    pub fn try_get(&self) -> Result<T, GetError> {
        todo!("take an item if there is one")
    }

    /// Takes the next item; gives up when it has waited for `limit`, not earlier and not later.
    ///
    /// The limit may be any: from zero, which is a try, to `Duration::MAX`. An item that comes just as a thread gives
    /// up is not lost.
    ///
    /// # Errors
    ///
    /// [`GetError::TimedOut`] when it gives up, [`GetError::Closed`] as with [`Queue::get`].
    pub fn get_timeout(&self, limit: Duration) -> Result<T, GetError> {
        // TODO 3/4: which time is left after a wake-up?
        todo!("wait for an item, {limit:?} at most")
    }

    /// Says that the work on one item that was taken before is done.
    ///
    /// # Panics
    ///
    /// When it is called more often than items were taken; the queue is as usable as before.
    pub fn task_done(&self) {
        todo!("count an item that is done")
    }

    /// Waits, without using the processor, until every item that was put has been taken and is done, also those that are
    /// put while it waits. Whoever waits goes on at once then; what a thread wrote before its `task_done` is visible
    /// afterwards.
    pub fn join(&self) {
        todo!("wait until everything is done")
    }

    /// Closes the queue: from now on `put` fails, `get` takes what is left, and [`Queue::join`] waits for it as before.
    ///
    /// Everybody who waits for an item, with a limit or without, or for a place learns of it at once. To close twice is to close once.
    pub fn close(&self) {
        // TODO 4/4: who has to be woken, and how many?
        todo!("close the queue")
    }
}
