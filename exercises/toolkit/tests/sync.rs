//! What `RobustMutex` and `ProcessCondvar` promise, step by step. Kills at any moment are in `kills`.

#![forbid(unsafe_code)] // as an answer is compiled

mod cases;

use cases::{Case, Hogs, end, finish, start, until, until_asleep};
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;
use toolkit::shm::Region;
use toolkit::sync::{LockError, ProcessCondvar, RobustGuard, RobustMutex};
use toolkit::{ForkError, fork};

toolkit::shared! {
    /// Everything that a test needs at once.
    struct Table {
        value: RobustMutex<u64>,
        changed: ProcessCondvar,
        step: AtomicU32,
    }
}

toolkit::plain! {
    #[derive(Debug, PartialEq)]
    struct Pair {
        left: u64,
        right: [u8; 3],
    }
}

fn table() -> Region<Table> {
    let (value, changed) = (RobustMutex::new(0), ProcessCondvar::new());
    Region::of(Table { value, changed, step: AtomicU32::new(0) }).expect("a region")
}

impl Table {
    fn lock(&self) -> RobustGuard<'_, u64> {
        self.value.lock().expect("nobody has died")
    }

    /// Says how far we are.
    fn at(&self, step: u32) {
        self.step.store(step, Ordering::Release);
    }

    /// Waits until somebody else is so far.
    fn until_at(&self, step: u32) {
        until(|| self.step.load(Ordering::Acquire) == step);
    }

    /// Forks a child that takes the lock, changes the value to 7, and is killed.
    fn lose_an_owner(&self) {
        let child = start(|| {
            *self.lock_somehow() = 7;
            unreachable!("it ends before")
        });
        assert_eq!(waitpid(child, None), Ok(WaitStatus::Signaled(child, Signal::SIGKILL, false)));
    }

    /// The value, of which the lock is held until the end of this process, which is now.
    fn lock_somehow(&self) -> RobustGuard<'_, u64> {
        let mut guard = match self.value.lock() {
            Ok(guard) => guard,
            Err(LockError::OwnerDied(died)) => died.heal(),
            Err(LockError::Unrecoverable) => panic!("it can be healed"),
        };
        *guard = 7;
        nix::sys::signal::raise(Signal::SIGKILL).expect("we may");
        guard
    }
}

fn add_to(table: &Table, times: u64) -> bool {
    for _ in 0..times {
        let mut value = table.lock();
        let before = *value;
        if before.is_multiple_of(64) {
            thread::yield_now(); // an owner that does not run must keep others out too
        }
        *value = before + 1;
    }
    true
}

/// Two processes that each wait for the other, so often that a notice comes at every step of a wait.
fn take_turns(turns: u64) {
    let table = table();
    let play = |mine: u64| {
        for _ in 0..turns {
            let mut value = table.lock();
            while *value % 2 != mine {
                value = table.changed.wait(value).expect("nobody has died");
            }
            *value += 1;
            table.changed.notify_one();
        }
        true
    };
    [start(|| play(0)), start(|| play(1))].into_iter().for_each(finish);
    assert_eq!(*table.lock(), 2 * turns);
}

