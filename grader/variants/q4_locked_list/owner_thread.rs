//! Variant: no lock at all; a thread owns the numbers and takes the steps that it is sent. It ends
//! when the list is dropped, and the list waits for that.

#![forbid(unsafe_code)]

mod api;
pub use api::*;

use std::collections::VecDeque;
use std::fmt;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

type Job = Box<dyn FnOnce(&mut State) + Send>;

pub struct NumberList {
    jobs: Option<Sender<Job>>,
    owner: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    numbers: VecDeque<u64>,
    history: Vec<Event>,
}

impl Default for NumberList {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for NumberList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NumberList").field("history", &self.history()).finish_non_exhaustive()
    }
}

impl Drop for NumberList {
    fn drop(&mut self) {
        self.jobs = None; // closes the channel: the owner ends
        if let Some(owner) = self.owner.take() {
            let _ = owner.join();
        }
    }
}

impl NumberList {
    pub fn new() -> Self {
        let (jobs, to_do) = channel();
        Self { jobs: Some(jobs), owner: Some(thread::spawn(move || own(to_do))) }
    }

    pub fn add(&self, number: u64) {
        self.ask(move |state| {
            state.numbers.push_back(number);
            state.history.push(Event::Added(number));
        })
    }

    pub fn remove(&self) -> Option<u64> {
        self.ask(|state| {
            let number = state.numbers.pop_front();
            state.history.push(number.map_or(Event::Empty, Event::Removed));
            number
        })
    }

    pub fn len(&self) -> usize {
        self.ask(|state| state.numbers.len())
    }

    pub fn is_empty(&self) -> bool {
        self.ask(|state| state.numbers.is_empty())
    }

    pub fn history(&self) -> Vec<Event> {
        self.ask(|state| state.history.clone())
    }

    pub fn inspect(&self, look: &mut dyn FnMut(&[u64])) {
        let (show, shown) = channel();
        // Dropped when `look` is done, also by a panic. Until then the owner does nothing else.
        let (_looking, looked) = channel::<()>();
        self.send(Box::new(move |state| {
            let _ = show.send(state.numbers.iter().copied().collect::<Vec<_>>());
            let _ = looked.recv();
        }));
        look(&shown.recv().expect("the owner shows what it has"));
    }

    pub fn into_numbers(self) -> Vec<u64> {
        self.ask(|state| state.numbers.drain(..).collect())
    }

    fn send(&self, job: Job) {
        let jobs = self.jobs.as_ref().expect("the channel is open until the list is dropped");
        assert!(jobs.send(job).is_ok(), "the owner listens until the list is dropped");
    }

    fn ask<R: Send + 'static>(&self, step: impl FnOnce(&mut State) -> R + Send + 'static) -> R {
        let (reply, answer) = channel();
        self.send(Box::new(move |state| {
            let _ = reply.send(step(state));
        }));
        answer.recv().expect("the owner answers each job")
    }
}

/// What the owner does all its life.
fn own(to_do: Receiver<Job>) {
    let mut state = State::default();
    while let Ok(job) = to_do.recv() {
        job(&mut state);
    }
}

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
