//! Bounded queues, and a history that must be linearizable.

use std::collections::VecDeque;

use interleave::Fault::{Deadlock, LostWakeUp, Panic};
use interleave_std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use interleave_std::sync::{Arc, Condvar, Mutex};
use interleave_std::thread;

use crate::case::{Case, bug, correct};

struct Queue {
    items: Mutex<VecDeque<usize>>,
    capacity: usize,
    not_full: Condvar,
    not_empty: Condvar,
}

impl Queue {
    fn push(&self, item: usize) {
        let mut items = self.items.lock().unwrap();
        while items.len() == self.capacity {
            items = self.not_full.wait(items).unwrap();
        }
        items.push_back(item);
        self.not_empty.notify_one();
    }

    fn pop(&self) -> usize {
        let mut items = self.items.lock().unwrap();
        while items.is_empty() {
            items = self.not_empty.wait(items).unwrap();
        }
        let item = items.pop_front().unwrap();
        self.not_full.notify_one();
        item
    }

    fn pop_without_loop(&self) -> usize {
        let mut items = self.items.lock().unwrap();
        if items.is_empty() {
            items = self.not_empty.wait(items).unwrap();
        }
        let item = items.pop_front().expect("woken, but the queue is empty");
        self.not_full.notify_one();
        item
    }

    /// Producers and consumers wait on the same condition variable: one notification may reach the wrong kind.
    fn push_one_condvar(&self, item: usize) {
        let mut items = self.items.lock().unwrap();
        while items.len() == self.capacity {
            items = self.not_full.wait(items).unwrap();
        }
        items.push_back(item);
        self.not_full.notify_one();
    }

    fn pop_one_condvar(&self) -> usize {
        let mut items = self.items.lock().unwrap();
        while items.is_empty() {
            items = self.not_full.wait(items).unwrap();
        }
        let item = items.pop_front().unwrap();
        self.not_full.notify_one();
        item
    }

    fn push_one_condvar_to_all(&self, item: usize) {
        let mut items = self.items.lock().unwrap();
        while items.len() == self.capacity {
            items = self.not_full.wait(items).unwrap();
        }
        items.push_back(item);
        self.not_full.notify_all();
    }

    fn pop_one_condvar_to_all(&self) -> usize {
        let mut items = self.items.lock().unwrap();
        while items.is_empty() {
            items = self.not_full.wait(items).unwrap();
        }
        let item = items.pop_front().unwrap();
        self.not_full.notify_all();
        item
    }

    /// The lock is given back between the look and the push.
    fn push_after_unlocked_look(&self, item: usize) {
        let mut items = self.items.lock().unwrap();
        while items.len() == self.capacity {
            items = self.not_full.wait(items).unwrap();
        }
        drop(items);
        let mut items = self.items.lock().unwrap();
        items.push_back(item);
        assert!(items.len() <= self.capacity, "more items than the queue may hold");
        self.not_empty.notify_one();
    }

    /// Only a pop from a full queue tells the producers.
    fn pop_telling_from_full_only(&self) -> usize {
        let mut items = self.items.lock().unwrap();
        while items.is_empty() {
            items = self.not_empty.wait(items).unwrap();
        }
        if items.len() == self.capacity {
            self.not_full.notify_one();
        }
        items.pop_front().unwrap()
    }
}

#[derive(Clone, Copy)]
struct Load {
    producers: usize,
    consumers: usize,
    each: usize,
    capacity: usize,
}

fn transfer(load: Load, push: fn(&Queue, usize), pop: fn(&Queue) -> usize) {
    let Load { producers, consumers, each, capacity } = load;
    let queue = Arc::new(Queue {
        items: Mutex::default(),
        capacity,
        not_full: Condvar::new(),
        not_empty: Condvar::new(),
    });
    let sum = Arc::new(AtomicUsize::new(0));
    let mut threads = Vec::new();
    for producer in 0..producers {
        let queue = Arc::clone(&queue);
        threads.push(thread::spawn(move || (0..each).for_each(|item| push(&queue, producer * each + item))));
    }
    for _ in 0..consumers {
        let (queue, sum) = (Arc::clone(&queue), Arc::clone(&sum));
        threads.push(thread::spawn(move || {
            for _ in 0..producers * each / consumers {
                sum.fetch_add(pop(&queue), SeqCst);
            }
        }));
    }
    for thread in threads {
        thread.join().expect("a thread at the queue panicked");
    }
    assert_eq!(sum.load(SeqCst), (0..producers * each).sum());
}

