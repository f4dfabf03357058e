//! What is left of a lock and of notices when processes are killed at any moment. Nothing here depends on
//! when a kill comes, only which of the many moments it meets.

#![forbid(unsafe_code)] // as an answer is compiled

mod cases;

use cases::{Case, Chance, Hogs, end, finish, start, until, until_asleep};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use toolkit::shm::Region;
use toolkit::sync::{LockError, ProcessCondvar, RobustGuard, RobustMutex};

/// How many processes are killed in a case.
const KILLS: u64 = 400;

/// The most workers at a time.
const WORKERS: usize = 3;

toolkit::plain! {
    /// Two counters that are equal whenever nobody holds the lock.
    struct Twins {
        left: u64,
        right: u64,
    }
}

toolkit::shared! {
    struct Counting {
        twins: RobustMutex<Twins>,
        /// How many additions each worker knows it has made.
        made: [AtomicU64; WORKERS],
        healed: AtomicU64,
    }
}

toolkit::shared! {
    struct Shop {
        /// What can be taken.
        tokens: RobustMutex<u64>,
        more: ProcessCondvar,
        taken: AtomicU64,
        step: AtomicU32,
    }
}

impl Counting {
    fn region() -> Region<Counting> {
        let twins = RobustMutex::new(Twins { left: 0, right: 0 });
        let made = [const { AtomicU64::new(0) }; WORKERS];
        Region::of(Counting { twins, made, healed: AtomicU64::new(0) }).expect("a region")
    }

    /// Locks, and repairs if need be.
    fn lock(&self) -> RobustGuard<'_, Twins> {
        match self.twins.lock() {
            Ok(twins) => twins,
            Err(LockError::OwnerDied(mut twins)) => {
                assert!(twins.left == twins.right || twins.left == twins.right + 1);
                twins.right = twins.left;
                self.healed.fetch_add(1, Ordering::Relaxed);
                twins.heal()
            }
            Err(LockError::Unrecoverable) => panic!("everybody heals"),
        }
    }

    /// Adds for ever.
    fn work(&self, worker: usize, mut chance: Chance) -> bool {
        loop {
            let mut twins = self.lock();
            assert_eq!(twins.left, twins.right);
            twins.left += 1;
            chance.pass_time(200); // a kill shall often come here
            twins.right += 1;
            self.made[worker].fetch_add(1, Ordering::Relaxed);
            drop(twins);
            chance.pass_time(100);
        }
    }

    fn made(&self) -> u64 {
        self.made.iter().map(|made| made.load(Ordering::Relaxed)).sum()
    }
}

impl Shop {
    fn region() -> Region<Shop> {
        let (tokens, more) = (RobustMutex::new(0), ProcessCondvar::new());
        let (taken, step) = (AtomicU64::new(0), AtomicU32::new(0));
        Region::of(Shop { tokens, more, taken, step }).expect("a region")
    }

    /// A number alone is never half changed, so there is nothing to repair.
    fn healed<'a>(locked: Result<RobustGuard<'a, u64>, LockError<'a, u64>>) -> RobustGuard<'a, u64> {
        match locked {
            Ok(tokens) => tokens,
            Err(LockError::OwnerDied(tokens)) => tokens.heal(),
            Err(LockError::Unrecoverable) => panic!("everybody heals"),
        }
    }

