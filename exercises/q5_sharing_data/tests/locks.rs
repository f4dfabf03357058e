//! Visible examples: a first look at what is asked. The grader does not read this file.
//!
//! It has a `main` of its own: a process that forks must have one thread, and the usual test harness has several.

#![expect(clippy::print_stdout, reason = "this file is its own test harness")]

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::getpid;
use pretty_assertions::assert_eq;
use q5_sharing_data::processes::locks::{ProcessCondition, ProcessLock, ProcessSemaphore};
use std::num::NonZeroUsize;
use std::panic;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use toolkit::fork;
use toolkit::shm::Region;

const EXAMPLES: [(&str, fn()); 4] = [
    ("a_lock_keeps_another_process_out", a_lock_keeps_another_process_out),
    ("the_next_is_told_of_a_dead_holder", the_next_is_told_of_a_dead_holder),
    ("the_permit_of_a_dead_process_comes_back", the_permit_of_a_dead_process_comes_back),
    ("a_condition_wakes_another_process", a_condition_wakes_another_process),
];

pub(crate) fn main() -> ExitCode {
    println!("running {} tests", EXAMPLES.len());
    let mut failed = 0;
    for (name, example) in EXAMPLES {
        let passed = panic::catch_unwind(example).is_ok();
        println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
        failed += usize::from(!passed);
    }
    let (word, passed) = (if failed == 0 { "ok" } else { "FAILED" }, EXAMPLES.len() - failed);
    println!("\ntest result: {word}. {passed} passed; {failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(101) }
}

/// Runs this in a child that then kills itself.
fn killed(child: impl FnOnce()) {
    let child = fork(|| {
        child();
        let _ = kill(getpid(), Signal::SIGKILL);
        0
    });
    waitpid(child.expect("a child"), None).expect("it has ended");
}

#[expect(clippy::mem_forget, reason = "it shall be held when the process is killed")]
fn keep<T>(guard: T) {
    std::mem::forget(guard);
}

fn a_lock_keeps_another_process_out() {
    let lock = ProcessLock::new().expect("a lock");
    let tries = Region::of(AtomicU64::new(0)).expect("memory");
    let child = fork(|| {
        let guard = lock.lock();
        tries.fetch_add(1, Ordering::Relaxed);
        drop(guard);
        0
    });
    waitpid(child.expect("a child"), None).expect("it has ended");
    assert_eq!(tries.load(Ordering::Relaxed), 1);
    assert!(lock.lock().is_ok(), "it was given back");
}

fn the_next_is_told_of_a_dead_holder() {
    let lock = ProcessLock::new().expect("a lock");
    killed(|| keep(lock.lock().ok()));
    assert!(lock.lock().is_err(), "its holder was killed");
    assert!(lock.lock().is_ok(), "and now it was given back");
}

fn the_permit_of_a_dead_process_comes_back() {
    let semaphore = ProcessSemaphore::new(NonZeroUsize::MIN).expect("a semaphore");
    killed(|| keep(semaphore.acquire()));
    let permit = semaphore.acquire();
    assert_eq!(semaphore.available(), 0);
    drop(permit);
    assert_eq!(semaphore.available(), 1);
}

fn a_condition_wakes_another_process() {
    let condition = ProcessCondition::new().expect("a condition");
    let ready = Region::of(AtomicU64::new(0)).expect("memory");
    let child = fork(|| {
        let mut guard = condition.lock().ok().expect("nobody has died");
        while ready.load(Ordering::Relaxed) == 0 {
            guard = guard.wait().ok().expect("nobody has died");
        }
        0
    });
    let guard = condition.lock().ok().expect("nobody has died");
    ready.store(1, Ordering::Relaxed);
    guard.notify_all();
    drop(guard);
    let ended = waitpid(child.expect("a child"), None).expect("it has ended");
    assert_eq!(ended, WaitStatus::Exited(ended.pid().expect("a child"), 0));
}