const MANY: Load = Load { producers: 2, consumers: 2, each: 2, capacity: 1 };
const GREEDY: Load = Load { producers: 1, consumers: 2, each: 2, capacity: 1 };
const FULL: Load = Load { producers: 2, consumers: 1, each: 1, capacity: 1 };
const WIDE: Load = Load { producers: 3, consumers: 1, each: 2, capacity: 2 };

#[derive(Clone, Copy, Debug)]
enum Op {
    Push(u8),
    Pop,
    Len,
}

#[derive(Clone, Copy, Debug)]
struct Call {
    begun: usize,
    ended: usize,
    op: Op,
    result: Option<u8>,
}

/// Wing and Gong: is there an order of the calls, true to real time, that a queue could have had?
fn linearizable(calls: &[Call], done: u32, queue: &VecDeque<u8>) -> bool {
    let open = || (0..calls.len()).filter(|index| done >> index & 1 == 0);
    let Some(first_end) = open().map(|index| calls[index].ended).min() else { return true };
    open().filter(|&index| calls[index].begun <= first_end).any(|index| {
        let mut after = queue.clone();
        let result = match calls[index].op {
            Op::Push(item) => {
                after.push_back(item);
                None
            }
            Op::Pop => after.pop_front(),
            Op::Len => Some(after.len() as u8),
        };
        result == calls[index].result && linearizable(calls, done | 1 << index, &after)
    })
}

/// The length comes from the queue itself, or from a counter that lags behind.
fn history(length_from_counter: bool) {
    let items = Mutex::new(VecDeque::new());
    let (count, moment) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let calls = Mutex::new(Vec::new());
    let run = |op| match op {
        Op::Push(item) => {
            items.lock().unwrap().push_back(item);
            count.fetch_add(1, SeqCst);
            None
        }
        Op::Pop => {
            let item = items.lock().unwrap().pop_front();
            if item.is_some() {
                count.fetch_sub(1, SeqCst);
            }
            item
        }
        Op::Len if length_from_counter => Some(count.load(SeqCst) as u8),
        Op::Len => Some(items.lock().unwrap().len() as u8),
    };
    thread::scope(|scope| {
        for script in [[Op::Push(1), Op::Push(2)], [Op::Pop, Op::Len], [Op::Len, Op::Pop]] {
            let (run, moment, calls) = (&run, &moment, &calls);
            scope.spawn(move || {
                for op in script {
                    let begun = moment.fetch_add(1, SeqCst);
                    let result = run(op);
                    let ended = moment.fetch_add(1, SeqCst);
                    calls.lock().unwrap().push(Call { begun, ended, op, result });
                }
            });
        }
    });
    let calls = calls.into_inner().unwrap();
    assert!(linearizable(&calls, 0, &VecDeque::new()), "no queue can have done this: {calls:?}");
}

pub(crate) const CASES: &[Case] = &[
    bug("queue_one_condvar_for_both_sides", &[Deadlock, LostWakeUp], || {
        transfer(MANY, Queue::push_one_condvar, Queue::pop_one_condvar);
    }),
    correct("queue_one_condvar_tells_all", || {
        transfer(MANY, Queue::push_one_condvar_to_all, Queue::pop_one_condvar_to_all);
    }),
    bug("queue_if_instead_of_while", &[Panic, Deadlock, LostWakeUp], || {
        transfer(GREEDY, Queue::push, Queue::pop_without_loop);
    }),
    bug("queue_looks_then_pushes", &[Panic], || transfer(FULL, Queue::push_after_unlocked_look, Queue::pop)),
    bug("queue_tells_from_full_only", &[Deadlock, LostWakeUp], || {
        transfer(WIDE, Queue::push, Queue::pop_telling_from_full_only);
    }),
    correct("queue", || transfer(MANY, Queue::push, Queue::pop)),
    correct("queue_of_two", || transfer(WIDE, Queue::push, Queue::pop)),
    bug("queue_length_from_a_counter", &[Panic], || history(true)),
    correct("queue_length_from_the_queue", || history(false)),
];
