//! Thread pools.

use std::collections::VecDeque;

use interleave::Fault::{BusyWait, Deadlock, LeakedThread, LostWakeUp, Panic, SleepPolling};
use interleave_std::panic::{AssertUnwindSafe, catch_unwind};
use interleave_std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use interleave_std::sync::{Arc, Condvar, Mutex, MutexGuard, mpsc};
use interleave_std::thread::{self, JoinHandle};
use interleave_std::time::Duration;

use crate::case::{Case, bug, correct};

type Job = Box<dyn FnOnce() + Send>;

/// A job that waits until as many have come as there are workers.
fn meeting(size: usize) -> impl Fn() + Send + Clone + 'static {
    let arrived = Arc::new((Mutex::new(0), Condvar::new()));
    move || {
        let mut count = arrived.0.lock().unwrap();
        *count += 1;
        arrived.1.notify_all();
        drop(arrived.1.wait_while(count, |count| *count < size).unwrap());
    }
}

/// Workers share the receiving end of a channel.
struct ChannelPool {
    jobs: Option<mpsc::Sender<Job>>,
    workers: Vec<JoinHandle<()>>,
}

impl ChannelPool {
    fn new(size: usize, work: fn(&Mutex<mpsc::Receiver<Job>>)) -> Self {
        let (jobs, receiver) = mpsc::channel();
        let receiver = Arc::new(Mutex::new(receiver));
        let workers = (0..size).map(|_| {
            let receiver = Arc::clone(&receiver);
            thread::spawn(move || work(&receiver))
        });
        Self { jobs: Some(jobs), workers: workers.collect() }
    }

    fn submit(&self, job: impl FnOnce() + Send + 'static) {
        self.jobs.as_ref().unwrap().send(Box::new(job)).unwrap();
    }

    fn finish(mut self, close_first: bool) {
        if close_first {
            self.jobs = None;
        }
        for worker in self.workers.drain(..) {
            worker.join().expect("a worker died");
        }
    }
}

/// The temporary guard lives to the end of the loop's body: one job at a time.
fn work_with_the_lock_held(jobs: &Mutex<mpsc::Receiver<Job>>) {
    while let Ok(job) = jobs.lock().unwrap().recv() {
        job();
    }
}

fn work_without_the_lock(jobs: &Mutex<mpsc::Receiver<Job>>) {
    loop {
        let next = jobs.lock().unwrap().recv();
        let Ok(job) = next else { return };
        job();
    }
}

fn channel_pool(jobs: usize, work: fn(&Mutex<mpsc::Receiver<Job>>), close_first: bool) {
    let pool = ChannelPool::new(2, work);
    let meet = meeting(2);
    (0..jobs).for_each(|_| pool.submit(meet.clone()));
    pool.finish(close_first);
}

/// How workers look for the next job.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Idle {
    #[default]
    Wait,
    Spin,
    SpinAndYield,
    Poll,
}

/// What is wrong with a pool.
#[derive(Clone, Copy, Default)]
struct Flaws {
    idle: Idle,
    drops_jobs_at_the_end: bool,
    dies_of_a_panic: bool,
    counts_outside_the_lock: bool,
    waits_even_for_nothing: bool,
    closes_outside_the_lock: bool,
    leaves_workers_behind: bool,
    closes_for_one_only: bool,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    pending: usize,
    closed: bool,
    panics: usize,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    work: Condvar,
    idle: Condvar,
    closed: AtomicBool,
    pending: AtomicUsize,
}

struct Pool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
    flaws: Flaws,
}

impl Pool {
    fn new(size: usize, flaws: Flaws) -> Self {
        let shared = Arc::new(Shared::default());
        let workers = (0..size).map(|_| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || while shared.run_one(flaws) {})
        });
        let workers = workers.collect();
        Self { shared, workers, flaws }
    }

    fn submit(&self, job: impl FnOnce() + Send + 'static) {
        self.shared.pending.fetch_add(1, SeqCst);
        let mut state = self.shared.state.lock().unwrap();
        state.pending += 1;
        state.jobs.push_back(Box::new(job));
        self.shared.work.notify_one();
    }

    fn wait_until_idle(&self) {
        if self.flaws.counts_outside_the_lock {
            if self.shared.pending.load(SeqCst) > 0 {
                let state = self.shared.state.lock().unwrap();
                drop(self.shared.idle.wait(state).unwrap());
            }
            return;
        }
        let mut state = self.shared.state.lock().unwrap();
        if self.flaws.waits_even_for_nothing {
            state = self.shared.idle.wait(state).unwrap();
        }
        drop(self.shared.idle.wait_while(state, |state| state.pending > 0).unwrap());
    }
}

