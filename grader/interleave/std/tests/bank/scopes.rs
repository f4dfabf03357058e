//! Scopes, handles, names, and who owns what when a thread has ended.

use std::collections::HashMap;

use interleave::Fault::{Deadlock, Panic};
use interleave_std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use interleave_std::sync::atomic::{AtomicUsize, Ordering::*};
use interleave_std::sync::{Arc, Barrier, Mutex, Weak, mpsc};
use interleave_std::thread::{self, ThreadId};

use crate::case::{Case, bug, correct};

/// One of two dies on its way to the barrier.
fn dies_before_the_barrier(meet_anyway: bool) {
    let barrier = Barrier::new(2);
    let ended = thread::scope(|scope| {
        let threads = [true, false].map(|fails| {
            let barrier = &barrier;
            scope.spawn(move || {
                let work = catch_unwind(|| assert!(!fails, "the work failed"));
                if meet_anyway || work.is_ok() {
                    barrier.wait();
                }
                if let Err(panic) = work {
                    resume_unwind(panic);
                }
            })
        });
        threads.map(|thread| thread.join().is_ok())
    });
    assert_eq!(ended, [false, true]);
}

/// The scope waits for a thread that wants the lock; who has it then?
fn lock_at_the_end_of_the_scope(give_the_guard_out: bool) {
    let number = Mutex::new(0);
    let kept = thread::scope(|scope| {
        scope.spawn(|| *number.lock().unwrap() += 1);
        let guard = number.lock().unwrap();
        give_the_guard_out.then_some(guard)
    });
    drop(kept);
    assert_eq!(number.into_inner().unwrap(), 1);
}

/// The scope borrows the sender until its end, so the loop over the receiver inside has none.
fn receive_inside_the_scope(move_the_sender: bool) {
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        let kept = if move_the_sender {
            scope.spawn(move || sender.send(1).unwrap());
            None
        } else {
            let theirs = sender.clone();
            scope.spawn(move || theirs.send(1).unwrap());
            Some(sender)
        };
        assert_eq!(receiver.iter().sum::<i32>(), 1);
        drop(kept);
    });
}

/// The caller panics after it has started a thread. Has the thread ended by the time the panic is caught?
fn caller_panics(scoped: bool) {
    let count = Arc::new(AtomicUsize::new(0));
    let work = {
        let count = Arc::clone(&count);
        move || {
            thread::yield_now();
            count.fetch_add(1, SeqCst);
        }
    };
    let caught = catch_unwind(AssertUnwindSafe(|| {
        if scoped {
            thread::scope(|scope| {
                scope.spawn(work);
                panic!("the caller");
            });
        } else {
            thread::spawn(work);
            panic!("the caller");
        }
    }));
    assert!(caught.is_err());
    assert_eq!(count.load(SeqCst), 1, "the thread was still at work");
}

/// One of three dies, and the others still finish before the scope passes the panic on.
fn others_finish() {
    let count = AtomicUsize::new(0);
    let caught = catch_unwind(AssertUnwindSafe(|| {
        thread::scope(|scope| {
            for me in 0..3 {
                let count = &count;
                scope.spawn(move || {
                    assert!(me > 0, "the first one dies");
                    thread::yield_now();
                    count.fetch_add(1, Relaxed);
                });
            }
        });
    }));
    assert!(caught.is_err());
    assert_eq!(count.into_inner(), 2);
}

/// The worker has said that it is done; does that give its share of the data back?
fn take_the_data_back(join: bool) {
    let data = Arc::new(Mutex::new(0));
    let (done, is_done) = mpsc::channel();
    let worker = {
        let data = Arc::clone(&data);
        thread::spawn(move || {
            *data.lock().unwrap() = 7;
            done.send(()).unwrap();
            // Its share is dropped when it ends, which takes a moment.
            thread::yield_now();
        })
    };
    is_done.recv().unwrap();
    if join {
        worker.join().unwrap();
    }
    let data = Arc::try_unwrap(data).expect("the worker still has its share");
    assert_eq!(data.into_inner().unwrap(), 7);
}

