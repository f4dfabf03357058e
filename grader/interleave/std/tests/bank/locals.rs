//! Thread-local values: destructors that lock, send or count, and who waits for them.

use std::cell::{Cell, RefCell};

use interleave::Fault::{Deadlock, Panic};
use interleave_std::sync::atomic::{AtomicUsize, Ordering::*};
use interleave_std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};
use interleave_std::thread;

use crate::case::{Case, bug, correct};

/// Runs something when the thread's values are destroyed. It must not panic: that would end the process.
struct AtExit(Box<dyn FnMut()>);

impl Drop for AtExit {
    fn drop(&mut self) {
        (self.0)();
    }
}

interleave_std::thread_local! {
    static AT_EXIT: RefCell<Vec<AtExit>> = const { RefCell::new(Vec::new()) };
    static OTHER: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

fn at_exit(job: impl FnMut() + 'static) {
    AT_EXIT.with_borrow_mut(|jobs| jobs.push(AtExit(Box::new(job))));
}

/// The thread's last act takes a lock. Who holds it while waiting for the thread?
fn destructor_locks(release_first: bool) {
    let total = Arc::new(Mutex::new(0));
    let guard = total.lock().unwrap();
    let worker = {
        let total = Arc::clone(&total);
        thread::spawn(move || at_exit(move || *total.lock().unwrap_or_else(PoisonError::into_inner) += 1))
    };
    if release_first {
        drop(guard);
        worker.join().unwrap();
    } else {
        worker.join().unwrap();
        drop(guard);
    }
    assert_eq!(*total.lock().unwrap(), 1);
}

/// The worker says that it is done, and adds up its share only when its values are destroyed.
fn share_added_at_exit(join: bool) {
    let shared = Arc::new((Mutex::new((false, 0)), Condvar::new()));
    let worker = {
        let shared = Arc::clone(&shared);
        thread::spawn(move || {
            let share = Arc::clone(&shared);
            at_exit(move || share.0.lock().unwrap_or_else(PoisonError::into_inner).1 += 7);
            shared.0.lock().unwrap().0 = true;
            shared.1.notify_one();
        })
    };
    if join {
        worker.join().unwrap();
    }
    let state = shared.1.wait_while(shared.0.lock().unwrap(), |(done, _)| !*done).unwrap();
    assert_eq!(state.1, 7, "done, but its share is not there yet");
}

/// A scope waits for the closures of its threads; destructors of thread-local values may come later.
fn scope_and_destructors(join: bool) {
    let count = Arc::new(AtomicUsize::new(0));
    thread::scope(|scope| {
        let theirs = Arc::clone(&count);
        let worker = scope.spawn(move || {
            at_exit(move || {
                theirs.fetch_add(1, SeqCst);
            });
        });
        if join {
            worker.join().unwrap();
        }
    });
    assert_eq!(count.load(SeqCst), 1, "the scope has ended before the thread's destructors");
}

/// The sender lives in a thread-local value: the channel ends when the thread does.
fn farewell(keep_in_main: bool) {
    let (sender, receiver) = mpsc::channel();
    for number in 1..=2 {
        let sender = sender.clone();
        thread::spawn(move || {
            at_exit(move || {
                let _ = sender.send(number);
            });
        });
    }
    let kept = keep_in_main.then_some(sender);
    assert_eq!(receiver.iter().sum::<i32>(), 3);
    drop(kept);
}

/// Per-thread counts without any lock, added up by the destructors.
fn counted_per_thread() {
    let total = Arc::new(AtomicUsize::new(0));
    let workers = [1, 2].map(|rounds| {
        let total = Arc::clone(&total);
        thread::spawn(move || {
            at_exit(move || {
                total.fetch_add(rounds, Relaxed);
            });
            for _ in 0..rounds {
                COUNT.set(COUNT.get() + 1);
                thread::yield_now();
            }
            assert_eq!(COUNT.get(), rounds, "somebody else counted here");
        })
    });
    for worker in workers {
        worker.join().unwrap();
    }
    assert_eq!(total.load(Relaxed), 3);
}

/// One destructor uses another thread-local value, which may be gone or not; both ways are provided for.
fn destructor_uses_another() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let worker = {
        let seen = Arc::clone(&seen);
        thread::spawn(move || {
            OTHER.with_borrow_mut(|numbers| numbers.push(1));
            at_exit(move || {
                let left = OTHER.try_with(|numbers| numbers.borrow().len()).unwrap_or(0);
                seen.lock().unwrap_or_else(PoisonError::into_inner).push(left);
            });
        })
    };
    worker.join().unwrap();
    assert!(matches!(seen.lock().unwrap()[..], [0 | 1]));
}

