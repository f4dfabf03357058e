//! What each mode does to calls of std and of nix.
//!
//! Modes belong to a whole process, and to kill one is what some are for: each test runs once more, in a process of its own.

use drivers_faults::{self as faults, die_after, leave_after};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::fs::{self, File};
use std::io::{self, IoSlice, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// Set in the process that a test is run in.
const ALONE: &str = "DRIVERS_FAULTS_TEST_FILE";

/// The file that this process may write to, if it is the one for a single test.
fn file() -> Option<PathBuf> {
    std::env::var_os(ALONE).map(PathBuf::from)
}

/// This test in a process of its own, which may write to this file.
fn again(test: &str, path: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a program"));
    command.args([test, "--exact", "--nocapture"]).env(ALONE, path).stdout(Stdio::null());
    command
}

/// Runs this test in a process of its own: how that ended, and what it has written.
fn alone(test: &str) -> (ExitStatus, Vec<u8>) {
    let path = std::env::temp_dir().join(format!("drivers-faults-{}-{test}", std::process::id()));
    let status = again(test, &path).status().expect("a process");
    let written = fs::read(&path).unwrap_or_default();
    let _ = fs::remove_file(&path);
    (status, written)
}

/// Runs the body of a test in a process of its own, where it must succeed.
fn succeeds(test: &str, body: fn()) {
    match file() {
        Some(_) => body(),
        None => assert!(alone(test).0.success(), "{test}"),
    }
}

/// Has `body` run in a process of its own, which must die of this signal after it has written so many bytes.
fn dies(test: &str, signal: Signal, bytes: usize, body: fn(&Path) -> io::Result<()>) {
    if let Some(path) = file() {
        body(&path).expect("room to write");
        return; // alive, which the other process takes note of
    }
    let (status, written) = alone(test);
    assert_eq!((status.signal(), written.len()), (Some(signal as i32), bytes), "{test}");
}

#[test]
fn a_long_write_is_cut_where_the_process_dies() {
    dies("a_long_write_is_cut_where_the_process_dies", Signal::SIGKILL, 10_000, |path| {
        let mut file = File::create(path)?;
        die_after(10_000);
        file.write_all(&[1; 6000])?;
        file.write_all(&[2; 6000])
    });
}

#[test]
fn whoever_leaves_in_a_write_has_code_0() {
    let test = "whoever_leaves_in_a_write_has_code_0";
    if let Some(path) = file() {
        leave_after(5_000);
        let _ = File::create(path).and_then(|mut file| file.write_all(&[1; 6000]));
        panic!("it has not left");
    }
    let (status, written) = alone(test);
    assert_eq!((status.code(), written.len()), (Some(0), 5_000));
}

#[test]
fn a_write_in_parts_is_cut_as_one() {
    dies("a_write_in_parts_is_cut_as_one", Signal::SIGKILL, 5500, |path| {
        let mut file = File::create(path)?;
        die_after(5500);
        file.write_vectored(&[IoSlice::new(&[1; 3000]), IoSlice::new(&[2; 3000])]).map(drop)
    });
}

#[test]
fn what_pipes_keep_together_goes_whole_or_not_at_all() {
    dies("what_pipes_keep_together_goes_whole_or_not_at_all", Signal::SIGKILL, 8, |path| {
        let mut file = File::create(path)?;
        die_after(10);
        file.write_all(b"12345678")?;
        file.write_all(b"123")
    });
}

#[test]
fn the_end_of_a_wait_with_a_limit_is_an_interruption() {
    succeeds("the_end_of_a_wait_with_a_limit_is_an_interruption", || {
        let (mut here, _there) = UnixStream::pair().expect("sockets");
        let wait = |limit_ms: u8| {
            poll(&mut [PollFd::new(here.as_fd(), PollFlags::POLLIN)], PollTimeout::from(limit_ms))
        };
        assert_eq!(wait(6), Ok(0));
        faults::set(faults::LATE);
        assert_eq!(wait(6), Err(Errno::EINTR));
        assert_eq!(wait(2), Ok(0), "who waits for little comes to an end");
        here.set_read_timeout(Some(Duration::from_millis(6))).expect("a limit");
        let error = here.read(&mut [0]).expect_err("nothing comes");
        assert_eq!(error.kind(), io::ErrorKind::Interrupted);
        here.set_nonblocking(true).expect("a flag");
        let error = here.read(&mut [0]).expect_err("nothing is there");
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock, "who does not wait cannot be late");
    });
}

/// Runs the body of a test in a process of its own, which must be stopped once and then succeed.
fn is_stopped_once(test: &str, body: fn()) {
    if file().is_some() {
        return body();
    }
    let number = again(test, Path::new("")).spawn().expect("a process").id();
    let pid = Pid::from_raw(number.cast_signed());
    let next = || waitpid(pid, Some(WaitPidFlag::WUNTRACED));
    assert_eq!(next(), Ok(WaitStatus::Stopped(pid, Signal::SIGSTOP)), "{test}");
    kill(pid, Signal::SIGCONT).expect("it is there");
    assert_eq!(next(), Ok(WaitStatus::Exited(pid, 0)), "{test}");
}

