//! Variant: an append-only chain of steps, no lock around a step; `inspect` holds everybody off.
//!
//! The history *is* the list: a chain of steps to which whoever comes first may append. A step
//! is taken at the one moment in which `OnceLock::set` succeeds on the last link.

#![forbid(unsafe_code)]

mod api;
pub use api::*;

use ::std::{
    fmt, iter,
    ops::Range,
    panic,
    sync::{Arc, OnceLock, PoisonError, RwLock, Weak},
    thread,
};

/// One step, and what is true right after it.
struct Link {
    event: Option<Event>,
    index: usize,
    len: usize,
    /// The link whose number was removed last; dangling before the first removal.
    taken: Weak<Link>,
    next: OnceLock<Arc<Link>>,
}

impl Drop for Link {
    /// Takes the chain apart link by link: a recursion could run out of stack.
    fn drop(&mut self) {
        let mut rest = self.next.take();
        while let Some(link) = rest {
            rest = Arc::into_inner(link).and_then(|mut link| link.next.take());
        }
    }
}

/// A list of numbers that many threads may use at once, first in, first out.
pub struct NumberList {
    /// Steps go through it side by side (shared); a look closes it (exclusive).
    gate: RwLock<()>,
    root: Arc<Link>,
    /// Some link near the end. Only an abbreviation.
    near: RwLock<Arc<Link>>,
}

fn from(link: Arc<Link>) -> impl Iterator<Item = Arc<Link>> {
    iter::successors(Some(link), |link| link.next.get().cloned())
}

impl NumberList {
    /// Makes an empty list with an empty history.
    pub fn new() -> Self {
        let root = Arc::new(Link {
            event: None,
            index: 0,
            len: 0,
            taken: Weak::new(),
            next: OnceLock::new(),
        });
        Self { gate: RwLock::new(()), near: RwLock::new(Arc::clone(&root)), root }
    }

    fn last(&self) -> Arc<Link> {
        let near = Arc::clone(&self.near.read().unwrap_or_else(PoisonError::into_inner));
        from(near).last().expect("there is at least the first")
    }

    /// The links of the added numbers that had not been removed when `last` was the last.
    fn waiting(&self, last: &Link) -> impl Iterator<Item = (u64, Arc<Link>)> {
        let start = last.taken.upgrade().unwrap_or_else(|| Arc::clone(&self.root));
        from(start)
            .skip(1)
            .filter_map(|link| match link.event {
                Some(Event::Added(number)) => Some((number, link)),
                _ => None,
            })
            .take(last.len)
    }

    fn step<R>(&self, plan: impl Fn(&Arc<Link>) -> (Event, usize, Weak<Link>, R)) -> R {
        let _open = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        loop {
            let last = self.last();
            let (event, len, taken, answer) = plan(&last);
            let link = Arc::new(Link {
                event: Some(event),
                index: last.index + 1,
                len,
                taken,
                next: OnceLock::new(),
            });
            if last.next.set(Arc::clone(&link)).is_ok() {
                let mut near = self.near.write().unwrap_or_else(PoisonError::into_inner);
                if near.index < link.index {
                    *near = link;
                }
                return answer;
            }
        }
    }

    /// Adds `number` at the end and records [`Event::Added`].
    pub fn add(&self, number: u64) {
        self.step(|last| (Event::Added(number), last.len + 1, last.taken.clone(), ()))
    }

    /// Takes the oldest number and records [`Event::Removed`], or [`Event::Empty`].
    pub fn remove(&self) -> Option<u64> {
        self.step(|last| match self.waiting(last).next() {
            Some((number, link)) => {
                (Event::Removed(number), last.len - 1, Arc::downgrade(&link), Some(number))
            }
            None => (Event::Empty, 0, last.taken.clone(), None),
        })
    }

    /// Says how many numbers are in the list.
    pub fn len(&self) -> usize {
        self.last().len
    }

    /// Says whether the list holds no number.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns every step so far.
    pub fn history(&self) -> Vec<Event> {
        from(Arc::clone(&self.root)).filter_map(|link| link.event).collect()
    }

    /// Shows the numbers, oldest first, to `look`, while nobody can change them.
    pub fn inspect(&self, look: &mut dyn FnMut(&[u64])) {
        let _closed = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        let numbers: Vec<u64> = self.waiting(&self.last()).map(|(number, _)| number).collect();
        look(&numbers);
    }

    /// Ends the list and returns the numbers that are left, oldest first.
    pub fn into_numbers(self) -> Vec<u64> {
        self.waiting(&self.last()).map(|(number, _)| number).collect()
    }
}

impl Default for NumberList {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for NumberList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.history()).finish()
    }
}

/// Halves and halves again: in order, and never deep.
fn each(steps: Range<usize>, step: &dyn Fn(usize)) {
    match steps.len() {
        0 => {}
        1 => step(steps.start),
        len => {
            let middle = steps.start + len / 2;
            each(steps.start..middle, step);
            each(middle..steps.end, step);
        }
    }
}

/// Lets one thread add all `numbers` while another tries `removals` times to remove.
///
/// # Panics
///
/// If `pause` panics.
pub fn add_and_remove(numbers: &[u64], removals: usize, pause: &(dyn Fn() + Sync)) -> NumberList {
    let list = NumberList::new();
    let shared = &list;
    let ends = thread::scope(|scope| {
        let adder = scope.spawn(move || {
            each(0..numbers.len(), &|at| {
                shared.add(numbers[at]);
                pause();
            })
        });
        let remover = scope.spawn(move || {
            each(0..removals, &|_| {
                shared.remove();
                pause();
            })
        });
        [adder, remover].map(|thread| thread.join())
    });
    for end in ends {
        end.unwrap_or_else(|payload| panic::resume_unwind(payload));
    }
    list
}
