//! What `fork` promises. The process that forks must have one thread, so this is a plain `main`:
//! it starts itself once more for every case, and a case forks in a process of its own.

#![expect(clippy::print_stdout, reason = "this is its own test harness")]

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, getpid, pipe, read, write};
use std::io::Write;
use std::os::fd::OwnedFd;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use toolkit::{ForkError, fork, hook};

/// A name that states a fact, and the case that panics if it is none.
type Case = (&'static str, fn());

const CASES: &[Case] = &[
    ("the_code_that_the_child_returns_is_its_exit_code", || {
        for (code, seen) in [(0, 0), (7, 7), (255, 255), (256, 0), (-1, 255)] {
            assert_eq!(ending(fork(|| code)), WaitStatus::Exited(child(), seen), "{code}");
        }
    }),
    ("a_panic_ends_the_child_with_101", || {
        assert_eq!(ending(fork(|| panic!("on purpose"))), WaitStatus::Exited(child(), 101));
    }),
    ("a_panic_with_a_bad_payload_ends_the_child_with_101", || {
        struct Bad;
        impl Drop for Bad {
            fn drop(&mut self) {
                panic!("once more");
            }
        }
        let body = || std::panic::panic_any(Bad);
        assert_eq!(ending(fork(body)), WaitStatus::Exited(child(), 101));
    }),
    ("the_child_of_a_child_ends_where_it_should", || {
        let body = || i32::from(ending(fork(|| 3)) != WaitStatus::Exited(child(), 3));
        assert_eq!(ending(fork(body)), WaitStatus::Exited(child(), 0));
    }),
    ("a_killed_child_is_seen_as_killed", || {
        let ended = ending(fork(|| {
            let _ = kill(getpid(), Signal::SIGKILL);
            0
        }));
        assert_eq!(ended, WaitStatus::Signaled(child(), Signal::SIGKILL, false));
    }),
    ("inherited_output_is_not_written_twice", || {
        print!("[half a line]");
        ending(fork(|| 0));
        println!();
        std::io::stdout().flush().expect("standard output is open");
    }),
    ("what_is_moved_into_the_child_is_closed_in_the_parent", || {
        let (read_end, write_end) = pipe().expect("a pipe");
        let body = move || i32::from(write(&write_end, b"x") != Ok(1));
        ending(fork(body));
        assert_eq!(bytes(&read_end), 1);
        assert_eq!(bytes(&read_end), 0);
    }),
    ("what_the_child_takes_stays_with_the_parent", || {
        let (read_end, write_end) = pipe().expect("a pipe");
        let mut write_end = Some(write_end);
        let pid = fork(|| {
            drop(write_end.take());
            i32::from(bytes(&read_end) != 0) // the end, once the parent closes its copy
        });
        drop(write_end.take().expect("the parent's copy"));
        assert_eq!(ending(pid), WaitStatus::Exited(child(), 0));
    }),
    ("a_second_thread_is_refused_and_counted", || {
        let (stop, stopped) = mpsc::channel::<()>();
        let other = thread::spawn(move || stopped.recv());
        assert_eq!(fork(|| 0), Err(ForkError::MoreThanOneThread { threads: 2 }));
        drop(stop);
        let _ = other.join();
    }),
    ("threads_that_have_been_joined_are_no_hindrance", || {
        for _ in 0..50 {
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| ());
                }
            });
            assert_eq!(ending(fork(|| 0)), WaitStatus::Exited(child(), 0));
        }
    }),
    ("the_hook_runs_before_each_fork_in_the_parent", || {
        static FORKS: AtomicUsize = AtomicUsize::new(0);
        hook::before_fork(|| _ = FORKS.fetch_add(1, Ordering::Relaxed));
        hook::before_fork(|| panic!("only the first hook counts"));
        for count in 1..=3 {
            let ended = ending(fork(|| FORKS.load(Ordering::Relaxed) as i32));
            assert_eq!(ended, WaitStatus::Exited(child(), count));
        }
    }),
];

/// The id that [`ending`] puts in the place of the real one.
fn child() -> Pid {
    Pid::from_raw(1)
}

/// Waits for the child and says how it ended, as if its id were [`child`].
fn ending(started: Result<Pid, ForkError>) -> WaitStatus {
    match waitpid(started.expect("a child"), None).expect("its ending") {
        WaitStatus::Exited(_, code) => WaitStatus::Exited(child(), code),
        WaitStatus::Signaled(_, signal, core) => WaitStatus::Signaled(child(), signal, core),
        other => other,
    }
}

/// Reads once and says how many bytes came.
fn bytes(from: &OwnedFd) -> usize {
    read(from, &mut [0; 8]).expect("a read")
}

fn main() -> ExitCode {
    match std::env::var("TOOLKIT_CASE") {
        Ok(name) => {
            let (_, case) = CASES.iter().find(|(case, _)| *case == name).expect("a known case");
            case();
            ExitCode::SUCCESS
        }
        Err(_) => run_all(),
    }
}

/// Runs each case in a process of its own and reports in the words of the usual harness.
fn run_all() -> ExitCode {
    let myself = std::env::current_exe().expect("this program has a path");
    let mut failed = 0;
    for (name, _) in CASES {
        let output = Command::new(&myself).env("TOOLKIT_CASE", name).output().expect("it starts");
        let text = String::from_utf8_lossy(&output.stdout);
        if output.status.success() && text.matches("[half a line]").count() <= 1 {
            println!("test {name} ... ok");
        } else {
            failed += 1;
            println!("test {name} ... FAILED\n{text}{}", String::from_utf8_lossy(&output.stderr));
        }
    }
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    println!("\ntest result: {verdict}. {} passed; {failed} failed", CASES.len() - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(101) }
}
