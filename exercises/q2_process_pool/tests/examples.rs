//! Visible examples: a first look at what is asked. The grader does not read this file.
//!
//! A process that forks must have one thread, and the usual test harness has several. So this is a
//! plain program that runs one example after the other.

#![expect(clippy::print_stdout, reason = "this is its own test harness")]

use nix::unistd::{getpid, pipe};
use q2_process_pool::{FrameError, ProcessPool, TaskError, read_frame, write_frame};
use std::num::NonZeroUsize;
use std::panic::catch_unwind;
use std::process::ExitCode;
use std::time::Duration;

/// A name that states a fact, and the example that panics if it is none.
type Example = (&'static str, fn());

const EXAMPLES: &[Example] = &[
    ("a_frame_comes_back_as_it_was", || {
        let (read_end, write_end) = pipe().expect("a pipe");
        write_frame(&write_end, b"one").expect("room in the pipe");
        write_frame(&write_end, b"").expect("room in the pipe");
        drop(write_end);
        assert_eq!(read_frame(&read_end), Ok(Some(b"one".to_vec())));
        assert_eq!(read_frame(&read_end), Ok(Some(Vec::new())));
        assert_eq!(read_frame(&read_end), Ok(None));
    }),
    ("half_a_frame_is_an_error", || {
        let (read_end, write_end) = pipe().expect("a pipe");
        nix::unistd::write(&write_end, &[9, 0, 0, 0, b'x']).expect("room in the pipe");
        drop(write_end);
        assert_eq!(read_frame(&read_end), Err(FrameError::Truncated));
    }),
    ("results_come_in_the_order_of_the_inputs", || {
        let mut pool = ProcessPool::new(4, square).expect("a pool");
        assert_eq!(pool.map([1, 2, 3, 4, 5]), [Ok(1), Ok(4), Ok(9), Ok(16), Ok(25)]);
        let chunk = NonZeroUsize::new(2).expect("two");
        assert_eq!(pool.map_chunked([3, 2, 1], chunk), [Ok(9), Ok(4), Ok(1)]);
        assert_eq!(pool.join(), Ok(()));
    }),
    ("a_task_runs_in_a_worker_and_not_in_the_caller", || {
        let mut pool = ProcessPool::new(1, |_: u64| getpid().as_raw()).expect("a pool");
        let worker = pool.apply(0).expect("an id");
        assert_ne!(worker, getpid().as_raw());
        assert_eq!(pool.worker_ids().iter().map(|id| id.as_raw()).collect::<Vec<_>>(), [worker]);
    }),
    ("a_ticket_is_redeemed_later", || {
        let mut pool = ProcessPool::new(2, square).expect("a pool");
        let first = pool.apply_async(7).expect("an open pool");
        let second = pool.apply_async(8).expect("an open pool");
        pool.close();
        assert_eq!(pool.get_timeout(second, Duration::MAX), Ok(Ok(64)));
        assert_eq!(pool.get(first), Ok(49));
        assert_eq!(pool.apply(9), Err(TaskError::Closed));
    }),
    ("a_panic_and_a_death_are_errors_of_their_own_task", || {
        let mut pool = ProcessPool::new(1, misbehave).expect("a pool");
        let results = pool.map([0, 1, 2, 3]);
        assert_eq!(results[0], Ok(0));
        assert_eq!(results[1], Err(TaskError::Panicked { message: "one is too many".to_owned() }));
        assert_eq!(results[2], Err(TaskError::WorkerDied { signal: Some(6), code: None }));
        assert_eq!(results[3], Ok(3));
    }),
];

fn square(number: u64) -> u64 {
    number * number
}

fn misbehave(number: u64) -> u64 {
    match number {
        1 => panic!("one is too many"),
        2 => std::process::abort(),
        other => other,
    }
}

pub(crate) fn main() -> ExitCode {
    let mut failed = 0;
    for (name, example) in EXAMPLES {
        let passed = catch_unwind(example).is_ok();
        failed += usize::from(!passed);
        println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
    }
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    println!("\ntest result: {verdict}. {} passed; {failed} failed", EXAMPLES.len() - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(101) }
}