impl Shared {
    fn run_one(&self, flaws: Flaws) -> bool {
        let Some(job) = self.next_job(flaws) else { return false };
        if flaws.dies_of_a_panic {
            job();
        } else if catch_unwind(AssertUnwindSafe(job)).is_err() {
            self.state.lock().unwrap().panics += 1;
        }
        if flaws.counts_outside_the_lock {
            self.pending.fetch_sub(1, SeqCst);
            self.idle.notify_all();
        }
        let mut state = self.state.lock().unwrap();
        state.pending -= 1;
        if state.pending == 0 {
            self.idle.notify_all();
        }
        true
    }

    fn next_job(&self, flaws: Flaws) -> Option<Job> {
        let mut state = self.state.lock().unwrap();
        loop {
            if flaws.drops_jobs_at_the_end && state.closed {
                return None;
            }
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            if state.closed || flaws.closes_outside_the_lock && self.closed.load(SeqCst) {
                return None;
            }
            state = self.idle_turn(state, flaws.idle);
        }
    }

    fn idle_turn<'a>(&'a self, state: MutexGuard<'a, State>, idle: Idle) -> MutexGuard<'a, State> {
        if idle == Idle::Wait {
            return self.work.wait(state).unwrap();
        }
        drop(state);
        match idle {
            Idle::SpinAndYield => thread::yield_now(),
            Idle::Poll => thread::sleep(Duration::from_millis(1)),
            Idle::Spin | Idle::Wait => (),
        }
        self.state.lock().unwrap()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if self.flaws.closes_outside_the_lock {
            self.shared.closed.store(true, SeqCst);
        } else {
            self.shared.state.lock().unwrap().closed = true;
        }
        if self.flaws.closes_for_one_only {
            self.shared.work.notify_one();
        } else {
            self.shared.work.notify_all();
        }
        if !self.flaws.leaves_workers_behind {
            for worker in self.workers.drain(..) {
                let _ = worker.join();
            }
        }
    }
}

fn all_jobs_run(workers: usize, jobs: usize, wait: bool, flaws: Flaws) {
    let (pool, count) = (Pool::new(workers, flaws), Arc::new(AtomicUsize::new(0)));
    for _ in 0..jobs {
        let count = Arc::clone(&count);
        pool.submit(move || {
            count.fetch_add(1, SeqCst);
        });
    }
    if wait {
        pool.wait_until_idle();
    }
    drop(pool);
    assert_eq!(count.load(SeqCst), jobs, "jobs were lost");
}

fn survives_a_panic(flaws: Flaws) {
    let (pool, count) = (Pool::new(1, flaws), Arc::new(AtomicUsize::new(0)));
    pool.submit(|| panic!("the job failed"));
    let counted = Arc::clone(&count);
    pool.submit(move || {
        counted.fetch_add(1, SeqCst);
    });
    pool.wait_until_idle();
    assert_eq!((count.load(SeqCst), pool.shared.state.lock().unwrap().panics), (1, 1));
}

/// One worker has a long job. The other must wait, not keep asking.
fn idle_worker(idle: Idle) {
    let pool = Pool::new(2, Flaws { idle, ..Flaws::default() });
    pool.submit(|| thread::sleep(Duration::from_millis(100)));
    pool.wait_until_idle();
}

fn drop_waits(flaws: Flaws) {
    let count = Arc::new(AtomicUsize::new(0));
    let pool = Pool::new(1, flaws);
    let counted = Arc::clone(&count);
    pool.submit(move || {
        thread::yield_now();
        counted.fetch_add(1, SeqCst);
    });
    drop(pool);
    assert_eq!(count.load(SeqCst), 1, "the pool was gone before its work was done");
}

/// Four jobs for two workers; the first and the third must meet.
fn uneven_jobs(split_beforehand: bool) {
    let meet = meeting(2);
    let job = |index: usize| -> Job {
        if index.is_multiple_of(2) { Box::new(meet.clone()) } else { Box::new(|| ()) }
    };
    if split_beforehand {
        let shares = [[job(0), job(2)], [job(1), job(3)]];
        let workers = shares.map(|share| thread::spawn(|| share.into_iter().for_each(|job| job())));
        for worker in workers {
            worker.join().unwrap();
        }
    } else {
        let pool = Pool::new(2, Flaws::default());
        (0..4).for_each(|index| pool.submit(job(index)));
        pool.wait_until_idle();
    }
}

/// "Parallel" jobs that are joined before the next is started.
fn one_after_the_other() {
    let meet = meeting(2);
    for _ in 0..2 {
        let meet = meet.clone();
        thread::spawn(meet).join().unwrap();
    }
}

