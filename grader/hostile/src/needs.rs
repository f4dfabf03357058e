//! What honest programs do. Each need is met or says why not; none is ever a mistake of the program's.

use crate::raw;
use crate::target::scratch;
use nix::fcntl::OFlag;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{sched_getaffinity, sched_setaffinity};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::EventFd;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::mman::{shm_open, shm_unlink};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::SignalFd;
use nix::sys::stat::Mode;
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, getppid, mkfifo, setsid};
use std::backtrace::{Backtrace, BacktraceStatus};
use std::error::Error;
use std::ffi::CString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Barrier, Condvar, Mutex, mpsc};
use std::thread;
use std::time::Duration;

type Met = Result<(), Box<dyn Error>>;

pub(crate) fn find(name: &str) -> Option<fn() -> Met> {
    Some(match name {
        "threads" => threads,
        "scoped_threads" => scoped_threads,
        "waiting_with_a_timeout" => waiting_with_a_timeout,
        "pool_of_threads" => pool_of_threads,
        "many_threads" => many_threads,
        "fork_pipe_wait" => fork_pipe_wait,
        "exec_of_itself" => exec_of_itself,
        "many_processes" => many_processes,
        "signals_both_ways" => signals_both_ways,
        "signalfd" => signalfd,
        "eventfd_and_epoll" => eventfd_and_epoll,
        "timerfd" => timerfd,
        "shared_memory_over_fork" => || store_over_fork(None),
        "memfd_over_fork" => memfd_over_fork,
        "named_shared_memory" => named_shared_memory,
        "robust_mutex" => || ensure(raw::lock_of_the_dead()?, "the lock knows nothing of its holder's death"),
        "named_semaphore" => named_semaphore,
        "socket_pair" => socket_pair,
        "one_shot_socket" => one_shot_socket,
        "fifo" => fifo,
        "file_lock" => file_lock,
        "mapped_file" => mapped_file,
        "own_session" => own_session,
        "own_affinity" => own_affinity,
        "parallelism" => || Ok(thread::available_parallelism().map(drop)?),
        "backtrace" => backtrace,
        "devices" => devices,
        "scratch_files" => scratch_files,
        "printing" => printing,
        "own_limits" => own_limits,
        _ => return None,
    })
}

fn ensure(is_so: bool, otherwise: &str) -> Met {
    if is_so { Ok(()) } else { Err(otherwise.into()) }
}

fn ended_well(child: Pid) -> Met {
    let status = waitpid(child, None)?;
    ensure(status == WaitStatus::Exited(child, 0), &format!("a child ended so: {status:?}"))
}

/// 1 as what a child returns when something failed.
fn code(result: impl FnOnce() -> Result<(), nix::Error>) -> i32 {
    i32::from(result().is_err())
}

fn threads() -> Met {
    let all: Vec<_> = (0..8_u32).map(|number| thread::spawn(move || number * number)).collect();
    let mut sum = 0;
    for one in all {
        sum += one.join().map_err(|_| "a thread panicked")?;
    }
    ensure(sum == 140, "a wrong sum")
}

fn scoped_threads() -> Met {
    let mut numbers = [1, 2, 3, 4];
    thread::scope(|scope| {
        for number in &mut numbers {
            scope.spawn(move || *number *= 2);
        }
    });
    ensure(numbers == [2, 4, 6, 8], "wrong numbers")
}

fn waiting_with_a_timeout() -> Met {
    let (lock, rings) = (Mutex::new(()), Condvar::new());
    let held = lock.lock().map_err(|_| "poisoned")?;
    let (_held, waited) = rings.wait_timeout(held, Duration::from_millis(1)).map_err(|_| "poisoned")?;
    thread::sleep(Duration::from_millis(1));
    thread::park_timeout(Duration::from_millis(1));
    ensure(waited.timed_out(), "somebody rang")
}

fn pool_of_threads() -> Met {
    let (tasks, queue) = mpsc::channel::<u64>();
    let (results, done) = mpsc::channel();
    let queue = Arc::new(Mutex::new(queue));
    for _ in 0..8 {
        let (queue, results) = (Arc::clone(&queue), results.clone());
        thread::spawn(move || {
            while let Ok(Ok(number)) = queue.lock().map(|queue| queue.recv()) {
                let _ = results.send(number * number);
            }
        });
    }
    drop(results);
    for number in 1..=10 {
        tasks.send(number)?;
    }
    drop(tasks);
    ensure(done.iter().sum::<u64>() == 385, "a wrong sum")
}