const CASES: &[Case] = &[
    ("additions_of_four_processes_all_count", || {
        let table = table();
        let children = [(); 4].map(|()| start(|| add_to(&table, 20_000)));
        children.into_iter().for_each(finish);
        assert_eq!(*table.lock(), 80_000);
    }),
    ("additions_count_beside_busy_cores", || {
        let table = table();
        let hogs = Hogs::start();
        let children = [(); 4].map(|()| start(|| add_to(&table, 5_000)));
        children.into_iter().for_each(finish);
        drop(hogs);
        assert_eq!(*table.lock(), 20_000);
    }),
    ("additions_of_threads_in_several_processes_all_count", || {
        let table = table();
        let in_threads = || {
            thread::scope(|scope| {
                (0..4).for_each(|_| _ = scope.spawn(|| add_to(&table, 3_000)));
            });
            true
        };
        [start(in_threads), start(in_threads)].into_iter().for_each(finish);
        assert_eq!(*table.lock(), 24_000);
    }),
    ("a_lock_that_is_held_elsewhere_is_not_given", || {
        let table = table();
        let child = start(|| {
            let guard = table.lock();
            table.at(1);
            table.until_at(2);
            drop(guard);
            true
        });
        table.until_at(1);
        assert!(table.value.try_lock().expect("nobody has died").is_none());
        for limit in [Duration::ZERO, Duration::from_millis(20)] {
            assert!(table.value.lock_timeout(limit).expect("nobody has died").is_none());
        }
        table.at(2);
        for limit in [Duration::MAX, Duration::from_secs(u64::MAX / 2), Duration::from_secs(3600)] {
            assert!(table.value.lock_timeout(limit).expect("nobody has died").is_some());
        }
        finish(child);
        assert!(table.value.try_lock().expect("nobody has died").is_some());
    }),
    ("its_own_thread_gets_it_once", || {
        let table = table();
        let guard = table.lock();
        assert!(table.value.try_lock().expect("nobody has died").is_none());
        assert!(catch_unwind(AssertUnwindSafe(|| _ = table.value.lock())).is_err());
        assert!(catch_unwind(AssertUnwindSafe(|| _ = table.value.lock_timeout(Duration::MAX))).is_err());
        drop(guard);
        assert_eq!(*table.lock(), 0);
    }),
    ("it_works_only_in_shared_memory", || {
        let alone = RobustMutex::new(1_u64);
        for lock in [|m: &RobustMutex<u64>| _ = m.lock(), |m: &RobustMutex<u64>| _ = m.try_lock()] {
            assert!(catch_unwind(AssertUnwindSafe(|| lock(&alone))).is_err());
        }
    }),
    ("every_lock_of_a_row_or_a_tuple_works_and_is_its_own", || {
        let row = Region::<[RobustMutex<Pair>]>::new(3).expect("a region");
        let tuple = Region::of(([const { RobustMutex::new(5_u8) }; 2], RobustMutex::new((true, 1.5_f64))));
        let (bytes, other) = &*tuple.expect("a region");
        let held = row[1].lock().expect("nobody has died");
        assert_eq!(*held, Pair { left: 0, right: [0; 3] });
        assert!(row[0].try_lock().expect("nobody has died").is_some());
        assert!(row[2].try_lock().expect("nobody has died").is_some());
        assert_eq!(bytes.each_ref().map(|byte| *byte.lock().expect("nobody has died")), [5, 5]);
        assert_eq!(*other.lock().expect("nobody has died"), (true, 1.5));
    }),
    ("an_owner_that_was_killed_is_reported_once_and_healed", || {
        let table = table();
        for _ in 0..100 {
            table.lose_an_owner();
            let Err(LockError::OwnerDied(mut died)) = table.value.lock() else { panic!("it died") };
            assert_eq!(*died, 7);
            *died = 1;
            assert_eq!(*died.heal(), 1);
            assert_eq!(*table.lock(), 1);
        }
        table.lose_an_owner();
        assert!(matches!(table.value.try_lock(), Err(LockError::OwnerDied(_))));
    }),
    ("a_limit_reports_an_owner_that_was_killed_too", || {
        let table = table();
        table.lose_an_owner();
        let Err(LockError::OwnerDied(died)) = table.value.lock_timeout(Duration::ZERO) else {
            panic!("it died")
        };
        drop(died.heal());
        table.lose_an_owner();
        let Err(LockError::OwnerDied(died)) = table.value.try_lock() else { panic!("it died") };
        drop(died.heal());
        assert_eq!(*table.lock(), 7);
    }),
    ("who_waits_for_the_lock_learns_of_its_owners_death", || {
        for _ in 0..100 {
            let table = table();
            let owner = start(|| {
                let _guard = table.lock();
                table.at(1);
                until(|| false);
                true
            });
            table.until_at(1);
            let waiter = start(|| matches!(table.value.lock(), Err(LockError::OwnerDied(_))));
            until_asleep(waiter);
            end(owner);
            finish(waiter);
        }
    }),
    ("a_lock_that_nobody_heals_is_lost_for_all_also_for_those_who_wait", || {
        let table = table();
        table.lose_an_owner();
        let Err(LockError::OwnerDied(died)) = table.value.lock() else { panic!("it died") };
        drop(died);
        let lost = || matches!(table.value.lock(), Err(LockError::Unrecoverable));
        assert!(lost() && lost());
        assert!(matches!(table.value.try_lock(), Err(LockError::Unrecoverable)));
        finish(start(lost));
        assert_eq!(fork(|| 0).map(finish), Ok(()), "no lock is held");

        let table = self::table();
        let healer = start(|| {
            table.until_at(1);
            let Err(LockError::OwnerDied(died)) = table.value.lock() else { return false };
            table.at(2);
            table.until_at(3);
            drop(died);
            true
        });
        table.lose_an_owner();
        table.at(1);
        table.until_at(2);
        let waiters = [(); 3].map(|()| start(|| matches!(table.value.lock(), Err(LockError::Unrecoverable))));
        waiters.into_iter().for_each(until_asleep);
        table.at(3);
        finish(healer);
        waiters.into_iter().for_each(finish);
    }),
    ("who_dies_before_it_has_healed_is_reported_too", || {
        let table = table();
        table.lose_an_owner();
        for step in 1..=50 {
            let healer = start(|| {
                let died = table.value.lock();
                table.at(step);
                until(|| false);
                drop(died);
                true
            });
            table.until_at(step);
            end(healer);
        }
        let Err(LockError::OwnerDied(died)) = table.value.lock() else { panic!("it died") };
        drop(died.heal());
        drop(table.lock());
    }),
    ("a_panic_counts_as_a_death_in_the_child_and_here", || {
        let table = table();
        let child = fork(|| {
            let _guard = table.lock();
            panic!("on purpose");
        });
        let child = child.expect("a child");
        assert_eq!(waitpid(child, None), Ok(WaitStatus::Exited(child, 101)));
        let here = catch_unwind(AssertUnwindSafe(|| {
            let Err(LockError::OwnerDied(_died)) = table.value.lock() else { return };
            panic!("while it is repaired");
        }));
        assert!(here.is_err(), "the child's panic was reported");
        let Err(LockError::OwnerDied(died)) = table.value.lock() else { panic!("it panicked") };
        drop(died.heal());
        let quiet = catch_unwind(AssertUnwindSafe(|| {
            struct LocksWhenDropped<'a>(&'a Table);
            impl Drop for LocksWhenDropped<'_> {
                fn drop(&mut self) {
                    drop(self.0.lock());
                }
            }
            let _last = LocksWhenDropped(&table);
            panic!("before the lock is taken");
        }));
        assert!(quiet.is_err());
        drop(table.lock());
    }),
    ("who_ends_with_a_forgotten_guard_is_reported", || {
        let table = table();
        finish(start(|| {
            #[expect(clippy::mem_forget, reason = "what a student may do")]
            std::mem::forget(table.lock());
            true
        }));
        assert!(matches!(table.value.lock(), Err(LockError::OwnerDied(_))));
    }),
    ("who_holds_a_lock_cannot_fork", || {
        let table = table();
        let other = self::table();
        let (first, second) = (table.lock(), other.lock());
        assert_eq!(fork(|| 0), Err(ForkError::LockHeld { locks: 2 }));
        drop(first);
        assert_eq!(fork(|| 0), Err(ForkError::LockHeld { locks: 1 }));
        let (second, _) = other.changed.wait_timeout(second, Duration::ZERO).expect("nobody has died");
        assert_eq!(fork(|| 0), Err(ForkError::LockHeld { locks: 1 }));
        drop(second);
        assert_eq!(fork(|| 0).map(finish), Ok(()));
        table.lose_an_owner();
        let died = table.value.lock();
        assert_eq!(fork(|| 0), Err(ForkError::LockHeld { locks: 1 }));
        drop(died);
        assert_eq!(fork(|| 0).map(finish), Ok(()));
    }),
    ("a_thread_that_ends_with_a_forgotten_guard_ends_its_process", || {
        let table: &'static Region<Table> = Box::leak(Box::new(table()));
        let child = start(|| {
            let forgetful = thread::spawn(|| {
                let guard: &'static mut RobustGuard<'static, u64> = Box::leak(Box::new(table.lock()));
                **guard = 1;
            });
            forgetful.join().is_ok()
        });
        assert_eq!(waitpid(child, None), Ok(WaitStatus::Signaled(child, Signal::SIGABRT, false)));
    }),
    ("a_region_with_a_forgotten_guard_stays_mapped", || {
        let (first, second) = (table(), table());
        #[expect(clippy::mem_forget, reason = "what a student may do")]
        std::mem::forget(first.lock());
        drop(first);
        drop(second.lock()); // the C library writes to the locks that it believes are held
    }),
    ("a_notice_wakes_who_waits_in_turn", || take_turns(10_000)),
    ("a_notice_wakes_who_waits_beside_busy_cores", || {
        let _hogs = Hogs::start();
        take_turns(1_000);
    }),
    ("a_notice_to_all_wakes_all", || {
        for _ in 0..50 {
            let table = table();
            let waiters = [(); 5].map(|()| {
                start(|| {
                    let mut value = table.lock();
                    while *value == 0 {
                        value = table.changed.wait(value).expect("nobody has died");
                    }
                    true
                })
            });
            waiters.into_iter().for_each(until_asleep);
            *table.lock() = 1;
            table.changed.notify_all();
            waiters.into_iter().for_each(finish);
        }
    }),
    ("a_limit_ends_a_wait_and_says_so", || {
        let table = table();
        for limit in [Duration::ZERO, Duration::from_millis(5)] {
            let before = std::time::Instant::now();
            let (guard, timed_out) =
                table.changed.wait_timeout(table.lock(), limit).expect("nobody has died");
            assert!(timed_out && before.elapsed() >= limit);
            assert_eq!(fork(|| 0), Err(ForkError::LockHeld { locks: 1 }), "the lock is ours again");
            drop(guard);
        }
        for limit in [Duration::MAX, Duration::from_secs(1 << 62), Duration::from_secs(3600)] {
            let child = start(|| {
                let (_, timed_out) =
                    table.changed.wait_timeout(table.lock(), limit).expect("nobody has died");
                !timed_out
            });
            until_asleep(child);
            table.changed.notify_one();
            finish(child);
        }
    }),
    ("a_woken_waiter_learns_of_an_owners_death", || {
        for _ in 0..100 {
            let table = table();
            let waiter = start(|| {
                let waited = table.changed.wait(table.lock());
                matches!(waited, Err(LockError::OwnerDied(died)) if *died == 7)
            });
            until_asleep(waiter);
            let owner = start(|| {
                let mut value = table.lock();
                table.changed.notify_all();
                *value = 7;
                table.at(1);
                until(|| false);
                true
            });
            table.until_at(1);
            end(owner);
            finish(waiter);
        }
    }),
    ("a_waiter_sleeps_until_there_is_a_notice", || {
        let table = table();
        let woken = Region::of(AtomicU64::new(0)).expect("a region");
        let waiter = start(|| {
            let mut value = table.lock();
            while *value < 2 {
                value = table.changed.wait(value).expect("nobody has died");
                woken.fetch_add(1, Ordering::Relaxed);
            }
            true
        });
        until_asleep(waiter);
        (0..2_000).for_each(|_| drop(table.lock()));
        *table.lock() = 2;
        table.changed.notify_one();
        finish(waiter);
        assert_eq!(woken.load(Ordering::Relaxed), 1);
    }),
];

fn main() -> ExitCode {
    cases::main(CASES)
}
