//! Workers: stealing, ends of pools, pills, late jobs.

use std::collections::VecDeque;

use interleave::Fault::{Deadlock, LostWakeUp, Panic};
use interleave_std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use interleave_std::sync::{Arc, Condvar, Mutex, mpsc};
use interleave_std::thread;
use interleave_std::time::Duration;

use crate::case::{Case, bug, correct};

type Queues = [Mutex<VecDeque<usize>>; 2];

/// Two workers empty their own queues, then steal half of the other's. Every job is done exactly once.
fn steal(steal: fn(&Queues, usize) -> Option<usize>) {
    let queues = [VecDeque::from([0]), VecDeque::from([1, 2])].map(Mutex::new);
    let done = Mutex::new(Vec::new());
    let work = |me: usize| loop {
        let next = queues[me].lock().unwrap().pop_front();
        let Some(job) = next.or_else(|| steal(&queues, me)) else { return };
        done.lock().unwrap().push(job);
    };
    thread::scope(|scope| {
        let other = scope.spawn(|| work(1));
        work(0);
        other.join().expect("a thief died");
    });
    let mut done = done.into_inner().unwrap();
    done.sort_unstable();
    assert_eq!(done, [0, 1, 2], "a job was lost or done twice");
}

fn holding_both(queues: &Queues, me: usize) -> Option<usize> {
    let mut mine = queues[me].lock().unwrap();
    let mut theirs = queues[1 - me].lock().unwrap();
    let half = theirs.len().div_ceil(2);
    let mut loot = theirs.drain(..half);
    let first = loot.next();
    mine.extend(loot);
    first
}

fn counting_first(queues: &Queues, me: usize) -> Option<usize> {
    let half = queues[1 - me].lock().unwrap().len().div_ceil(2);
    let loot = queues[1 - me].lock().unwrap().drain(..half).collect::<VecDeque<_>>();
    keep_the_rest(queues, me, loot)
}

fn copying_first(queues: &Queues, me: usize) -> Option<usize> {
    let mut loot = queues[1 - me].lock().unwrap().clone();
    loot.truncate(loot.len().div_ceil(2));
    let mut theirs = queues[1 - me].lock().unwrap();
    let taken = loot.len().min(theirs.len());
    theirs.drain(..taken);
    drop(theirs);
    keep_the_rest(queues, me, loot)
}

fn one_after_the_other(queues: &Queues, me: usize) -> Option<usize> {
    let loot = {
        let mut theirs = queues[1 - me].lock().unwrap();
        let half = theirs.len().div_ceil(2);
        theirs.drain(..half).collect::<VecDeque<_>>()
    };
    keep_the_rest(queues, me, loot)
}

fn keep_the_rest(queues: &Queues, me: usize, mut loot: VecDeque<usize>) -> Option<usize> {
    let first = loot.pop_front();
    queues[me].lock().unwrap().extend(loot);
    first
}

/// The first job makes a second. A worker that finds nothing to do must not leave while another is at work.
fn job_that_makes_a_job(count_jobs_under_way: bool) {
    // Jobs, under way. The second job has to be done by the worker that did not do the first.
    let (state, changed) = (Mutex::new((VecDeque::from([1]), 0)), Condvar::new());
    let (met, meet) = (Mutex::new(0), Condvar::new());
    let work = || {
        loop {
            let guard = state.lock().unwrap();
            let mut guard = changed
                .wait_while(guard, |(jobs, busy)| jobs.is_empty() && *busy > 0 && count_jobs_under_way)
                .unwrap();
            let Some(job) = guard.0.pop_front() else { return };
            guard.1 += 1;
            drop(guard);
            if job == 1 {
                state.lock().unwrap().0.push_back(2);
                changed.notify_all();
            }
            // The two jobs need each other.
            let mut count = met.lock().unwrap();
            *count += 1;
            meet.notify_all();
            drop(meet.wait_while(count, |count| *count < 2).unwrap());
            state.lock().unwrap().1 -= 1;
            changed.notify_all();
        }
    };
    thread::scope(|scope| {
        scope.spawn(work);
        work();
    });
}

/// A pool that takes jobs until it is closed.
#[derive(Default)]
struct Pool {
    state: Mutex<(VecDeque<usize>, bool)>,
    closed: AtomicBool,
    changed: Condvar,
}

