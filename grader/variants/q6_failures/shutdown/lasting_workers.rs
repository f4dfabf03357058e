//! Variant: workers that last. Each gets the places of its jobs over a socket, one at a time; the caller sleeps in `epoll`.

use crate::api::Served;
use crate::child_error::ChildError;
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, pthread_sigmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, getpid, setpgid};
use std::collections::{BTreeMap, VecDeque};
use std::io::{Read, Write};
use std::num::NonZeroUsize;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::panic;

pub type Job = fn() -> u64;

const SIGNALS: u64 = u64::MAX;

struct Worker {
    pid: Pid,
    line: UnixStream,
    job: Option<usize>,
}

/// Everything that has to be undone.
struct Floor {
    workers: Vec<Worker>,
    signals: SignalFd,
    before: SigSet,
}

impl Drop for Floor {
    fn drop(&mut self) {
        self.workers.iter().for_each(|worker| drop(kill(worker.pid, Signal::SIGKILL)));
        for worker in self.workers.drain(..) {
            while waitpid(worker.pid, None) == Err(Errno::EINTR) {}
        }
        while let Ok(Some(_)) = self.signals.read_signal() {}
        let _ = pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&self.before), None);
    }
}

pub fn serve(jobs: &[Job], workers: NonZeroUsize, progress: impl AsFd) -> Result<Served, ChildError> {
    let mut mask = SigSet::empty();
    [Signal::SIGINT, Signal::SIGTERM, Signal::SIGUSR1].map(|signal| mask.add(signal));
    let signals = SignalFd::with_flags(&mask, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
        .map_err(ChildError::Os)?;
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).map_err(ChildError::Os)?;
    epoll.add(&signals, EpollEvent::new(EpollFlags::EPOLLIN, SIGNALS)).map_err(ChildError::Os)?;
    let mut before = SigSet::empty();
    pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&mask), Some(&mut before)).map_err(ChildError::Os)?;
    let mut floor = Floor { workers: Vec::new(), signals, before };

    let mut waiting: VecDeque<usize> = (0..jobs.len()).collect();
    for number in 0..workers.get().min(jobs.len()) {
        let worker = hire(jobs, &floor)?;
        let event = EpollEvent::new(EpollFlags::EPOLLIN, number as u64);
        floor.workers.push(worker);
        epoll.add(&floor.workers[number].line, event).map_err(ChildError::Os)?;
    }
    for worker in &mut floor.workers {
        give(worker, &mut waiting)?;
    }
    let mut finished = BTreeMap::new();
    let mut orders = 0;
    while orders < 2 && floor.workers.iter().any(|worker| worker.job.is_some()) {
        let mut events = [EpollEvent::empty(); 8];
        let count = match epoll.wait(&mut events, EpollTimeout::NONE) {
            Ok(count) => count,
            Err(Errno::EINTR) => continue,
            Err(error) => return Err(ChildError::Os(error)),
        };
        let mut places: Vec<u64> = events[..count].iter().map(|event| event.data()).collect();
        places.sort_unstable_by_key(|place| std::cmp::Reverse(*place));
        for place in places {
            if place == SIGNALS {
                while let Ok(Some(about)) = floor.signals.read_signal() {
                    if about.ssi_signo == Signal::SIGUSR1 as u32 {
                        let line = format!("finished {} of {}\n", finished.len(), jobs.len());
                        let mut rest = line.as_bytes();
                        while !rest.is_empty() {
                            match nix::unistd::write(&progress, rest) {
                                Ok(count) => rest = &rest[count..],
                                Err(Errno::EINTR) => {}
                                Err(_) => break,
                            }
                        }
                    } else {
                        orders += 1;
                        waiting.clear();
                    }
                }
                continue;
            }
            let worker = &mut floor.workers[place as usize];
            let value = answer(worker)?;
            if let Some(job) = worker.job.take() {
                finished.insert(job, value);
            }
            give(worker, &mut waiting)?;
        }
    }
    drop(floor);
    let refused = (0..jobs.len()).filter(|job| !finished.contains_key(job)).collect();
    Ok(Served { finished, refused })
}