fn many_threads() -> Met {
    let together = Barrier::new(65);
    thread::scope(|scope| -> Met {
        for _ in 0..64 {
            thread::Builder::new().spawn_scoped(scope, || together.wait())?;
        }
        together.wait();
        Ok(())
    })
}

fn fork_pipe_wait() -> Met {
    let (mut reads, mut writes) = io::pipe()?;
    let child = raw::fork(|| i32::from(writes.write_all(b"hello").is_err()))?;
    drop(writes);
    let mut text = String::new();
    reads.read_to_string(&mut text)?;
    ended_well(child)?;
    ensure(text == "hello", "another text")
}

fn exec_of_itself() -> Met {
    let output = Command::new(std::env::current_exe()?).args(["child", "say"]).output()?;
    ensure(output.stdout == b"hello" && output.status.success(), "the child said something else")
}

fn many_processes() -> Met {
    let (mut reads, mut writes) = io::pipe()?;
    let mut children = Vec::new();
    for _ in 0..64 {
        children.push(raw::fork(|| i32::from(reads.read_exact(&mut [0]).is_err()))?);
    }
    // All 64 are there now, for none has been told to go.
    writes.write_all(&[0; 64])?;
    children.into_iter().try_for_each(ended_well)
}

fn signals_both_ways() -> Met {
    raw::count_signal(Signal::SIGUSR1)?;
    let child = raw::fork(|| code(|| kill(getppid(), Signal::SIGUSR1)))?;
    ended_well(child)?;
    ensure(raw::counted_signals() == 1, "no signal came")?;
    let child = raw::fork(|| {
        loop {
            nix::unistd::pause();
        }
    })?;
    kill(child, Signal::SIGTERM)?;
    let status = waitpid(child, None)?;
    ensure(status == WaitStatus::Signaled(child, Signal::SIGTERM, false), &format!("{status:?}"))
}

fn signalfd() -> Met {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGUSR2);
    signals.thread_block()?;
    let waits = SignalFd::new(&signals)?;
    kill(nix::unistd::getpid(), Signal::SIGUSR2)?;
    let got = waits.read_signal()?.map(|info| info.ssi_signo);
    ensure(got == Some(Signal::SIGUSR2 as u32), "another signal")
}

fn eventfd_and_epoll() -> Met {
    let (event, epoll) = (EventFd::new()?, Epoll::new(EpollCreateFlags::empty())?);
    epoll.add(&event, EpollEvent::new(EpollFlags::EPOLLIN, 7))?;
    event.write(1)?;
    let mut ready = [EpollEvent::empty()];
    let count = epoll.wait(&mut ready, EpollTimeout::NONE)?;
    ensure(count == 1 && ready[0].data() == 7 && event.read()? == 1, "another event")
}

fn timerfd() -> Met {
    let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::empty())?;
    timer.set(Expiration::OneShot(TimeSpec::new(0, 1000)), TimerSetTimeFlags::empty())?;
    let mut ready = [PollFd::new(timer.as_fd(), PollFlags::POLLIN)];
    ensure(poll(&mut ready, PollTimeout::NONE)? == 1, "no end")?;
    Ok(timer.wait()?)
}

/// A child stores what its parent sees.
fn store_over_fork(file: Option<&File>) -> Met {
    let words = raw::shared(file, 4)?;
    let child = raw::fork(|| {
        words[3].store(7, SeqCst);
        0
    })?;
    ended_well(child)?;
    ensure(words[3].load(SeqCst) == 7, "the parent sees nothing")
}

fn memfd_over_fork() -> Met {
    let file = File::from(memfd_create(c"shared", MFdFlags::MFD_CLOEXEC)?);
    file.set_len(4096)?;
    store_over_fork(Some(&file))
}

/// A name that no other process has at this moment.
fn own_name(kind: &str) -> Result<CString, Box<dyn Error>> {
    Ok(CString::new(format!("/racecourse-{kind}-{}-{}", nix::unistd::getuid(), std::process::id()))?)
}