/// Of two owners the last one must clean up, and exactly one does.
fn last_owner_cleans_up(is_last: fn(Arc<()>) -> bool) {
    let (owned, cleaned) = (Arc::new(()), AtomicUsize::new(0));
    thread::scope(|scope| {
        for mine in [Arc::clone(&owned), owned] {
            let cleaned = &cleaned;
            scope.spawn(move || {
                if is_last(mine) {
                    cleaned.fetch_add(1, Relaxed);
                }
            });
        }
    });
    assert_eq!(cleaned.into_inner(), 1, "cleaned up never or twice");
}

fn by_count(mine: Arc<()>) -> bool {
    let last = Arc::strong_count(&mine) == 1;
    thread::yield_now();
    last
}

fn by_try_unwrap(mine: Arc<()>) -> bool {
    match Arc::try_unwrap(mine) {
        Ok(()) => true,
        Err(still_shared) => {
            thread::yield_now();
            drop(still_shared);
            false
        }
    }
}

fn by_into_inner(mine: Arc<()>) -> bool {
    thread::yield_now();
    Arc::into_inner(mine).is_some()
}

/// The owner may go at any moment: the look at the count says nothing about the next line.
fn look_then_upgrade(upgrade: fn(&Weak<usize>) -> Option<Arc<usize>>) {
    let owner = Arc::new(7);
    let weak = Arc::downgrade(&owner);
    thread::scope(|scope| {
        scope.spawn(move || {
            thread::yield_now();
            drop(owner);
        });
        let number = upgrade(&weak);
        assert!(number.is_none_or(|number| *number == 7));
    });
    assert!(weak.upgrade().is_none());
}

fn by_looking(weak: &Weak<usize>) -> Option<Arc<usize>> {
    let alive = weak.strong_count() > 0;
    thread::yield_now();
    alive.then(|| weak.upgrade().expect("it was alive a moment ago"))
}

/// The result is taken only if the thread happens to have ended.
fn result_if_finished(wait: bool) {
    let worker = thread::spawn(|| 7);
    let result = if wait || worker.is_finished() { worker.join().ok() } else { None };
    assert_eq!(result, Some(7), "the thread was still running");
}

/// Once a thread has finished, joining it gives its result and everything that it did.
fn finished_then_joined() {
    let data = Arc::new(AtomicUsize::new(0));
    let worker = {
        let data = Arc::clone(&data);
        thread::spawn(move || data.store(7, Relaxed))
    };
    let finished = worker.is_finished();
    worker.join().unwrap();
    assert_eq!(data.load(Relaxed), 7, "finished before the join: {finished}");
}

/// Two workers book under what they take for their own key.
fn book_per_thread(by_name: bool) {
    #[derive(PartialEq, Eq, Hash)]
    enum Key {
        Name(String),
        Id(ThreadId),
    }
    let book = Mutex::new(HashMap::new());
    thread::scope(|scope| {
        for _ in 0..2 {
            let book = &book;
            let worker = thread::Builder::new().name("worker".to_owned());
            let work = move || {
                let me = thread::current();
                let key = if by_name { Key::Name(me.name().unwrap().to_owned()) } else { Key::Id(me.id()) };
                let before = book.lock().unwrap().insert(key, 1);
                assert_eq!(before, None, "somebody else's entry");
            };
            worker.spawn_scoped(scope, work).unwrap();
        }
    });
    assert_eq!(book.into_inner().unwrap().len(), 2);
}

/// Names are those of the builder, from inside and outside, and plain threads have none.
fn names() {
    thread::scope(|scope| {
        let named = thread::Builder::new().name("named".to_owned());
        let named = named.spawn_scoped(scope, || thread::current().name().map(str::to_owned)).unwrap();
        let plain = scope.spawn(|| thread::current().name().is_none());
        assert_eq!(named.thread().name(), Some("named"));
        assert_eq!(plain.thread().name(), None);
        assert_eq!(named.join().unwrap().as_deref(), Some("named"));
        assert!(plain.join().unwrap());
    });
}