impl Pool {
    fn submit_after_a_look(&self, job: usize) -> bool {
        if self.closed.load(SeqCst) {
            return false;
        }
        thread::sleep(Duration::from_millis(1));
        self.state.lock().unwrap().0.push_back(job);
        self.changed.notify_one();
        true
    }

    fn submit(&self, job: usize) -> bool {
        let mut state = self.state.lock().unwrap();
        if !state.1 {
            state.0.push_back(job);
            self.changed.notify_one();
        }
        !state.1
    }

    fn close(&self) {
        self.closed.store(true, SeqCst);
        self.state.lock().unwrap().1 = true;
        self.changed.notify_all();
    }

    /// Does what has been submitted until it is closed and empty.
    fn work(&self) -> usize {
        let mut done = 0;
        loop {
            let state = self.state.lock().unwrap();
            let mut state =
                self.changed.wait_while(state, |(jobs, closed)| jobs.is_empty() && !*closed).unwrap();
            match state.0.pop_front() {
                Some(_) => done += 1,
                None => return done,
            }
        }
    }
}

/// A job that has been accepted is done, however late it came.
fn late_job(submit: fn(&Pool, usize) -> bool) {
    let pool = Arc::new(Pool::default());
    let worker = {
        let pool = Arc::clone(&pool);
        thread::spawn(move || pool.work())
    };
    let submitter = {
        let pool = Arc::clone(&pool);
        thread::spawn(move || usize::from(submit(&pool, 1)))
    };
    pool.close();
    let accepted = submitter.join().unwrap();
    assert_eq!(worker.join().unwrap(), accepted, "accepted, but never done");
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    Flag,
    OnePill,
    PassedPill,
    PillEach,
    Disconnect,
}

/// Two workers at one receiver, and ways to send them home.
fn stop(how: Stop) {
    let (jobs, receiver) = mpsc::channel::<Option<usize>>();
    let (receiver, stop, done) = (Mutex::new(receiver), AtomicBool::new(false), AtomicUsize::new(0));
    let kept = thread::scope(|scope| {
        for _ in 0..2 {
            let jobs = (how == Stop::PassedPill).then(|| jobs.clone());
            let (receiver, stop, done) = (&receiver, &stop, &done);
            scope.spawn(move || {
                while !stop.load(SeqCst) {
                    let next = receiver.lock().unwrap().recv();
                    match (next, &jobs) {
                        (Ok(Some(job)), _) => {
                            done.fetch_add(job, SeqCst);
                        }
                        (Ok(None), Some(jobs)) => return jobs.send(None).unwrap(),
                        (Ok(None) | Err(_), _) => return,
                    }
                }
            });
        }
        jobs.send(Some(1)).unwrap();
        match how {
            Stop::Flag => stop.store(true, SeqCst),
            Stop::OnePill | Stop::PassedPill => jobs.send(None).unwrap(),
            Stop::PillEach => (0..2).for_each(|_| jobs.send(None).unwrap()),
            Stop::Disconnect => return None,
        }
        // Lives on until the workers have gone, as a pool's own field would.
        Some(jobs)
    });
    drop(kept);
    assert_eq!(done.into_inner(), 1);
}

/// A job submits another one and waits for it; the pool has one worker, or the waiting one helps.
fn job_waits_for_a_job(help: bool) {
    type Jobs = Mutex<VecDeque<usize>>;
    fn run_one(jobs: &Jobs, done: &(Mutex<usize>, Condvar), help: bool) -> bool {
        let next = jobs.lock().unwrap().pop_front();
        let Some(job) = next else { return false };
        if job > 0 {
            jobs.lock().unwrap().push_back(job - 1);
            if help {
                while *done.0.lock().unwrap() == 0 {
                    run_one(jobs, done, help);
                }
            } else {
                drop(done.1.wait_while(done.0.lock().unwrap(), |done| *done == 0).unwrap());
            }
        }
        *done.0.lock().unwrap() += 1;
        done.1.notify_all();
        true
    }
    let (jobs, done) = (Mutex::new(VecDeque::from([1])), (Mutex::new(0), Condvar::new()));
    thread::scope(|scope| {
        scope.spawn(|| while run_one(&jobs, &done, help) {});
        drop(done.1.wait_while(done.0.lock().unwrap(), |done| *done < 2).unwrap());
    });
}