/// A thread that unwinds runs its destructors too, and the join tells of the panic after them.
fn destructors_after_a_panic() {
    let count = Arc::new(AtomicUsize::new(0));
    let dying = {
        let count = Arc::clone(&count);
        thread::spawn(move || {
            at_exit(move || {
                count.store(if thread::panicking() { 2 } else { 1 }, Relaxed);
            });
            panic!("unwinds");
        })
    };
    assert!(dying.join().is_err());
    assert_eq!(count.load(Relaxed), 1);
}

/// A value kept per thread is not shared: what one thread sets, another does not see.
fn set_in_another_thread(share: bool) {
    let shared = Arc::new(Mutex::new(0));
    let setter = {
        let shared = Arc::clone(&shared);
        thread::spawn(move || {
            COUNT.set(5);
            *shared.lock().unwrap() = 5;
        })
    };
    let reader = {
        let shared = Arc::clone(&shared);
        thread::spawn(move || {
            setter.join().unwrap();
            if share { *shared.lock().unwrap() } else { COUNT.get() }
        })
    };
    assert_eq!(reader.join().unwrap(), 5, "set in a thread of its own");
}

/// The destructor of one thread wakes another that waits inside its closure.
fn destructor_wakes_a_waiter(notify: bool) {
    let shared = Arc::new((Mutex::new(false), Condvar::new()));
    let leaving = {
        let shared = Arc::clone(&shared);
        thread::spawn(move || {
            at_exit(move || {
                *shared.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
                if notify {
                    shared.1.notify_all();
                }
            });
        })
    };
    let waiting = thread::spawn(move || {
        drop(shared.1.wait_while(shared.0.lock().unwrap(), |gone| !*gone).unwrap());
    });
    waiting.join().unwrap();
    leaving.join().unwrap();
}

pub(crate) const CASES: &[Case] = &[
    // Wrong: main holds the lock and waits for a thread whose last destructor wants it.
    bug("local_destructor_locks_under_the_join", &[Deadlock], || destructor_locks(false)),
    // Right: the lock is free by then, and the join waits for the destructor.
    correct("local_destructor_locks", || destructor_locks(true)),
    // Wrong: the message comes from the closure, the share from the destructor after it.
    bug("local_destructor_after_the_message", &[Panic], || share_added_at_exit(false)),
    // Right: a join waits for the destructors too.
    correct("local_destructor_before_the_join", || share_added_at_exit(true)),
    // Wrong: as documented, the end of a scope does not wait for destructors of thread-local values.
    bug("local_destructor_after_the_scope", &[Panic], || scope_and_destructors(false)),
    // Right: an explicit join does.
    correct("local_destructor_joined_in_the_scope", || scope_and_destructors(true)),
    // Wrong: main's own sender keeps the channel open.
    bug("local_sender_and_one_more", &[Deadlock], || farewell(true)),
    // Right: the last sender is dropped with the values of the last thread.
    correct("local_sender_says_farewell", || farewell(false)),
    // Right: no lock at all, each thread counts in a value of its own.
    correct("local_counts", counted_per_thread),
    // Right: the other value may have been destroyed first or not.
    correct("local_destructor_uses_another", destructor_uses_another),
    // Right: destructors run after the unwinding, outside of it.
    correct("local_destructors_after_a_panic", destructors_after_a_panic),
    // Wrong: a thread-local value is not the other thread's.
    bug("local_value_expected_elsewhere", &[Panic], || set_in_another_thread(false)),
    // Right: what is to be shared is shared.
    correct("local_value_and_shared_value", || set_in_another_thread(true)),
    // Wrong: the destructor raises the flag and tells nobody.
    bug("local_destructor_tells_nobody", &[Deadlock], || destructor_wakes_a_waiter(false)),
    // Right: the wake-up comes from a destructor.
    correct("local_destructor_wakes_a_waiter", || destructor_wakes_a_waiter(true)),
];
