//! The adapter of two reentrant locks.

use crate::world;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

pub use wire::ON_PURPOSE;

/// What stands behind a lock: a number that is read and stored in two plain steps, so that only the lock makes them one.
#[derive(Debug)]
pub struct Number(AtomicU64);

impl Number {
    /// Makes one.
    pub fn new(first: u64) -> Self {
        Self(AtomicU64::new(first))
    }

    /// Reads the number, lets others go first, and stores one more; what was read.
    pub fn count(&self) -> u64 {
        let before = self.0.load(Relaxed);
        thread::yield_now();
        self.0.store(before + 1, Relaxed);
        before
    }
}

/// Has a thread of its own take a lock, by `comes`, while the caller has it, until `goes`; whether it came in meanwhile. Only where
/// time is virtual: that it waits shows when all do.
pub fn meet(comes: impl FnOnce() + Send, goes: impl FnOnce()) -> bool {
    let is_in = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            comes();
            is_in.store(true, Relaxed);
        });
        world::rest(Duration::from_millis(1));
        // Not a load, which may find what was there before.
        let came_in = is_in.swap(false, Relaxed);
        goes();
        came_in
    })
}

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q5_reentrant {
    ($answer:ident) => {
        use $answer::threads::reentrant::{ReentrantGuard, ReentrantLock};
        use $crate::q5_sharing_data::driver::reentrant::{Number, ON_PURPOSE, meet};
        use $crate::q5_sharing_data::words::reentrant as words;
        use $crate::script::{Actor, Kind, Tool};

        struct Shared([ReentrantLock<Number>; 2]);

        impl Tool for Shared {
            fn actor(&self) -> Box<dyn Actor + '_> {
                Box::new(Thread { locks: &self.0, held: [Vec::new(), Vec::new()] })
            }
        }

        struct Thread<'a> {
            locks: &'a [ReentrantLock<Number>; 2],
            held: [Vec<ReentrantGuard<'a, Number>>; 2],
        }

        impl Actor for Thread<'_> {
            fn perform(&mut self, op: [u64; 3]) -> Vec<u64> {
                let number = usize::from(op[1] == 1);
                let (lock, held) = (&self.locks[number], &mut self.held[number]);
                match op[0] {
                    words::LOCK => held.push(lock.lock()),
                    words::UNLOCK if held.is_empty() => return vec![0],
                    words::UNLOCK => {
                        let place = if op[2] == 0 { 0 } else { held.len() - 1 };
                        drop(held.remove(place));
                        return vec![1];
                    }
                    words::LOCK_MANY => held.extend((0..op[2]).map(|_| lock.lock())),
                    words::UNLOCK_MANY => drop(held.drain(..held.len().min(op[2] as usize))),
                    words::MEET => {
                        let mine = lock.lock();
                        return vec![meet(|| drop(lock.lock()), || drop(mine)).into()];
                    }
                    words::ADD => {
                        let Some(guard) = held.last() else { return Vec::new() };
                        return vec![guard.count()];
                    }
                    _ => {
                        let _guards: Vec<_> = (0..op[2]).map(|_| lock.lock()).collect();
                        panic!("{ON_PURPOSE}");
                    }
                }
                Vec::new()
            }
        }

        fn main() {
            $crate::script::serve(Kind {
                tool: |_| Box::new(Shared([(), ()].map(|()| ReentrantLock::new(Number::new(words::FIRST))))),
                call: words::call,
                result: words::result,
            })
        }
    };
}
