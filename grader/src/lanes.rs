//! Doing several pieces of work at the same time.
//!
//! Knows no piece from another and judges nothing.

use crate::error::{GraderError, Result};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};

/// How much of a lane a piece of work needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// A processor, for most of its time.
    Whole,
    /// A quarter of one: mostly it waits and watches.
    Quarter,
}

/// Lanes that several callers share: however many pieces of work are asked for, and by whom, no more of them are
/// under way than there are lanes. Who came first goes first.
#[derive(Debug)]
pub struct Lanes {
    count: usize,
    queue: Mutex<Queue>,
}

#[derive(Debug)]
struct Queue {
    free_quarters: usize,
    /// Who waits, in the order in which they came. Hundreds may wait: only the first is ever woken.
    waiting: VecDeque<Thread>,
}

impl Queue {
    fn wake_first(&self) {
        if let Some(first) = self.waiting.front() {
            first.unpark();
        }
    }
}

impl Load {
    fn quarters(self) -> usize {
        match self {
            Load::Whole => 4,
            Load::Quarter => 1,
        }
    }
}

impl Lanes {
    /// `count` lanes, or one if that is 0.
    pub fn new(count: usize) -> Self {
        let count = count.max(1);
        let queue = Queue { free_quarters: 4 * count, waiting: VecDeque::new() };
        Self { count, queue: Mutex::new(queue) }
    }

    /// How many pieces of work are under way at the same time, if each needs a [quarter](Load::Quarter) of a lane.
    pub fn quarters(&self) -> usize {
        4 * self.count
    }

    /// Does one piece of work in these lanes. Blocks until there is room, and until it is done.
    ///
    /// Work must not ask for more of the lanes that it is in: it could wait for itself.
    pub fn run<T>(&self, load: Load, work: impl FnOnce() -> T) -> T {
        let _room = self.enter(load);
        work()
    }

    /// As [`for_each`], in these lanes.
    ///
    /// # Errors
    ///
    /// As [`for_each`].
    pub fn for_each<T: Send>(
        &self,
        count: usize,
        load: Load,
        work: impl Fn(usize) -> Result<T> + Sync,
    ) -> Result<Vec<T>> {
        let most = self.quarters() / load.quarters();
        for_each(count, most, |number| self.run(load, || work(number)))
    }

    fn enter(&self, load: Load) -> Room<'_> {
        let quarters = load.quarters();
        let mut queue = self.locked();
        let this = thread::current();
        queue.waiting.push_back(this.clone());
        while queue.waiting.front().map(Thread::id) != Some(this.id()) || queue.free_quarters < quarters {
            drop(queue);
            thread::park();
            queue = self.locked();
        }
        queue.free_quarters -= quarters;
        queue.waiting.pop_front();
        queue.wake_first();
        Room { lanes: self, quarters }
    }

    fn locked(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Room for a piece of work; given back when it is done, also by a panic.
struct Room<'a> {
    lanes: &'a Lanes,
    quarters: usize,
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        let mut queue = self.lanes.locked();
        queue.free_quarters += self.quarters;
        queue.wake_first();
    }
}

/// Calls `work` with the numbers from 0 to `count` - 1, `lanes` at the same time and begun in their
/// order, and returns what came of each, in their order too. Blocks until all are done.
///
/// # Errors
///
/// The first error in that order.
pub fn for_each<T: Send>(
    count: usize,
    lanes: usize,
    work: impl Fn(usize) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<Result<T>>>> = (0..count).map(|_| Mutex::new(None)).collect();
    thread::scope(|scope| {
        for _ in 0..lanes.clamp(1, count.max(1)) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(place) = results.get(number) else { return };
                    let result = work(number);
                    *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
                }
            });
        }
    });
    let done = |result: Mutex<Option<Result<T>>>| {
        let result = result.into_inner().unwrap_or_else(PoisonError::into_inner);
        result.unwrap_or_else(|| Err(GraderError::bug("a piece of work was left out")))
    };
    results.into_iter().map(done).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_hold_no_more_than_they_are_for_and_lose_nobody() {
        let lanes = Lanes::new(2);
        let (quarters, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let busy = |load: Load| {
            let now = quarters.fetch_add(load.quarters(), Ordering::SeqCst) + load.quarters();
            most.fetch_max(now, Ordering::SeqCst);
            thread::yield_now();
            quarters.fetch_sub(load.quarters(), Ordering::SeqCst);
        };
        let ask = |load: Load| lanes.for_each(200, load, |number| Ok((busy(load), number).1)).unwrap();
        thread::scope(|scope| {
            let asked = [Load::Whole, Load::Quarter, Load::Whole].map(|load| scope.spawn(move || ask(load)));
            for done in asked {
                assert_eq!(done.join().unwrap(), (0..200).collect::<Vec<_>>());
            }
        });
        assert!(most.into_inner() <= lanes.quarters());
        let panics = || lanes.run(Load::Whole, || panic!("in a lane"));
        for _ in 0..3 {
            assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics)).is_err());
        }
        assert_eq!(lanes.run(Load::Quarter, || 7), 7);
    }

    #[test]
    fn results_come_in_order_and_the_first_error_wins() {
        let doubled = for_each(100, 7, |number| Ok(2 * number)).unwrap();
        assert_eq!(doubled, (0..100).map(|number| 2 * number).collect::<Vec<_>>());
        let fails = |number: usize| {
            if number % 10 == 3 { Err(GraderError::bug(number.to_string())) } else { Ok(number) }
        };
        assert!(for_each(100, 7, fails).unwrap_err().to_string().ends_with('3'));
        assert!(for_each(0, 7, fails).unwrap().is_empty());
    }
}