    /// Takes a token, or waits until there is one.
    fn take(&self) {
        let mut tokens = Shop::healed(self.tokens.lock());
        while *tokens == 0 {
            tokens = Shop::healed(self.more.wait(tokens));
        }
        *tokens -= 1;
        self.taken.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes for ever.
    fn consume(&self) -> bool {
        loop {
            self.take();
        }
    }

    /// Puts one more there. The notice comes first, so that no kill comes between the two.
    fn give(&self) {
        let mut tokens = Shop::healed(self.tokens.lock());
        self.more.notify_one();
        *tokens += 1;
    }

    /// Waits until everything is taken, without waking anybody.
    fn until_sold_out(&self) {
        until(|| *Shop::healed(self.tokens.lock()) == 0);
    }
}

/// Kills and reaps, also who has just ended.
fn shoot(process: Pid) {
    kill(process, Signal::SIGKILL).expect("it is not reaped yet");
    waitpid(process, None).expect("its ending");
}

/// Kills workers at any moment, and replaces them. Every other one goes on, and no addition is lost.
fn count_under_kills(kills: u64, seed: u64) {
    let table = Counting::region();
    let begin = |worker: usize, round: u64| start(|| table.work(worker, Chance::new(seed + round)));
    let mut workers: Vec<Pid> = (0..WORKERS).map(|worker| begin(worker, worker as u64)).collect();
    let mut chance = Chance::new(seed);
    for round in 0..kills {
        let victim = chance.below(WORKERS as u64) as usize;
        chance.pass_time(30_000);
        end(workers[victim]);
        let before = table.made();
        until(|| table.made() > before + 5); // the lock has not died with it
        workers[victim] = begin(victim, 1000 + round);
    }
    workers.into_iter().for_each(end);
    let twins = table.lock();
    let (counted, known) = (twins.left, table.made());
    assert!(twins.left == twins.right);
    // Who is killed between an addition and its note has made one that nobody notes.
    assert!((known..=known + kills + WORKERS as u64).contains(&counted), "{known} known, {counted} counted");
    drop(twins);
    assert!(table.healed.load(Ordering::Relaxed) > 0, "no kill has met a holder");
}

/// Kills a consumer while it is woken for the only token, and looks whether another one takes it.
fn wake_the_dying(kills: u64, seed: u64) {
    let shop = Shop::region();
    let mut chance = Chance::new(seed);
    let mut consumers: Vec<Pid> = (0..WORKERS).map(|_| start(|| shop.consume())).collect();
    for _ in 0..kills {
        consumers.iter().for_each(|consumer| until_asleep(*consumer));
        let victim = chance.below(WORKERS as u64) as usize;
        if chance.below(2) == 0 {
            shop.give();
            chance.pass_time(3_000);
            shoot(consumers[victim]);
        } else {
            kill(consumers[victim], Signal::SIGKILL).expect("it is there");
            chance.pass_time(300);
            shop.give();
            waitpid(consumers[victim], None).expect("its ending");
        }
        shop.until_sold_out(); // those that are left are enough
        consumers[victim] = start(|| shop.consume());
    }
    consumers.into_iter().for_each(shoot);
}

/// Kills who gives, at any moment. What was given is taken without another notice.
fn kill_the_giver(kills: u64, seed: u64) {
    let shop = Shop::region();
    let mut chance = Chance::new(seed);
    let consumers: Vec<Pid> = (0..WORKERS - 1).map(|_| start(|| shop.consume())).collect();
    for _ in 0..kills {
        let before = shop.taken.load(Ordering::Relaxed);
        let giver = start(|| {
            loop {
                shop.give();
            }
        });
        until(|| shop.taken.load(Ordering::Relaxed) > before);
        chance.pass_time(20_000);
        end(giver);
        shop.until_sold_out();
    }
    consumers.into_iter().for_each(end);
}

const CASES: &[Case] = &[
    ("workers_that_are_killed_at_any_moment_lose_nothing", || count_under_kills(KILLS / 2, 1)),
    ("workers_that_are_killed_beside_busy_cores_lose_nothing", || {
        let _hogs = Hogs::start();
        count_under_kills(KILLS / 4, 2);
    }),
    ("a_notice_is_not_lost_with_who_is_killed_as_it_is_woken", || wake_the_dying(KILLS, 3)),
    ("a_notice_is_not_lost_beside_busy_cores", || {
        let _hogs = Hogs::start();
        wake_the_dying(KILLS / 4, 4);
    }),
    ("what_was_given_is_taken_though_the_giver_was_killed", || kill_the_giver(KILLS, 5)),
    ("what_was_given_is_taken_beside_busy_cores", || {
        let _hogs = Hogs::start();
        kill_the_giver(KILLS / 8, 6);
    }),
    ("who_is_killed_while_it_waits_for_the_lock_leaves_no_trace", || {
        for _ in 0..200 {
            let shop = Shop::region();
            let owner = start(|| {
                let _tokens = shop.tokens.lock();
                shop.step.store(1, Ordering::Release);
                until(|| shop.step.load(Ordering::Acquire) == 2);
                true
            });
            until(|| shop.step.load(Ordering::Acquire) == 1);
            let waiters = [(); 2].map(|()| start(|| shop.tokens.lock().is_ok()));
            waiters.into_iter().for_each(until_asleep);
            end(waiters[0]);
            shop.step.store(2, Ordering::Release);
            [owner, waiters[1]].into_iter().for_each(finish);
            assert!(shop.tokens.lock().is_ok());
        }
    }),
    ("waiters_that_are_killed_in_their_sleep_keep_nobody_from_notifying", || {
        let shop = Shop::region();
        for _ in 0..200 {
            let waiter = start(|| shop.consume());
            until_asleep(waiter);
            end(waiter);
            shop.more.notify_all();
            shop.more.notify_one();
        }
        let waiter = start(|| {
            shop.take();
            true
        });
        until_asleep(waiter);
        shop.give();
        finish(waiter);
        assert!(shop.tokens.lock().is_ok_and(|tokens| *tokens == 0));
    }),
    ("a_lock_that_is_handed_over_as_waiters_die_goes_on", || {
        let mut chance = Chance::new(7);
        for _ in 0..200 {
            let shop = Shop::region();
            let owner = start(|| {
                let _tokens = shop.tokens.lock();
                shop.step.store(1, Ordering::Release);
                until(|| shop.step.load(Ordering::Acquire) == 2);
                true
            });
            until(|| shop.step.load(Ordering::Acquire) == 1);
            let waiters = [(); 2].map(|()| {
                start(|| {
                    drop(Shop::healed(shop.tokens.lock()));
                    until(|| shop.step.load(Ordering::Acquire) == 3);
                    true
                })
            });
            waiters.into_iter().for_each(until_asleep);
            shop.step.store(2, Ordering::Release); // the owner wakes one of them
            chance.pass_time(10_000);
            end(waiters[chance.below(2) as usize]);
            drop(Shop::healed(shop.tokens.lock()));
            shop.step.store(3, Ordering::Release);
            finish(owner);
            for waiter in waiters {
                let _ = waitpid(waiter, None); // one of them is gone already
            }
        }
    }),
];

fn main() -> ExitCode {
    cases::main(CASES)
}