/// A scoped thread's handle goes to a sibling, which joins it; the scope must not wait for it again.
fn joined_by_a_sibling() {
    let number = thread::scope(|scope| {
        let (handles, handle) = mpsc::channel();
        let sibling = scope.spawn(move || {
            let first: thread::ScopedJoinHandle<'_, i32> = handle.recv().unwrap();
            first.join().unwrap() + 1
        });
        handles.send(scope.spawn(|| 1)).unwrap();
        sibling.join().unwrap()
    });
    assert_eq!(number, 2);
}

pub(crate) const CASES: &[Case] = &[
    // Wrong: the one that dies never comes to the barrier, and the other waits there for ever.
    bug("scope_thread_dies_before_the_barrier", &[Deadlock], || dies_before_the_barrier(false)),
    // Right: the panic is held back until both have met.
    correct("scope_thread_meets_before_it_dies", || dies_before_the_barrier(true)),
    // Wrong: the guard is the result of the scope, so main holds it while the scope waits for the thread.
    bug("scope_gives_out_the_guard", &[Deadlock], || lock_at_the_end_of_the_scope(true)),
    // Right: the guard is a local of the scope's closure and is gone before the scope waits.
    correct("scope_drops_the_guard_first", || lock_at_the_end_of_the_scope(false)),
    // Wrong: the sender in the same scope is alive, so the loop over the receiver never ends.
    bug("scope_keeps_the_sender", &[Deadlock], || receive_inside_the_scope(false)),
    // Right: the only sender has moved into the thread and ends with it.
    correct("scope_moves_the_sender", || receive_inside_the_scope(true)),
    // Wrong: a plain thread goes on while the panic is caught.
    bug("plain_thread_outlives_the_panic", &[Panic], || caller_panics(false)),
    // Right: a scope waits for its threads even if its own closure panics.
    correct("scope_waits_although_it_panics", || caller_panics(true)),
    // Right: a scope waits for all of its threads even if one of them panics.
    correct("scope_waits_although_one_panicked", others_finish),
    // Wrong: after its message the worker may still hold its Arc.
    bug("arc_unwrapped_after_a_message", &[Panic], || take_the_data_back(false)),
    // Right: a joined thread has dropped all that its closure owned.
    correct("arc_unwrapped_after_the_join", || take_the_data_back(true)),
    // Wrong: both see a count of two before either lets go.
    bug("arc_last_owner_by_count", &[Panic], || last_owner_cleans_up(by_count)),
    // Wrong: the first fails to unwrap and keeps its share until the second has failed too.
    bug("arc_last_owner_by_try_unwrap", &[Panic], || last_owner_cleans_up(by_try_unwrap)),
    // Right: of all owners that call into_inner exactly one gets the value.
    correct("arc_last_owner_by_into_inner", || last_owner_cleans_up(by_into_inner)),
    // Wrong: the owner goes between the look at the count and the upgrade.
    bug("weak_looked_at_then_upgraded", &[Panic], || look_then_upgrade(by_looking)),
    // Right: the upgrade itself tells.
    correct("weak_upgraded", || look_then_upgrade(Weak::upgrade)),
    // Wrong: a thread that is not finished yet is taken for one without a result.
    bug("result_only_if_finished", &[Panic], || result_if_finished(false)),
    // Right: joins in any case.
    correct("result_by_join", || result_if_finished(true)),
    // Right: is_finished is asked once and decides nothing, the join makes relaxed data known.
    correct("finished_or_not_then_joined", finished_then_joined),
    // Wrong: two threads of one name book under the same key.
    bug("threads_told_apart_by_name", &[Panic], || book_per_thread(true)),
    // Right: ids are unique, names need not be.
    correct("threads_told_apart_by_id", || book_per_thread(false)),
    // Right: names inside and outside agree, also for a scoped builder.
    correct("names_of_scoped_threads", names),
    // Right: a handle joined by a sibling, not by the scope.
    correct("scope_handle_joined_by_a_sibling", joined_by_a_sibling),
];
