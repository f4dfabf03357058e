//! A test harness for what forks: the process that does must have one thread, so a test program starts
//! itself once more for every case. It knows no case.

#![expect(clippy::print_stdout, reason = "this is a test harness")]
#![allow(dead_code, reason = "no test program uses all of it")]

use nix::sys::prctl;
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, alarm};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use toolkit::fork;

/// A name that states a fact, and the case that panics if it is none.
pub(crate) type Case = (&'static str, fn());

/// A case that takes so long hangs. None needs a hundredth of it.
const RESCUE_S: u32 = 300;

/// Runs each case in a process of its own and reports in the words of the usual harness.
pub(crate) fn main(cases: &[Case]) -> ExitCode {
    if let Ok(name) = std::env::var("TOOLKIT_CASE") {
        alarm::set(RESCUE_S);
        die_with_parent();
        let (_, case) = cases.iter().find(|(case, _)| *case == name).expect("a known case");
        case();
        return ExitCode::SUCCESS;
    }
    let myself = std::env::current_exe().expect("this program has a path");
    let mut failed = 0;
    let wanted = std::env::args().nth(1).filter(|word| !word.starts_with('-')).unwrap_or_default();
    let chosen: Vec<_> = cases.iter().filter(|(name, _)| name.contains(&wanted)).collect();
    for (name, _) in &chosen {
        let mut command = Command::new(&myself);
        command.env("TOOLKIT_CASE", name).env("RUST_BACKTRACE", "0");
        let mut case = command.process_group(0).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut errors = case.stderr.take().expect("it is piped");
        let reader = thread::spawn(move || std::io::read_to_string(&mut errors));
        let group = Pid::from_raw(case.id().try_into().expect("a process id"));
        let ended = case.wait().expect("its ending");
        let _ = killpg(group, Signal::SIGKILL); // what a failed case has left, and its copies of the pipe
        let errors = reader.join().expect("a read").unwrap_or_default();
        if !ended.success() {
            failed += 1;
            println!("test {name} ... FAILED: {ended}\n{errors}");
        } else {
            println!("test {name} ... ok");
        }
    }
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    println!("\ntest result: {verdict}. {} passed; {failed} failed", chosen.len() - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(101) }
}

/// Forks a child that answers whether all is well.
pub(crate) fn start(body: impl FnOnce() -> bool) -> Pid {
    let child = || {
        die_with_parent();
        i32::from(!body())
    };
    fork(child).expect("a child")
}

/// Leaves no process behind that spins for ever when a test program is stopped half way.
fn die_with_parent() {
    prctl::set_pdeathsig(Signal::SIGKILL).expect("the kernel knows this");
}

/// Waits for the child, which must say that all is well.
pub(crate) fn finish(child: Pid) {
    assert_eq!(waitpid(child, None), Ok(WaitStatus::Exited(child, 0)));
}

/// Kills a child and waits until it is gone.
pub(crate) fn end(child: Pid) {
    kill(child, Signal::SIGKILL).expect("it is there");
    let ended = waitpid(child, None);
    assert_eq!(ended, Ok(WaitStatus::Signaled(child, Signal::SIGKILL, false)));
}

/// Lets others run until something is so. The rescue limit of the case is its only limit.
pub(crate) fn until(mut so: impl FnMut() -> bool) {
    while !so() {
        thread::yield_now();
    }
}

/// Waits until a process sleeps in the kernel.
pub(crate) fn until_asleep(process: Pid) {
    until(|| state(process) == 'S');
}

/// The letter by which the kernel says what a process does.
pub(crate) fn state(process: Pid) -> char {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("it is there");
    let (_, rest) = stat.rsplit_once(") ").expect("the name ends");
    rest.chars().next().expect("a state")
}

/// Keeps every core busy until it is dropped.
pub(crate) struct Hogs(Vec<Pid>);

impl Hogs {
    pub(crate) fn start() -> Hogs {
        let cores = thread::available_parallelism().map_or(2, usize::from);
        Hogs(
            (0..cores)
                .map(|_| {
                    start(|| {
                        loop {
                            std::hint::spin_loop()
                        }
                    })
                })
                .collect(),
        )
    }
}

impl Drop for Hogs {
    fn drop(&mut self) {
        self.0.drain(..).for_each(end);
    }
}

/// Numbers without a pattern, so that a kill comes at another step each time.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Chance {
        Chance(seed.wrapping_mul(2).wrapping_add(1))
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    /// Uses a core for a moment of some length.
    pub(crate) fn pass_time(&mut self, limit: u64) {
        for _ in 0..self.below(limit) {
            std::hint::spin_loop();
        }
    }
}
