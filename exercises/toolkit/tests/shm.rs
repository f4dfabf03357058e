//! What a `Region` promises. The process that forks must have one thread, so this is a plain `main`:
//! it starts itself once more for every case, and a case forks in a process of its own.

#![expect(clippy::print_stdout, reason = "this is its own test harness")]

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::getpid;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use toolkit::fork;
use toolkit::shm::Region;

/// A name that states a fact, and the case that panics if it is none.
type Case = (&'static str, fn());

const CASES: &[Case] = &[
    ("it_begins_as_zeros_of_the_length_asked_for", || {
        let bytes = Region::<[AtomicU8]>::new(5000).expect("a region");
        assert_eq!(bytes.len(), 5000);
        assert!(bytes.iter().all(|byte| byte.load(Ordering::Relaxed) == 0));
        let flags = Region::<[AtomicBool]>::new(1).expect("a region");
        assert!(!flags[0].load(Ordering::Relaxed));
    }),
    ("none_and_too_many_are_refused", || {
        for (len, error) in [(0, Errno::EINVAL), (usize::MAX, Errno::ENOMEM), (1 << 60, Errno::ENOMEM)] {
            assert_eq!(Region::<[AtomicU64]>::new(len).err(), Some(error), "{len}");
        }
    }),
    ("what_a_child_stores_its_parent_sees_also_if_it_was_killed", || {
        let numbers = Region::<[AtomicU64]>::new(1000).expect("a region");
        let child = fork(|| {
            for (index, number) in numbers.iter().enumerate() {
                number.store(index as u64, Ordering::Relaxed);
            }
            let _ = kill(getpid(), Signal::SIGKILL);
            0
        });
        let ended = waitpid(child.expect("a child"), None).expect("its ending");
        assert!(matches!(ended, WaitStatus::Signaled(_, Signal::SIGKILL, _)), "{ended:?}");
        assert!(numbers.iter().enumerate().all(|(at, number)| number.load(Ordering::Relaxed) == at as u64));
    }),
    ("what_the_parent_stores_its_child_sees", || {
        let numbers = Region::<[AtomicU64]>::new(2).expect("a region");
        let child = fork(|| {
            while numbers[1].load(Ordering::Acquire) == 0 {
                std::thread::yield_now();
            }
            i32::from(numbers[0].load(Ordering::Relaxed) != 7)
        })
        .expect("a child");
        numbers[0].store(7, Ordering::Relaxed);
        numbers[1].store(1, Ordering::Release);
        assert_eq!(waitpid(child, None), Ok(WaitStatus::Exited(child, 0)));
    }),
    ("additions_of_two_processes_all_count", || {
        const TIMES: u64 = 100_000;
        let sum = Region::<[AtomicU64]>::new(1).expect("a region");
        let add = || {
            for _ in 0..TIMES {
                sum[0].fetch_add(1, Ordering::Relaxed);
            }
            0
        };
        let children = [fork(add), fork(add)];
        for child in children {
            waitpid(child.expect("a child"), None).expect("its ending");
        }
        assert_eq!(sum[0].load(Ordering::Relaxed), 2 * TIMES);
    }),
    ("a_child_that_drops_it_takes_it_from_nobody_else", || {
        let mut numbers = Some(Region::<[AtomicU64]>::new(1).expect("a region"));
        let child = fork(|| {
            drop(numbers.take());
            0
        });
        waitpid(child.expect("a child"), None).expect("its ending");
        numbers.expect("the parent's mapping")[0].store(1, Ordering::Relaxed);
    }),
    ("dropping_it_gives_the_memory_back", || {
        let mapped = || {
            let maps = std::fs::read_to_string("/proc/self/maps").expect("the list of mappings");
            maps.lines().filter(|line| line.contains("/dev/zero")).count()
        };
        let before = mapped();
        let region = Region::<[AtomicU8]>::new(1).expect("a region");
        assert_eq!(mapped(), before + 1);
        drop(region);
        assert_eq!(mapped(), before);
    }),
];

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
        if output.status.success() {
            println!("test {name} ... ok");
        } else {
            failed += 1;
            println!("test {name} ... FAILED\n{}", String::from_utf8_lossy(&output.stderr));
        }
    }
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    println!("\ntest result: {verdict}. {} passed; {failed} failed", CASES.len() - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(101) }
}
