//! Variant: a fair lock that is handed over by park and unpark, over atomics; the adder starts the remover.
//!
//! A fair lock of the house: who comes too late parks until it is called by name. The numbers
//! live in atomics and never move; the list is a window over them.

#![forbid(unsafe_code)]

mod api;
pub use api::*;

use ::std as rust;
use rust::collections::VecDeque;
use rust::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use rust::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use rust::sync::{self, Arc, OnceLock};
use rust::thread::{self as threads, Thread};

#[derive(Debug)]
struct Ticket {
    holder: Thread,
    called: AtomicBool,
}

#[derive(Debug, Default)]
struct Queue {
    busy: bool,
    waiting: VecDeque<Arc<Ticket>>,
}

#[derive(Debug, Default)]
struct Turnstile(sync::Mutex<Queue>);

struct Turn<'a>(&'a Turnstile);

impl Turnstile {
    fn queue(&self) -> sync::MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(sync::PoisonError::into_inner)
    }

    fn enter(&self) -> Turn<'_> {
        let mut queue = self.queue();
        if queue.busy {
            let ticket = Arc::new(Ticket {
                holder: threads::current(),
                called: AtomicBool::new(false),
            });
            queue.waiting.push_back(Arc::clone(&ticket));
            drop(queue);
            while !ticket.called.load(Acquire) {
                threads::park();
            }
        } else {
            queue.busy = true;
        }
        Turn(self)
    }
}

impl Drop for Turn<'_> {
    /// Hands the turn over to the first in the queue; it stays busy meanwhile.
    fn drop(&mut self) {
        let mut queue = self.0.queue();
        match queue.waiting.pop_front() {
            Some(ticket) => {
                ticket.called.store(true, Release);
                ticket.holder.unpark();
            }
            None => queue.busy = false,
        }
    }
}

/// Rows of 1, 2, 4, 8, ... cells: it grows, but nothing in it ever moves.
#[derive(Debug, Default)]
struct Shelf {
    rows: [OnceLock<Box<[AtomicU64]>>; 32],
    used: AtomicUsize,
}

impl Shelf {
    fn cell(&self, index: usize) -> &AtomicU64 {
        let row = (index + 1).ilog2();
        let size = 1_usize << row;
        let cells = self.rows[row as usize]
            .get_or_init(|| rust::iter::repeat_with(AtomicU64::default).take(size).collect());
        &cells[index + 1 - size]
    }

    fn push(&self, value: u64) {
        self.cell(self.used.load(Relaxed)).store(value, Relaxed);
        self.used.fetch_add(1, Relaxed);
    }

    fn all(&self, from: usize) -> impl Iterator<Item = u64> {
        (from..self.used.load(Relaxed)).map(|index| self.cell(index).load(Relaxed))
    }
}

const ADDED: u64 = 0;
const REMOVED: u64 = 1;
const EMPTY: u64 = 2;

/// A list of numbers that many threads may use at once, first in, first out.
///
/// Everything but the turnstile is touched only by the thread whose turn it is.
#[derive(Debug, Default)]
pub struct NumberList {
    turnstile: Turnstile,
    numbers: Shelf,
    gone: AtomicUsize,
    kinds: Shelf,
}

impl NumberList {
    /// Makes an empty list with an empty history.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `number` at the end and records [`Event::Added`].
    pub fn add(&self, number: u64) {
        let _turn = self.turnstile.enter();
        self.numbers.push(number);
        self.kinds.push(ADDED);
    }

    /// Takes the oldest number and records [`Event::Removed`], or [`Event::Empty`].
    pub fn remove(&self) -> Option<u64> {
        let _turn = self.turnstile.enter();
        let gone = self.gone.load(Relaxed);
        if gone == self.numbers.used.load(Relaxed) {
            self.kinds.push(EMPTY);
            return None;
        }
        self.gone.store(gone + 1, Relaxed);
        self.kinds.push(REMOVED);
        Some(self.numbers.cell(gone).load(Relaxed))
    }

    /// Says how many numbers are in the list.
    pub fn len(&self) -> usize {
        let _turn = self.turnstile.enter();
        self.numbers.used.load(Relaxed) - self.gone.load(Relaxed)
    }

    /// Says whether the list holds no number.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns every step so far: first in, first out, so the kinds of the steps say it all.
    pub fn history(&self) -> Vec<Event> {
        let _turn = self.turnstile.enter();
        let (mut coming, mut going) = (self.numbers.all(0), self.numbers.all(0));
        self.kinds
            .all(0)
            .map(|kind| match kind {
                ADDED => coming.next().map_or(Event::Empty, Event::Added),
                REMOVED => going.next().map_or(Event::Empty, Event::Removed),
                _ => Event::Empty,
            })
            .collect()
    }

    /// Shows the numbers, oldest first, to `look`, while nobody can change them.
    pub fn inspect(&self, look: &mut dyn FnMut(&[u64])) {
        let _turn = self.turnstile.enter();
        look(&self.left());
    }

    /// Ends the list and returns the numbers that are left, oldest first.
    pub fn into_numbers(self) -> Vec<u64> {
        self.left()
    }

    fn left(&self) -> Vec<u64> {
        self.numbers.all(self.gone.load(Relaxed)).collect()
    }
}

/// Lets one thread add all `numbers` while another tries `removals` times to remove.
///
/// # Panics
///
/// If `pause` panics.
pub fn add_and_remove(numbers: &[u64], removals: usize, pause: &(dyn Fn() + Sync)) -> NumberList {
    let list = NumberList::new();
    let work = &list;
    threads::scope(|scope| {
        // The adder brings the remover along, and then both are at work.
        scope.spawn(move || {
            scope.spawn(move || {
                let mut tries = 0..removals;
                while tries.next().map(|_| work.remove()).is_some() {
                    pause();
                }
            });
            for &number in numbers {
                work.add(number);
                pause();
            }
        });
    });
    list
}
