//! Impostor: only `into_numbers` waits for the owner thread; a drop lets it go.
//! Loses: q4.ended LeakedThread
//!
//! The list belongs to a thread of its own; the others send it their wishes.

#![forbid(unsafe_code)]

mod api;
pub use api::*;

use std::collections::VecDeque;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

#[derive(Debug)]
enum Wish {
    Add(u64, Sender<()>),
    Remove(Sender<Option<u64>>),
    Len(Sender<usize>),
    History(Sender<Vec<Event>>),
    /// The numbers, and the sender on which they come back.
    Lend(Sender<(Vec<u64>, Sender<Vec<u64>>)>),
}

/// A list of numbers that many threads may use at once, first in, first out.
#[derive(Debug)]
pub struct NumberList {
    wishes: Sender<Wish>,
    owner: JoinHandle<Vec<u64>>,
}

/// Serves until the last sender is gone, and leaves the numbers that are left.
fn serve(wishes: Receiver<Wish>) -> Vec<u64> {
    let mut numbers = VecDeque::new();
    let mut history = Vec::new();
    for wish in wishes {
        match wish {
            Wish::Add(number, done) => {
                numbers.push_back(number);
                history.push(Event::Added(number));
                let _ = done.send(());
            }
            Wish::Remove(answer) => {
                let number = numbers.pop_front();
                history.push(number.map_or(Event::Empty, Event::Removed));
                let _ = answer.send(number);
            }
            Wish::Len(answer) => {
                let _ = answer.send(numbers.len());
            }
            Wish::History(answer) => {
                let _ = answer.send(history.clone());
            }
            Wish::Lend(answer) => {
                let (back, returned) = mpsc::channel();
                if answer.send((numbers.iter().copied().collect(), back)).is_ok() {
                    // Comes back, or the looker has panicked: our own are still there.
                    let _ = returned.recv();
                }
            }
        }
    }
    numbers.into()
}

impl NumberList {
    /// Makes an empty list with an empty history.
    pub fn new() -> Self {
        let (wishes, inbox) = mpsc::channel();
        Self { wishes, owner: thread::spawn(move || serve(inbox)) }
    }

    fn ask<A>(&self, wish: impl FnOnce(Sender<A>) -> Wish) -> A {
        let (answer, reply) = mpsc::channel();
        self.wishes.send(wish(answer)).expect("the owner serves as long as we send");
        reply.recv().expect("the owner answers every wish")
    }

    /// Adds `number` at the end and records [`Event::Added`].
    pub fn add(&self, number: u64) {
        self.ask(|done| Wish::Add(number, done))
    }

    /// Takes the oldest number and records [`Event::Removed`], or [`Event::Empty`].
    pub fn remove(&self) -> Option<u64> {
        self.ask(Wish::Remove)
    }

    /// Says how many numbers are in the list.
    pub fn len(&self) -> usize {
        self.ask(Wish::Len)
    }

    /// Says whether the list holds no number.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns every step so far.
    pub fn history(&self) -> Vec<Event> {
        self.ask(Wish::History)
    }

    /// Shows the numbers, oldest first, to `look`, while nobody can change them.
    pub fn inspect(&self, look: &mut dyn FnMut(&[u64])) {
        let (numbers, back) = self.ask(Wish::Lend);
        look(&numbers);
        let _ = back.send(numbers);
    }

    /// Ends the list and returns the numbers that are left, oldest first.
    pub fn into_numbers(self) -> Vec<u64> {
        drop(self.wishes);
        self.owner.join().expect("the owner never panics")
    }
}

impl Default for NumberList {
    fn default() -> Self {
        Self::new()
    }
}

/// Lets one thread add all `numbers` while another tries `removals` times to remove.
///
/// # Panics
///
/// If `pause` panics.
pub fn add_and_remove(numbers: &[u64], removals: usize, pause: &(dyn Fn() + Sync)) -> NumberList {
    let list = NumberList::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            for &number in numbers {
                list.add(number);
                pause();
            }
        });
        scope.spawn(|| {
            for _ in 0..removals {
                list.remove();
                pause();
            }
        });
    });
    list
}
