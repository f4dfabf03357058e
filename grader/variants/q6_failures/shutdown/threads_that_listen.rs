//! Variant: one thread waits for signals and one for each worker, and all of them speak into one channel. Workers last; they are forked
//! before there are threads, and the threads are gone before the mask is put back.

use crate::api::Served;
use crate::child_error::ChildError;
use nix::errno::Errno;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, getpid, setpgid};
use std::collections::BTreeMap;
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::num::NonZeroUsize;
use std::os::fd::AsFd;
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};

pub type Job = fn() -> u64;

const OURS: [Signal; 3] = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGUSR1];

enum News {
    Signal(Signal),
    /// What a worker says of its job.
    Said(usize, Result<u64, String>),
    /// The worker can say nothing any more.
    Silent(usize),
}

struct Mask(SigSet);

impl Drop for Mask {
    fn drop(&mut self) {
        while let Some(signal) = OURS.into_iter().find(|&signal| is_pending(signal)) {
            let _ = SigSet::from(signal).wait();
        }
        let _ = self.0.thread_set_mask();
    }
}

fn is_pending(signal: Signal) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of_process = status.lines().find_map(|line| line.strip_prefix("ShdPnd:"));
    let bits = of_process.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok()).unwrap_or(0);
    bits >> (signal as u64 - 1) & 1 == 1
}

struct Worker {
    pid: Pid,
    orders: PipeWriter,
    job: Option<usize>,
}

#[derive(Default)]
struct Staff {
    workers: Vec<Worker>,
}

impl Staff {
    fn dismiss(&mut self) -> Vec<nix::Result<WaitStatus>> {
        for worker in &self.workers {
            let _ = kill(worker.pid, Signal::SIGKILL);
        }
        let all = self.workers.drain(..);
        all.map(|worker| {
            loop {
                match waitpid(worker.pid, None) {
                    Err(Errno::EINTR) => {}
                    end => break end,
                }
            }
        })
        .collect()
    }
}

impl Drop for Staff {
    fn drop(&mut self) {
        self.dismiss();
    }
}

pub fn serve(jobs: &[Job], workers: NonZeroUsize, progress: impl AsFd) -> Result<Served, ChildError> {
    let ours = SigSet::from_iter(OURS);
    let mask = Mask(ours.thread_swap_mask(SigmaskHow::SIG_BLOCK).map_err(ChildError::Os)?);
    let mut staff = Staff::default();
    let mut ears = Vec::new();
    for _ in 0..workers.get().min(jobs.len()) {
        ears.push(hire(jobs, &mut staff, &mask)?);
    }
    let (tell, news) = channel();
    let over = AtomicBool::new(false);
    let mut finished = BTreeMap::new();
    let mut next = 0;
    let mut orders = 0;
    let failure = std::thread::scope(|scope| {
        for (number, ear) in ears.into_iter().enumerate() {
            let tell = tell.clone();
            scope.spawn(move || listen(number, ear, &tell));
        }
        scope.spawn(|| {
            let tell = tell;
            while let Ok(signal) = ours.wait() {
                if over.load(Ordering::Acquire) || tell.send(News::Signal(signal)).is_err() {
                    break;
                }
            }
        });
        let mut failure = None;
        for worker in &mut staff.workers {
            give(worker, &mut next, jobs.len());
        }
        while failure.is_none() && orders < 2 && staff.workers.iter().any(|worker| worker.job.is_some()) {
            match news.recv().expect("somebody listens") {
                News::Signal(Signal::SIGUSR1) => {
                    let line = format!("finished {} of {}\n", finished.len(), jobs.len());
                    let _ = nix::unistd::write(&progress, line.as_bytes());
                }
                News::Signal(_) => {
                    orders += 1;
                    next = jobs.len();
                }
                News::Said(number, Ok(value)) => {
                    let worker = &mut staff.workers[number];
                    finished.extend(worker.job.take().map(|job| (job, value)));
                    give(worker, &mut next, jobs.len());
                }
                News::Said(_, Err(message)) => {
                    failure = Some(Err(message));
                }
                News::Silent(number) => failure = Some(Ok(number)),
            }
        }
        let failure = failure.map(|failure| match failure {
            Err(message) => {
                ChildError::Panicked { message, location: String::new(), backtrace: String::new() }
            }
            Ok(number) => match waitpid(staff.workers.remove(number).pid, None) {
                Ok(WaitStatus::Exited(_, code)) => ChildError::Exited { code },
                Ok(WaitStatus::Signaled(_, signal, _)) => ChildError::Killed { signal: signal as i32 },
                Ok(_) => ChildError::Os(Errno::ECHILD),
                Err(error) => ChildError::Os(error),
            },
        });
        let mut under_way: Vec<Option<usize>> = staff.workers.iter().map(|worker| worker.job).collect();
        staff.dismiss(); // their ends of the pipes go with them, and so do the threads that listen
        over.store(true, Ordering::Release);
        let _ = kill(getpid(), Signal::SIGUSR1);
        if failure.is_none() {
            // What was said before, and not heard yet; until everybody is silent.
            for said in &news {
                if let News::Said(number, Ok(value)) = said {
                    finished.extend(under_way[number].take().map(|job| (job, value)));
                }
            }
        }
        failure
    });
    drop((staff, mask));
    match failure {
        Some(failure) => Err(failure),
        None => {
            let refused = (0..jobs.len()).filter(|job| !finished.contains_key(job)).collect();
            Ok(Served { finished, refused })
        }
    }
}