/// Results come in any order and belong to their jobs.
fn results(numbered: bool) {
    let (results, received) = mpsc::channel();
    for job in [0, 1, 2] {
        let results = results.clone();
        thread::spawn(move || results.send((job, job * job)).unwrap());
    }
    drop(results);
    let mut squares = [0; 3];
    for (place, (job, square)) in received.iter().enumerate() {
        squares[if numbered { job } else { place }] = square;
    }
    assert_eq!(squares, [0, 1, 4]);
}

/// Waits until all jobs are done: by the length of the queue, or by what is really done.
fn wait_for_the_last(count_done: bool) {
    let (jobs, changed) = (Mutex::new((VecDeque::from([1, 2]), 0)), Condvar::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            loop {
                let next = jobs.lock().unwrap().0.pop_front();
                changed.notify_all();
                let Some(job) = next else { return };
                jobs.lock().unwrap().1 += job;
                changed.notify_all();
            }
        });
        let waits = |(jobs, done): &mut (VecDeque<i32>, i32)| {
            if count_done { *done < 3 } else { !jobs.is_empty() }
        };
        let jobs = changed.wait_while(jobs.lock().unwrap(), waits).unwrap();
        assert_eq!(jobs.1, 3, "the queue is empty, but the last job is still being done");
    });
}

pub(crate) const CASES: &[Case] = &[
    // Wrong: each thief holds its own queue and wants the other's.
    bug("steal_holding_both", &[Deadlock], || steal(holding_both)),
    // Wrong: between the count and the theft the owner takes its jobs, and there are not so many left.
    bug("steal_counting_first", &[Panic], || steal(counting_first)),
    // Wrong: steals copies, and removes whatever is at the front by then.
    bug("steal_copying_first", &[Panic], || steal(copying_first)),
    // Right: one lock at a time; jobs on their way are in no queue, but the thief will do them.
    correct("steal_one_lock_at_a_time", || steal(one_after_the_other)),
    // Wrong: the second worker leaves because there is nothing to do yet.
    bug("worker_leaves_while_another_is_busy", &[Deadlock, LostWakeUp], || job_that_makes_a_job(false)),
    // Right: stays as long as somebody is busy who may make more.
    correct("worker_stays_while_another_is_busy", || job_that_makes_a_job(true)),
    // Wrong: closed between the look and the push, and the worker has gone.
    bug("late_job_after_a_look", &[Panic], || late_job(Pool::submit_after_a_look)),
    // Right: the look and the push are under the lock that closing takes.
    correct("late_job_refused_or_done", || late_job(Pool::submit)),
    // Wrong: whoever waits for a job does not see the flag; whoever sees it first leaves the job.
    bug("stop_by_flag", &[Deadlock, Panic], || stop(Stop::Flag)),
    // Wrong: one pill for two.
    bug("stop_by_one_pill", &[Deadlock], || stop(Stop::OnePill)),
    // Right: one pill for two, since whoever takes it passes it on.
    correct("stop_by_passing_the_pill", || stop(Stop::PassedPill)),
    // Right: a pill each, and nobody takes two.
    correct("stop_by_a_pill_each", || stop(Stop::PillEach)),
    // Right: the channel ends.
    correct("stop_by_disconnecting", || stop(Stop::Disconnect)),
    // Wrong: the only worker waits for a job that only it could do.
    bug("job_waits_for_a_job", &[Deadlock], || job_waits_for_a_job(false)),
    // Right: whoever waits does what there is to do meanwhile.
    correct("job_helps_while_it_waits", || job_waits_for_a_job(true)),
    // Wrong: the results come in the order of completion.
    bug("results_by_place", &[Panic], || results(false)),
    // Right: each result says whose it is.
    correct("results_by_number", || results(true)),
    // Wrong: the last job has left the queue and is not done.
    bug("empty_queue_taken_for_done", &[Panic], || wait_for_the_last(false)),
    // Right: counts what is done.
    correct("done_counted", || wait_for_the_last(true)),
];