#[test]
fn who_sees_that_something_has_come_is_stopped_once() {
    is_stopped_once("who_sees_that_something_has_come_is_stopped_once", || {
        let (here, mut there) = UnixStream::pair().expect("sockets");
        let wait = || poll(&mut [PollFd::new(here.as_fd(), PollFlags::POLLIN)], PollTimeout::from(1_u8));
        faults::set(faults::SEES_AND_STOPS);
        assert_eq!(wait(), Ok(0), "nothing has come");
        there.write_all(&[1]).expect("room");
        assert_eq!((wait(), wait()), (Ok(1), Ok(1)));
    });
}

#[test]
fn who_has_read_a_page_is_stopped_once() {
    is_stopped_once("who_has_read_a_page_is_stopped_once", || {
        let (mut here, mut there) = UnixStream::pair().expect("sockets");
        faults::set(faults::STOPS_AMID);
        there.write_all(&[1; 20_000]).expect("room");
        for bytes in [4095, 4096, 8192] {
            here.read_exact(&mut vec![0; bytes]).expect("so much was written");
        }
    });
}

/// A process that would sleep for long, and its number.
fn sleeper() -> (Child, Pid) {
    let child = Command::new("sleep").arg("1000").spawn().expect("a process");
    let pid = Pid::from_raw(child.id().cast_signed());
    (child, pid)
}

#[test]
fn who_has_killed_is_told_to_leave_when_it_waits() {
    dies("who_has_killed_is_told_to_leave_when_it_waits", Signal::SIGTERM, 2, |path| {
        let mut file = File::create(path)?;
        let ((_first, killed), (_second, other)) = (sleeper(), sleeper());
        kill(killed, Signal::SIGKILL)?;
        waitpid(killed, None)?;
        file.write_all(b"1")?; // without the mode nothing comes
        faults::set(faults::TERM_AT_WAIT);
        kill(other, Signal::SIGKILL)?;
        file.write_all(b"2")?;
        waitpid(other, None)?;
        file.write_all(b"3")
    });
}

#[test]
fn forbidden_signals_reach_nobody_and_say_so() {
    succeeds("forbidden_signals_reach_nobody_and_say_so", || {
        let (mut child, pid) = sleeper();
        faults::set(faults::NO_SIGNALS);
        assert_eq!(kill(pid, Signal::SIGKILL), Err(Errno::EPERM));
        assert_eq!(kill(pid, None), Ok(()), "to look is no signal");
        faults::set(0);
        assert!(matches!(child.try_wait(), Ok(None)));
        child.kill().expect("a kill");
        child.wait().expect("its end");
    });
}

#[test]
fn reads_and_writes_are_short_and_calls_are_interrupted() {
    succeeds("reads_and_writes_are_short_and_calls_are_interrupted", || {
        let (mut reader, mut writer) = io::pipe().expect("a pipe");
        faults::set(faults::SHORT);
        let written: Vec<usize> = (0..30).map(|_| writer.write(&[7; 100]).expect("room")).collect();
        assert!(written.iter().all(|count| (1..=100).contains(count)));
        assert!(written.iter().any(|&count| count < 100), "{written:?}");
        faults::set(faults::INTERRUPTED);
        let interrupted = (0..30).filter(|_| {
            let read = reader.read(&mut [0]);
            read.is_err_and(|error| error.kind() == io::ErrorKind::Interrupted)
        });
        assert!((1..30).contains(&interrupted.count()));
    });
}

/// Reads so many bytes, step by step: how long that was kept waiting, in milliseconds.
fn kept(bytes: usize, mut step: impl FnMut(&mut UnixStream) -> usize) -> i64 {
    let (mut one, mut other) = UnixStream::pair().expect("two ends");
    other.write_all(&vec![7; bytes]).expect("somebody reads");
    faults::set(faults::PIECEMEAL);
    let mut come = 0;
    while come < bytes {
        come += step(&mut one);
    }
    faults::set(0);
    faults::overstayed()
}

#[test]
fn whoever_begins_again_with_each_piece_overstays() {
    const LIMIT_MS: u16 = 20;
    const BYTES: usize = 50_000;
    succeeds("whoever_begins_again_with_each_piece_overstays", || {
        let waits = |one: &UnixStream| {
            let ready = poll(&mut [PollFd::new(one.as_fd(), PollFlags::POLLIN)], LIMIT_MS);
            assert_eq!(ready, Ok(1));
        };
        let polls = kept(BYTES, |one| {
            waits(one);
            one.read(&mut [0; 50_000]).expect("something is there")
        });
        // Seven pieces, each after half of the limit and a millisecond.
        assert_eq!(polls, 7 * 11);
        let looks_first = kept(BYTES, |one| {
            one.set_nonblocking(true).expect("a socket");
            match one.read(&mut [0; 50_000]) {
                Ok(come) => come,
                Err(error) => {
                    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
                    waits(one);
                    0
                }
            }
        });
        assert_eq!(looks_first, 6 * 11, "the first piece is there");
        let by_socket = kept(BYTES, |one| {
            one.set_read_timeout(Some(Duration::from_millis(LIMIT_MS.into()))).expect("a limit");
            one.read(&mut [0; 50_000]).expect("something is there")
        });
        assert_eq!(by_socket, 7 * 11);
        let no_limit = kept(BYTES, |one| one.read(&mut [0; 50_000]).expect("something is there"));
        assert_eq!(no_limit, 0);
        assert_eq!(faults::overstayed(), 0);
    });
}
