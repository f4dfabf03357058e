//! The visible examples of the exercise, run on the reference solution; and signals at a thousand moments.

extern crate q6_failures_solution as q6_failures;

use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, getpid, getppid, setpgid};
use q6_failures::shutdown::{Job, serve};
use std::fs::File;
use std::num::NonZeroUsize;
use std::process::ExitCode;

#[path = "../../../exercises/q6_failures/tests/shutdown.rs"]
mod examples;

fn main() -> ExitCode {
    // Last: what it blocks stays blocked.
    let code = examples::main();
    a_thousand_signals_lose_nothing();
    code
}

/// Each call is hit once, twice or three times, at a moment that another process chooses: alone, or with its whole group. Whatever
/// happens, every job is told of, every result is right, and no child is harmed by what was meant for the group.
fn a_thousand_signals_lose_nothing() {
    const JOBS: [Job; 6] = [|| 10, || 11, || 12, || 13, || 14, || 15];
    let nowhere = File::options().write(true).open("/dev/null").expect("it is there");
    // A group of our own, or those who started us would be hit. What comes between two calls stays pending.
    setpgid(Pid::from_raw(0), Pid::from_raw(0)).expect("a group");
    let ours: SigSet = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGUSR1].into_iter().collect();
    ours.thread_block().expect("a mask");
    let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
    let pending = SignalFd::with_flags(&ours, flags).expect("a descriptor");
    for round in 0..1_000_u64 {
        let sender = toolkit::fork(|| send(round)).expect("a sender");
        let served = serve(&JOBS, NonZeroUsize::MIN.saturating_add(1), &nowhere);
        let served = served.unwrap_or_else(|error| panic!("round {round}: {error}"));
        waitpid(sender, None).expect("it is ours");
        while let Ok(Some(_)) = pending.read_signal() {}
        let mut told: Vec<usize> = served.finished.keys().chain(&served.refused).copied().collect();
        told.sort_unstable();
        assert_eq!(told, [0, 1, 2, 3, 4, 5], "round {round}: {served:?}");
        let right = served.finished.iter().all(|(&place, &value)| value == 10 + place as u64);
        assert!(right, "round {round}: {served:?}");
        assert_eq!(waitpid(Pid::from_raw(-1), None), Err(nix::Error::ECHILD), "round {round}");
    }
}

/// Sends up to three signals to the caller or to its group, each after some time.
fn send(round: u64) -> i32 {
    let mut chance = round;
    let mut next = |below: u64| {
        chance = chance.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (chance >> 33) % below
    };
    for _ in 0..=next(3) {
        for _ in 0..next(6_000) {
            let _ = getpid(); // the time of a system call each
        }
        let signal = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGUSR1][next(3) as usize];
        let whom = if next(2) == 0 { getppid() } else { Pid::from_raw(0) };
        let _ = kill(whom, signal);
    }
    0
}
