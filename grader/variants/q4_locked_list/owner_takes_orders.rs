//! Variant: a thread that owns the list and takes orders as trait objects.
//!
//! No lock at all: the list belongs to a thread, and everybody else sends it orders.

#![forbid(unsafe_code)]

mod api;
pub use api::*;

use std::collections::VecDeque;
use std::mem;
use std::sync::mpsc::{self, Sender as Line};
use std::thread::{self, JoinHandle};

#[derive(Default)]
struct State {
    numbers: VecDeque<u64>,
    history: Vec<Event>,
}

trait Order: Send {
    fn carry_out(self: Box<Self>, state: &mut State);
}

impl<F: FnOnce(&mut State) + Send> Order for F {
    fn carry_out(self: Box<Self>, state: &mut State) {
        self(state)
    }
}

/// A list of numbers that many threads may use at once, first in, first out.
#[derive(Debug)]
pub struct NumberList {
    orders: Option<Line<Box<dyn Order>>>,
    owner: Option<JoinHandle<()>>,
}

/// Numbers on loan from the owner, who waits for them and does nothing else meanwhile.
struct Loan {
    numbers: VecDeque<u64>,
    back: Line<VecDeque<u64>>,
}

impl Drop for Loan {
    fn drop(&mut self) {
        let _ = self.back.send(mem::take(&mut self.numbers));
    }
}

impl NumberList {
    /// Makes an empty list with an empty history.
    pub fn new() -> Self {
        let (orders, inbox) = mpsc::channel::<Box<dyn Order>>();
        let owner = thread::spawn(move || {
            let mut state = State::default();
            inbox.into_iter().for_each(|order| order.carry_out(&mut state));
        });
        Self { orders: Some(orders), owner: Some(owner) }
    }

    fn send(&self, order: impl FnOnce(&mut State) + Send + 'static) {
        let orders = self.orders.as_ref().expect("the line is open until the drop");
        assert!(orders.send(Box::new(order)).is_ok(), "the owner lives as long as the list");
    }

    fn ask<A: Send + 'static>(
        &self,
        question: impl FnOnce(&mut State) -> A + Send + 'static,
    ) -> A {
        let (reply, answer) = mpsc::sync_channel(1);
        self.send(move |state| {
            let _ = reply.send(question(state));
        });
        answer.recv().expect("the owner answers every question")
    }

    /// Adds `number` at the end and records [`Event::Added`].
    pub fn add(&self, number: u64) {
        self.ask(move |state| {
            state.numbers.push_back(number);
            state.history.push(Event::Added(number));
        })
    }

    /// Takes the oldest number and records [`Event::Removed`], or [`Event::Empty`].
    pub fn remove(&self) -> Option<u64> {
        self.ask(|state| {
            let number = state.numbers.pop_front();
            state.history.push(number.map_or(Event::Empty, Event::Removed));
            number
        })
    }

    /// Says how many numbers are in the list.
    pub fn len(&self) -> usize {
        self.ask(|state| state.numbers.len())
    }

    /// Says whether the list holds no number.
    pub fn is_empty(&self) -> bool {
        self.ask(|state| state.numbers.is_empty())
    }

    /// Returns every step so far.
    pub fn history(&self) -> Vec<Event> {
        self.ask(|state| state.history.clone())
    }

    /// Shows the numbers, oldest first, to `look`, while nobody can change them.
    pub fn inspect(&self, look: &mut dyn FnMut(&[u64])) {
        let (out, lent) = mpsc::channel();
        let (back, returned) = mpsc::channel();
        self.send(move |state| {
            if out.send(mem::take(&mut state.numbers)).is_ok() {
                state.numbers = returned.recv().expect("a loan comes back even after a panic");
            }
        });
        let numbers = lent.recv().expect("the owner lends the numbers");
        let mut loan = Loan { numbers, back };
        look(loan.numbers.make_contiguous());
    }

    /// Ends the list and returns the numbers that are left, oldest first.
    pub fn into_numbers(self) -> Vec<u64> {
        self.ask(|state| mem::take(&mut state.numbers)).into()
    }
}

impl Default for NumberList {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for NumberList {
    fn drop(&mut self) {
        drop(self.orders.take());
        if let Some(owner) = self.owner.take() {
            let _ = owner.join();
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
    thread::scope(|scope| {
        let remover = scope.spawn(|| {
            (0..removals).map(|_| list.remove()).for_each(|_| pause());
        });
        let adder = scope.spawn(|| {
            numbers.iter().map(|&number| list.add(number)).for_each(|()| pause());
        });
        let (added, removed) = (adder.join(), remover.join());
        added.and(removed).expect("no pause panics");
    });
    list
}
