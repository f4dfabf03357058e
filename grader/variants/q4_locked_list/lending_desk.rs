//! Variant: a desk that lends the list out, one condvar for all who wait.
//!
//! A lending desk instead of a guard: who wants the list takes it home and brings it back; the
//! others wait at the desk (a lock built of a `Condvar`).

#![forbid(unsafe_code)]

mod api;
pub use api::*;

/// A place where one thing is kept that one thread at a time may borrow.
#[derive(Debug)]
struct Desk<T> {
    shelf: std::sync::Mutex<Option<T>>,
    returned: std::sync::Condvar,
}

struct Loan<'desk, T> {
    desk: &'desk Desk<T>,
    thing: Option<T>,
}

impl<T> Desk<T> {
    fn of(thing: T) -> Self {
        Self { shelf: std::sync::Mutex::new(Some(thing)), returned: std::sync::Condvar::new() }
    }

    fn borrow(&self) -> Loan<'_, T> {
        let shelf = self.shelf.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut shelf = self
            .returned
            .wait_while(shelf, |thing| thing.is_none())
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let thing = shelf.take();
        drop(shelf);
        Loan { desk: self, thing }
    }

    fn close(self) -> Option<T> {
        self.shelf.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl<T> Drop for Loan<'_, T> {
    fn drop(&mut self) {
        let mut shelf = self.desk.shelf.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *shelf = self.thing.take();
        drop(shelf);
        self.desk.returned.notify_one();
    }
}

impl<T> std::ops::Deref for Loan<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.thing.as_ref().expect("held until the drop")
    }
}

impl<T> std::ops::DerefMut for Loan<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.thing.as_mut().expect("held until the drop")
    }
}

#[derive(Debug, Default)]
struct State {
    numbers: std::collections::VecDeque<u64>,
    history: Vec<Event>,
}

/// A list of numbers that many threads may use at once, first in, first out.
#[derive(Debug)]
pub struct NumberList {
    desk: Desk<State>,
}

impl std::default::Default for NumberList {
    fn default() -> Self {
        Self { desk: Desk::of(State::default()) }
    }
}

macro_rules! questions {
    ($($(#[$note:meta])* $name:ident: $answer:ty = $state:ident => $body:expr;)*) => {
        impl NumberList {
            $(
                $(#[$note])*
                pub fn $name(&self) -> $answer {
                    let $state = self.desk.borrow();
                    $body
                }
            )*
        }
    };
}

questions! {
    /// Says how many numbers are in the list.
    len: usize = state => state.numbers.len();
    /// Says whether the list holds no number.
    is_empty: bool = state => state.numbers.is_empty();
    /// Returns every step so far.
    history: Vec<Event> = state => state.history.clone();
}

impl NumberList {
    /// Makes an empty list with an empty history.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `number` at the end and records [`Event::Added`].
    pub fn add(&self, number: u64) {
        let mut state = self.desk.borrow();
        state.numbers.push_back(number);
        state.history.push(Event::Added(number));
    }

    /// Takes the oldest number and records [`Event::Removed`], or [`Event::Empty`].
    pub fn remove(&self) -> Option<u64> {
        let mut state = self.desk.borrow();
        let number = state.numbers.pop_front();
        state.history.push(number.map_or(Event::Empty, Event::Removed));
        number
    }

    /// Shows the numbers, oldest first, to `look`, while nobody can change them.
    pub fn inspect(&self, look: &mut dyn FnMut(&[u64])) {
        look(self.desk.borrow().numbers.make_contiguous());
    }

    /// Ends the list and returns the numbers that are left, oldest first.
    pub fn into_numbers(self) -> Vec<u64> {
        self.desk.close().map(|state| state.numbers.into()).unwrap_or_default()
    }
}

/// Lets one thread add all `numbers` while another tries `removals` times to remove.
///
/// # Panics
///
/// If `pause` panics.
pub fn add_and_remove(numbers: &[u64], removals: usize, pause: &(dyn Fn() + Sync)) -> NumberList {
    type Step<'a> = Box<dyn FnMut() + Send + 'a>;

    let list = NumberList::new();
    let mut source = numbers.iter();
    let work: [(&str, usize, Step<'_>); 2] = [
        ("adder", numbers.len(), Box::new(|| source.by_ref().take(1).for_each(|&n| list.add(n)))),
        ("remover", removals, Box::new(|| _ = list.remove())),
    ];
    std::thread::scope(|scope| {
        let threads = work.map(|(name, times, mut step)| {
            std::thread::Builder::new()
                .name(name.to_owned())
                .spawn_scoped(scope, move || {
                    for _ in 0..times {
                        step();
                        pause();
                    }
                })
                .expect("the system has a thread left")
        });
        let ends = threads.map(std::thread::ScopedJoinHandle::join);
        assert!(ends.iter().all(Result::is_ok), "a pause panicked");
    });
    list
}
