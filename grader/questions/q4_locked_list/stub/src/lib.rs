//! Question 4: one thread adds numbers to a list while another removes them.
//!
//! Make `NumberList` safe to share between threads, then let two threads work on one list.
//! Every sentence below that promises something is checked. Use what `std` offers; `unsafe` is
//! not needed and not allowed. Everything you write goes into this file.

#![forbid(unsafe_code)]

mod api;
pub use api::*;

/// A list of numbers that many threads may use at once, first in, first out.
///
/// No number is ever lost, and none is ever taken twice, whatever the threads do.
#[derive(Debug, Default)]
pub struct NumberList {
    // TODO 1/3: what must be under the lock? (Remember the history.)
}

impl NumberList {
    /// Makes an empty list with an empty history.
    pub fn new() -> Self {
        todo!("make an empty list")
    }

    /// Adds `number` at the end and records [`Event::Added`].
    pub fn add(&self, number: u64) {
        todo!("add {number} at the end of the list")
    }

    /// Takes the oldest number and records [`Event::Removed`].
    ///
    /// Removing from an empty list is `None` and records [`Event::Empty`]: never a wait, never a
    /// panic.
    pub fn remove(&self) -> Option<u64> {
        // TODO 2/3: who else can see the list between your look and your step?
        todo!("take the oldest number out of the list")
    }

    /// Says how many numbers are in the list; `len`, `is_empty`, `inspect` and `into_numbers`
    /// always agree with the steps taken so far.
    pub fn len(&self) -> usize {
        todo!("count the numbers in the list")
    }

    /// Says whether the list holds no number.
    pub fn is_empty(&self) -> bool {
        todo!("say whether the list is empty")
    }

    /// Returns every step so far, in the order in which the steps really happened.
    ///
    /// The history is what a list used by one thread at a time would have written: each step
    /// stands in it once, at a moment between the start and the end of its call.
    pub fn history(&self) -> Vec<Event> {
        todo!("copy the history")
    }

    /// Shows the numbers, oldest first, to `look`, while nobody can change them. `look` does not
    /// use the list in any other way.
    ///
    /// If `look` panics, the panic reaches the caller and the list stays usable.
    pub fn inspect(&self, look: &mut dyn FnMut(&[u64])) {
        let _ = look;
        todo!("call `look` with the numbers, oldest first")
    }

    /// Ends the list and returns the numbers that are left, oldest first.
    pub fn into_numbers(self) -> Vec<u64> {
        todo!("return the numbers that are left")
    }
}

/// Lets one thread add all `numbers`, in order, while another tries `removals` times to remove.
///
/// The steps are taken by two threads of their own, neither of them the caller, and both at work
/// at the same time. The thread that took a step calls `pause` after it: after every add, and
/// after every attempt to remove, also one that found the list empty. The lock is never held
/// while `pause` runs. Between the steps a thread never spins and never sleeps on its own: the
/// pace comes from `pause` alone.
///
/// Waits for both threads: when this function returns, both have ended. When a list has been
/// dropped, or taken apart by `into_numbers`, no thread of it is left.
///
/// # Panics
///
/// If `pause` panics in one thread, both threads end and this function panics (with any message).
/// The other thread may take its remaining steps before it ends.
pub fn add_and_remove(numbers: &[u64], removals: usize, pause: &(dyn Fn() + Sync)) -> NumberList {
    // TODO 3/3: start both threads, let them work on one list, wait for both.
    pause();
    let count = numbers.len();
    todo!("add {count} numbers in one thread while another tries {removals} times to remove")
}