fn give(worker: &mut Worker, next: &mut usize, all: usize) {
    if *next < all {
        worker.job = Some(*next);
        // Whoever is dead is heard of as silent.
        let _ = worker.orders.write_all(&(*next as u64).to_ne_bytes());
        *next += 1;
    }
}

fn hire(jobs: &[Job], staff: &mut Staff, mask: &Mask) -> Result<PipeReader, ChildError> {
    let (mut desk, orders) = std::io::pipe().map_err(failed)?;
    let (ear, mut mouth) = std::io::pipe().map_err(failed)?;
    let pid = toolkit::fork(move || {
        let _ = setpgid(Pid::from_raw(0), Pid::from_raw(0));
        drop(Mask(mask.0));
        let mut place = [0; 8];
        while desk.read_exact(&mut place).is_ok() {
            let _ = mask.0.thread_set_mask(); // the job before may have changed it
            let (kind, bytes) = match catch_unwind(jobs[u64::from_ne_bytes(place) as usize]) {
                Ok(value) => (b'v', value.to_ne_bytes().to_vec()),
                Err(payload) => {
                    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
                    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
                    (b'p', text.unwrap_or_else(|| "panic without a message".into()).into_bytes())
                }
            };
            let message = [&[kind], (bytes.len() as u32).to_ne_bytes().as_slice(), &bytes].concat();
            if mouth.write_all(&message).is_err() {
                return 1;
            }
        }
        0
    });
    match pid {
        Ok(pid) => {
            staff.workers.push(Worker { pid, orders, job: None });
            Ok(ear)
        }
        Err(toolkit::ForkError::Os(error)) => Err(ChildError::Os(error)),
        Err(_) => Err(ChildError::Os(Errno::EBUSY)),
    }
}

fn listen(number: usize, mut ear: PipeReader, tell: &Sender<News>) {
    let mut hear = || {
        let mut head = [0; 5];
        ear.read_exact(&mut head).ok()?;
        let length = u32::from_ne_bytes(head[1..].try_into().ok()?);
        let mut bytes = vec![0; length as usize];
        ear.read_exact(&mut bytes).ok()?;
        match head[0] {
            b'v' => Some(Ok(u64::from_ne_bytes(bytes.try_into().ok()?))),
            _ => Some(Err(String::from_utf8_lossy(&bytes).into_owned())),
        }
    };
    while let Some(said) = hear() {
        let _ = tell.send(News::Said(number, said));
    }
    let _ = tell.send(News::Silent(number));
}

fn failed(error: std::io::Error) -> ChildError {
    ChildError::Os(Errno::from_raw(error.raw_os_error().unwrap_or_default()))
}