fn squares(in_order: bool) {
    let numbers = [3, 1, 2];
    let squares = if in_order {
        thread::scope(|scope| {
            let workers = numbers.map(|number| scope.spawn(move || number * number));
            workers.map(|worker| worker.join().unwrap()).to_vec()
        })
    } else {
        let squares = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for number in numbers {
                let squares = &squares;
                scope.spawn(move || squares.lock().unwrap().push(number * number));
            }
        });
        squares.into_inner().unwrap()
    };
    assert_eq!(squares, [9, 1, 4]);
}

fn forgotten_worker() {
    let (jobs, receiver) = mpsc::channel::<Job>();
    thread::spawn(move || receiver.into_iter().for_each(|job| job()));
    let _kept_for_ever = Box::leak(Box::new(jobs));
}

const FINE: Flaws = Flaws {
    idle: Idle::Wait,
    drops_jobs_at_the_end: false,
    dies_of_a_panic: false,
    counts_outside_the_lock: false,
    waits_even_for_nothing: false,
    closes_outside_the_lock: false,
    leaves_workers_behind: false,
    closes_for_one_only: false,
};

pub(crate) const CASES: &[Case] = &[
    bug("pool_runs_jobs_under_the_lock", &[Deadlock, LostWakeUp], || {
        channel_pool(2, work_with_the_lock_held, true)
    }),
    correct("pool_runs_jobs_together", || channel_pool(2, work_without_the_lock, true)),
    correct("pool_without_jobs", || channel_pool(0, work_without_the_lock, true)),
    bug("pool_joins_before_closing", &[Deadlock], || channel_pool(2, work_without_the_lock, false)),
    bug("pool_joins_before_closing_without_jobs", &[Deadlock], || {
        channel_pool(0, work_without_the_lock, false)
    }),
    bug("pool_one_after_the_other", &[Deadlock, LostWakeUp], one_after_the_other),
    bug("pool_drops_jobs_at_the_end", &[Panic], || {
        all_jobs_run(2, 3, false, Flaws { drops_jobs_at_the_end: true, ..FINE });
    }),
    correct("pool_runs_all_jobs", || all_jobs_run(2, 3, false, FINE)),
    bug("pool_counts_outside_the_lock", &[LostWakeUp, Deadlock], || {
        all_jobs_run(1, 1, true, Flaws { counts_outside_the_lock: true, ..FINE });
    }),
    correct("pool_waits_until_idle", || all_jobs_run(2, 2, true, FINE)),
    bug("pool_waits_even_for_nothing", &[Deadlock], || {
        all_jobs_run(1, 0, true, Flaws { waits_even_for_nothing: true, ..FINE });
    }),
    correct("pool_waits_for_nothing", || all_jobs_run(1, 0, true, FINE)),
    bug("pool_closes_outside_the_lock", &[LostWakeUp, Deadlock], || {
        all_jobs_run(2, 1, true, Flaws { closes_outside_the_lock: true, ..FINE });
    }),
    bug("pool_closes_for_one_only", &[LostWakeUp, Deadlock], || {
        all_jobs_run(2, 1, true, Flaws { closes_for_one_only: true, ..FINE });
    }),
    bug("pool_dies_of_a_panic", &[Deadlock, LostWakeUp], || {
        survives_a_panic(Flaws { dies_of_a_panic: true, ..FINE });
    }),
    correct("pool_survives_a_panic", || survives_a_panic(FINE)),
    bug("pool_spins", &[BusyWait], || idle_worker(Idle::Spin)),
    bug("pool_spins_and_yields", &[BusyWait], || idle_worker(Idle::SpinAndYield)),
    bug("pool_polls", &[SleepPolling], || idle_worker(Idle::Poll)),
    correct("pool_waits_for_work", || idle_worker(Idle::Wait)),
    bug("pool_leaves_workers_behind", &[Panic], || drop_waits(Flaws { leaves_workers_behind: true, ..FINE })),
    correct("pool_drop_waits", || drop_waits(FINE)),
    bug("pool_splits_beforehand", &[Deadlock, LostWakeUp], || uneven_jobs(true)),
    correct("pool_shares_one_queue", || uneven_jobs(false)),
    bug("results_in_order_of_completion", &[Panic], || squares(false)),
    correct("results_in_order_of_input", || squares(true)),
    bug("worker_forgotten", &[LeakedThread], forgotten_worker),
    correct("pool_eight_workers_hundred_jobs", || all_jobs_run(8, 100, true, FINE)),
    correct("pool_four_workers_twenty_jobs", || all_jobs_run(4, 20, true, FINE)),
];
