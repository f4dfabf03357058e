//! Variant: a thread of its own holds the items and answers over channels; it ends with the queue.

use crate::api::{Closed, GetError, Order};
use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

type Answer<T> = Result<T, GetError>;

enum Wish<T> {
    Put(T, Sender<Result<(), Closed<T>>>),
    Get(Sender<Answer<T>>, Patience),
    GiveUp(u64),
    Done(Sender<bool>),
    Join(Sender<()>),
    Close(Sender<()>),
}

enum Patience {
    None,
    ForEver,
    Until(u64),
}

struct Desk<T> {
    order: Order,
    places: usize,
    items: VecDeque<T>,
    in_hand: usize,
    closed: bool,
    puts: VecDeque<(T, Sender<Result<(), Closed<T>>>)>,
    gets: VecDeque<(Option<u64>, Sender<Answer<T>>)>,
    joins: Vec<Sender<()>>,
}

impl<T: Ord + Send> Desk<T> {
    fn serve(&mut self, orders: Receiver<Wish<T>>) {
        for order in orders {
            match order {
                Wish::Put(item, answer) => self.puts.push_back((item, answer)),
                Wish::Get(answer, patience) => {
                    let is_try = matches!(patience, Patience::None);
                    let number = if let Patience::Until(number) = patience { Some(number) } else { None };
                    self.gets.push_back((number, answer));
                    self.settle();
                    if is_try && let Some((_, answer)) = self.gets.pop_back() {
                        let _ = answer.send(Err(GetError::Empty));
                    }
                }
                Wish::GiveUp(number) => {
                    if let Some(place) = self.gets.iter().position(|get| get.0 == Some(number))
                        && let Some((_, answer)) = self.gets.remove(place)
                    {
                        let _ = answer.send(Err(GetError::TimedOut));
                    }
                }
                Wish::Done(answer) => {
                    let _ = answer.send(self.in_hand > 0);
                    self.in_hand = self.in_hand.saturating_sub(1);
                }
                Wish::Join(answer) => self.joins.push(answer),
                Wish::Close(answer) => {
                    self.closed = true;
                    let _ = answer.send(());
                }
            }
            self.settle();
        }
    }

    /// Who waits for what there is.
    fn next_get(&mut self) -> Option<(Option<u64>, Sender<Answer<T>>)> {
        if self.items.is_empty() && !self.closed { None } else { self.gets.pop_front() }
    }

    /// Answers everybody who can be answered.
    fn settle(&mut self) {
        loop {
            if self.closed {
                for (item, answer) in self.puts.drain(..) {
                    let _ = answer.send(Err(Closed(item)));
                }
            }
            if self.items.len() < self.places
                && let Some((item, answer)) = self.puts.pop_front()
            {
                let place = match self.order {
                    Order::Priority => self.items.iter().take_while(|other| **other <= item).count(),
                    Order::Fifo | Order::Lifo => self.items.len(),
                };
                self.items.insert(place, item);
                let _ = answer.send(Ok(()));
            } else if let Some((_, answer)) = self.next_get() {
                let item =
                    if self.order == Order::Lifo { self.items.pop_back() } else { self.items.pop_front() };
                self.in_hand += usize::from(item.is_some());
                let _ = answer.send(item.ok_or(GetError::Closed));
            } else {
                break;
            }
        }
        if self.items.is_empty() && self.in_hand == 0 {
            for answer in self.joins.drain(..) {
                let _ = answer.send(());
            }
        }
    }
}

#[derive(Debug)]
pub struct Queue<T> {
    desk: Mutex<(Option<Sender<Wish<T>>>, u64)>,
    clerk: Option<JoinHandle<()>>,
}

impl<T: Ord + Send + 'static> Queue<T> {
    pub fn bounded(order: Order, capacity: NonZeroUsize) -> Self {
        let (desk, orders) = mpsc::channel();
        let clerk = thread::spawn(move || {
            let mut desk = Desk {
                order,
                places: capacity.get(),
                items: VecDeque::new(),
                in_hand: 0,
                closed: false,
                puts: VecDeque::new(),
                gets: VecDeque::new(),
                joins: Vec::new(),
            };
            desk.serve(orders);
        });
        Self { desk: Mutex::new((Some(desk), 0)), clerk: Some(clerk) }
    }

    fn ask(&self, order: impl FnOnce(u64) -> Wish<T>) -> u64 {
        let mut desk = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        desk.1 += 1;
        let number = desk.1;
        if let Some(sender) = &desk.0 {
            let _ = sender.send(order(number));
        }
        number
    }

    pub fn put(&self, item: T) -> Result<(), Closed<T>> {
        let (answer, answered) = mpsc::channel();
        self.ask(|_| Wish::Put(item, answer));
        answered.recv().expect("the clerk answers")
    }

    pub fn get(&self) -> Result<T, GetError> {
        let (answer, answered) = mpsc::channel();
        self.ask(|_| Wish::Get(answer, Patience::ForEver));
        answered.recv().expect("the clerk answers")
    }

    pub fn try_get(&self) -> Result<T, GetError> {
        let (answer, answered) = mpsc::channel();
        self.ask(|_| Wish::Get(answer, Patience::None));
        answered.recv().expect("the clerk answers")
    }

    pub fn get_timeout(&self, limit: Duration) -> Result<T, GetError> {
        if limit.is_zero() {
            return self.try_get().map_err(|error| match error {
                GetError::Empty => GetError::TimedOut,
                error => error,
            });
        }
        let (answer, answered) = mpsc::channel();
        let number = self.ask(|number| Wish::Get(answer, Patience::Until(number)));
        answered.recv_timeout(limit).unwrap_or_else(|_| {
            // The clerk may have answered in the meantime: whatever it says now counts.
            self.ask(|_| Wish::GiveUp(number));
            answered.recv().expect("the clerk answers")
        })
    }

    pub fn task_done(&self) {
        let (answer, answered) = mpsc::channel();
        self.ask(|_| Wish::Done(answer));
        assert!(answered.recv().expect("the clerk answers"), "one too many");
    }

    pub fn join(&self) {
        let (answer, answered) = mpsc::channel();
        self.ask(|_| Wish::Join(answer));
        answered.recv().expect("the clerk answers");
    }

    pub fn close(&self) {
        let (answer, answered) = mpsc::channel();
        self.ask(|_| Wish::Close(answer));
        answered.recv().expect("the clerk answers");
    }
}

impl<T> Drop for Queue<T> {
    fn drop(&mut self) {
        drop(self.desk.lock().unwrap_or_else(PoisonError::into_inner).0.take());
        if let Some(clerk) = self.clerk.take() {
            let _ = clerk.join();
        }
    }
}