fn hire(jobs: &[Job], floor: &Floor) -> Result<Worker, ChildError> {
    let (line, mut end) = UnixStream::pair().map_err(os)?;
    let pid = toolkit::fork(|| {
        let _ = setpgid(getpid(), getpid());
        while let Ok(Some(_)) = floor.signals.read_signal() {}
        let _ = floor.before.thread_set_mask();
        loop {
            let mut place = [0; 8];
            if end.read_exact(&mut place).is_err() {
                return 0;
            }
            let job = jobs[u64::from_le_bytes(place) as usize];
            let _ = floor.before.thread_set_mask(); // the job before may have changed it
            let (kind, bytes) = match panic::catch_unwind(job) {
                Ok(value) => (0, value.to_le_bytes().to_vec()),
                Err(payload) => (1, message(payload).into_bytes()),
            };
            let mut head = vec![kind];
            head.extend((bytes.len() as u64).to_le_bytes());
            head.extend(bytes);
            if end.write_all(&head).is_err() {
                return 1;
            }
        }
    });
    match pid {
        Ok(pid) => Ok(Worker { pid, line, job: None }),
        Err(toolkit::ForkError::Os(error)) => Err(ChildError::Os(error)),
        Err(_) => Err(ChildError::Os(Errno::EAGAIN)),
    }
}

fn give(worker: &mut Worker, waiting: &mut VecDeque<usize>) -> Result<(), ChildError> {
    worker.job = waiting.pop_front();
    match worker.job {
        // A worker that is dead already is heard of when it is read from.
        Some(job) => match worker.line.write_all(&(job as u64).to_le_bytes()) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(os(error)),
            _ => Ok(()),
        },
        None => Ok(()),
    }
}

/// Reads an answer; if there is none, how the worker has ended.
fn answer(worker: &mut Worker) -> Result<u64, ChildError> {
    let mut head = [0; 9];
    let mut whole = || {
        worker.line.read_exact(&mut head)?;
        let length = u64::from_le_bytes(head[1..].try_into().unwrap());
        let mut bytes = vec![0; length as usize];
        worker.line.read_exact(&mut bytes).map(|()| (head[0], bytes))
    };
    match whole() {
        Ok((0, bytes)) => Ok(u64::from_le_bytes(bytes.try_into().unwrap())),
        Ok((_, bytes)) => Err(ChildError::Panicked {
            message: String::from_utf8(bytes).unwrap(),
            location: "somewhere".into(),
            backtrace: String::new(),
        }),
        Err(_) => loop {
            // Only a look: it is waited for with the others.
            let flags = nix::sys::wait::WaitPidFlag::WEXITED | nix::sys::wait::WaitPidFlag::WNOWAIT;
            match nix::sys::wait::waitid(nix::sys::wait::Id::Pid(worker.pid), flags) {
                Ok(WaitStatus::Exited(_, code)) => return Err(ChildError::Exited { code }),
                Ok(WaitStatus::Signaled(_, signal, _)) => {
                    return Err(ChildError::Killed { signal: signal as i32 });
                }
                Err(Errno::EINTR) => {}
                Ok(_) => return Err(ChildError::Os(Errno::ECHILD)),
                Err(error) => return Err(ChildError::Os(error)),
            }
        },
    }
}

fn message(payload: Box<dyn std::any::Any + Send>) -> String {
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => match payload.downcast::<&'static str>() {
            Ok(text) => (*text).to_owned(),
            Err(_) => String::from("panic without a message"),
        },
    }
}

fn os(error: std::io::Error) -> ChildError {
    ChildError::Os(Errno::from_raw(error.raw_os_error().unwrap_or(5)))
}