fn named_shared_memory() -> Met {
    let name = own_name("shm")?;
    let file =
        File::from(shm_open(name.as_c_str(), OFlag::O_CREAT | OFlag::O_RDWR, Mode::S_IRUSR | Mode::S_IWUSR)?);
    file.set_len(4096)?;
    shm_unlink(name.as_c_str())?;
    store_over_fork(Some(&file))
}

fn named_semaphore() -> Met {
    Ok(raw::post_over_fork(&own_name("sem")?)?)
}

fn socket_pair() -> Met {
    let (mut one, mut other) = UnixStream::pair()?;
    let child = raw::fork(|| i32::from(other.write_all(b"hello").is_err()))?;
    let mut text = [0; 5];
    one.read_exact(&mut text)?;
    ended_well(child)?;
    ensure(&text == b"hello", "another text")
}

/// As libraries do that hand a channel to a child by a name.
fn one_shot_socket() -> Met {
    let path = scratch().join("socket");
    let listener = UnixListener::bind(&path)?;
    let child =
        raw::fork(|| i32::from(UnixStream::connect(&path).and_then(|mut s| s.write_all(b"x")).is_err()))?;
    listener.accept()?.0.read_exact(&mut [0])?;
    ended_well(child)
}

fn fifo() -> Met {
    let path = scratch().join("fifo");
    mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR)?;
    let child = raw::fork(|| i32::from(fs::write(&path, "hello").is_err()))?;
    let text = fs::read_to_string(&path)?;
    ended_well(child)?;
    ensure(text == "hello", "another text")
}

fn file_lock() -> Met {
    let path = scratch().join("lock");
    let file = File::create(&path)?;
    file.lock()?;
    let child = raw::fork(|| match File::open(&path).map(|file| file.try_lock()) {
        Ok(Err(fs::TryLockError::WouldBlock)) => 0,
        _ => 1,
    })?;
    ended_well(child)?;
    Ok(file.unlock()?)
}

fn mapped_file() -> Met {
    let path = scratch().join("mapped");
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path)?;
    file.set_len(4096)?;
    store_over_fork(Some(&file))?;
    ensure(fs::read(&path)?[12..16] == 7_u32.to_ne_bytes(), "the file does not hold it")
}

fn own_session() -> Met {
    ended_well(raw::fork(|| code(|| setsid().map(drop)))?)
}

fn own_affinity() -> Met {
    let own = Pid::from_raw(0);
    Ok(sched_setaffinity(own, &sched_getaffinity(own)?)?)
}

fn backtrace() -> Met {
    let trace = Backtrace::force_capture();
    ensure(trace.status() == BacktraceStatus::Captured, "no trace")?;
    ensure(trace.to_string().contains("main"), "a trace without names")
}

fn devices() -> Met {
    File::open("/dev/urandom")?.read_exact(&mut [0; 16])?;
    File::open("/dev/zero")?.read_exact(&mut [0; 16])?;
    Ok(OpenOptions::new().write(true).open("/dev/null")?.write_all(b"x")?)
}

fn scratch_files() -> Met {
    let folder = scratch().join("folder");
    fs::create_dir(&folder)?;
    fs::write(folder.join("one"), "hello")?;
    fs::rename(folder.join("one"), folder.join("two"))?;
    fs::copy(folder.join("two"), scratch().join("three"))?;
    let text = fs::read_to_string(scratch().join("three"))?;
    fs::remove_dir_all(&folder)?;
    fs::write("here", "x")?; // where it was started is where it may write
    ensure(text == "hello", "another text")
}

fn printing() -> Met {
    writeln!(io::stdout(), "hello")?;
    let child =
        Command::new(std::env::current_exe()?).args(["child", "say"]).stdin(Stdio::null()).status()?;
    ensure(child.success(), "a child cannot print")
}

/// To know one's limits, and to take less.
fn own_limits() -> Met {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, soft.min(64), hard)?;
    ensure(getrlimit(Resource::RLIMIT_NOFILE)?.0 == soft.min(64), "another limit")?;
    let old = libc::RLIM_INFINITY;
    ensure(old > hard, "no limit at all")
}
