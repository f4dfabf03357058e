//! Five bodies, from a few steps to some hundreds, for whichever engine `super::lab` is.

use super::lab::sync::atomic::{AtomicUsize, Ordering};
use super::lab::sync::mpsc;
use super::lab::sync::{Arc, Condvar, Mutex};
use super::lab::thread;
use std::collections::VecDeque;

/// What they are called.
pub(crate) const BODIES: [(&str, fn()); 5] = [
    ("two threads, one mutex", two_threads_one_mutex),
    ("semaphore, three threads", semaphore),
    ("bounded queue, three threads", bounded_queue),
    ("compare and exchange, three threads", compare_and_exchange),
    ("pool of four, twenty tasks", pool),
];

fn two_threads_one_mutex() {
    let sum = Arc::new(Mutex::new(0));
    let theirs = Arc::clone(&sum);
    let other = thread::spawn(move || *theirs.lock().unwrap() += 1);
    *sum.lock().unwrap() += 1;
    other.join().unwrap();
    assert_eq!(*sum.lock().unwrap(), 2);
}

fn semaphore() {
    let permits = Arc::new((Mutex::new(1), Condvar::new()));
    let threads = [(); 3].map(|()| {
        let permits = Arc::clone(&permits);
        thread::spawn(move || {
            let (count, freed) = &*permits;
            let guard = count.lock().unwrap();
            *freed.wait_while(guard, |count| *count == 0).unwrap() -= 1;
            *count.lock().unwrap() += 1;
            freed.notify_one();
        })
    });
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

fn bounded_queue() {
    let queue = Arc::new((Mutex::new(VecDeque::new()), Condvar::new(), Condvar::new()));
    let senders = [1, 2].map(|first| {
        let queue = Arc::clone(&queue);
        thread::spawn(move || {
            let (items, filled, emptied) = &*queue;
            for number in [first, first + 2] {
                let guard = items.lock().unwrap();
                emptied.wait_while(guard, |items| items.len() == 2).unwrap().push_back(number);
                filled.notify_one();
            }
        })
    });
    let (items, filled, emptied) = &*queue;
    let mut sum = 0;
    for _ in 0..4 {
        let guard = items.lock().unwrap();
        let mut guard = filled.wait_while(guard, |items| items.is_empty()).unwrap();
        sum += guard.pop_front().unwrap_or(0);
        drop(guard);
        emptied.notify_one();
    }
    senders.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(sum, 10);
}

fn compare_and_exchange() {
    let sum = Arc::new(AtomicUsize::new(0));
    let threads = [(); 3].map(|()| {
        let sum = Arc::clone(&sum);
        thread::spawn(move || {
            for _ in 0..3 {
                let mut seen = sum.load(Ordering::SeqCst);
                while let Err(found) =
                    sum.compare_exchange(seen, seen + 1, Ordering::SeqCst, Ordering::SeqCst)
                {
                    seen = found;
                }
            }
        })
    });
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(sum.load(Ordering::SeqCst), 9);
}

fn pool() {
    let (tasks, jobs) = mpsc::channel::<usize>();
    let (done, results) = mpsc::channel();
    let jobs = Arc::new(Mutex::new(jobs));
    let workers = [(); 4].map(|()| {
        let (jobs, done) = (Arc::clone(&jobs), done.clone());
        thread::spawn(move || {
            loop {
                let job = jobs.lock().unwrap().recv();
                let Ok(number) = job else { break };
                done.send(number * number).unwrap();
            }
        })
    });
    drop(done);
    (0..20).for_each(|number| tasks.send(number).unwrap());
    drop(tasks);
    assert_eq!(results.iter().sum::<usize>(), 2470);
    workers.into_iter().for_each(|worker| worker.join().unwrap());
}
