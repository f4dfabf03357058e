//! Variant: one mpsc channel shared by the workers; one lock for the states of all tasks; results travel through channels.

use crate::api::{ExecutorError, FutureError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::SeqCst};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::thread::{self, JoinHandle};

const WAITS: u8 = 0;
const BEGUN: u8 = 1;
const CANCELLED: u8 = 2;
const GONE: u8 = 3;

type Job = Box<dyn FnOnce(&AtomicBool) + Send>;

pub struct Executor {
    jobs: Option<Sender<Job>>,
    leaving: Arc<AtomicBool>,
    workers: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Board {
    ends: Mutex<u64>,
    rung: Condvar,
}

struct Slot<T> {
    step: AtomicU8,
    result: OnceLock<Mutex<Option<Result<T, FutureError>>>>,
    /// Where the end is called out, and when it was in the order of all ends.
    board: Arc<Board>,
    at: OnceLock<u64>,
}

pub struct Future<T> {
    slot: Arc<Slot<T>>,
}

pub struct AsCompleted<T> {
    left: Vec<(usize, Future<T>)>,
}

/// One board for the whole program: whoever waits for several looks at it.
fn board() -> Arc<Board> {
    static BOARD: OnceLock<Arc<Board>> = OnceLock::new();
    BOARD.get_or_init(Arc::default).clone()
}

impl Executor {
    pub fn new(threads: usize) -> Result<Self, ExecutorError> {
        if threads == 0 {
            return Err(ExecutorError::NoThreads);
        }
        let (jobs, taken) = mpsc::channel::<Job>();
        let taken = Arc::new(Mutex::new(taken));
        let leaving = Arc::new(AtomicBool::new(false));
        let mut workers = Vec::new();
        for number in 0..threads {
            let (taken, leaving) = (taken.clone(), leaving.clone());
            let work = move || work(&taken, &leaving);
            match thread::Builder::new().name(format!("worker {number}")).spawn(work) {
                Ok(worker) => workers.push(worker),
                Err(error) => {
                    drop(Self { jobs: Some(jobs), leaving: Arc::default(), workers });
                    return Err(ExecutorError::Spawn(error.to_string()));
                }
            }
        }
        Ok(Self { jobs: Some(jobs), leaving, workers })
    }

    pub fn submit<T: Send + 'static>(&self, task: impl FnOnce() -> T + Send + 'static) -> Future<T> {
        let slot = Arc::new(Slot {
            step: AtomicU8::new(WAITS),
            result: OnceLock::new(),
            board: board(),
            at: OnceLock::new(),
        });
        let own = slot.clone();
        let job: Job = Box::new(move |leaving| {
            let next = if leaving.load(SeqCst) { GONE } else { BEGUN };
            if own.step.compare_exchange(WAITS, next, SeqCst, SeqCst).is_err() {
                return;
            }
            own.finish(match next {
                GONE => Err(FutureError::ExecutorGone),
                _ => match catch_unwind(AssertUnwindSafe(task)) {
                    Ok(value) => Ok(value),
                    Err(payload) => Err(FutureError::Panicked {
                        message: if let Some(text) = payload.downcast_ref::<String>() {
                            text.clone()
                        } else {
                            payload.downcast_ref::<&str>().unwrap_or(&"panic without a message").to_string()
                        },
                    }),
                },
            });
        });
        if let Some(jobs) = &self.jobs {
            let _ = jobs.send(job);
        }
        Future { slot }
    }
}

fn work(jobs: &Mutex<Receiver<Job>>, leaving: &AtomicBool) {
    loop {
        let job = {
            let jobs = jobs.lock().unwrap();
            jobs.recv()
        };
        match job {
            Ok(job) => job(leaving),
            Err(_) => return,
        }
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        self.leaving.store(true, SeqCst);
        self.jobs = None;
        for worker in self.workers.drain(..) {
            worker.join().unwrap();
        }
    }
}

impl<T> Slot<T> {
    fn finish(&self, result: Result<T, FutureError>) {
        let mut ends = self.board.ends.lock().unwrap();
        let _ = self.result.set(Mutex::new(Some(result)));
        let _ = self.at.set(*ends);
        *ends += 1;
        self.board.rung.notify_all();
    }
}

impl<T> Future<T> {
    pub fn result(self) -> Result<T, FutureError> {
        let mut ends = self.slot.board.ends.lock().unwrap();
        while self.slot.at.get().is_none() {
            ends = self.slot.board.rung.wait(ends).unwrap();
        }
        drop(ends);
        self.slot.result.get().and_then(|result| result.lock().unwrap().take()).expect("it has ended")
    }

    pub fn exception(&self) -> Option<FutureError> {
        match self.slot.result.get()?.lock().unwrap().as_ref()? {
            Err(error) => Some(error.clone()),
            Ok(_) => None,
        }
    }

    pub fn is_done(&self) -> bool {
        let _ends = self.slot.board.ends.lock().unwrap();
        self.slot.at.get().is_some()
    }

    pub fn cancel(&self) -> bool {
        match self.slot.step.compare_exchange(WAITS, CANCELLED, SeqCst, SeqCst) {
            Ok(_) => {
                self.slot.finish(Err(FutureError::Cancelled));
                true
            }
            Err(step) => step == CANCELLED,
        }
    }
}

pub fn as_completed<T>(futures: Vec<Future<T>>) -> AsCompleted<T> {
    AsCompleted { left: futures.into_iter().enumerate().collect() }
}

impl<T> Iterator for AsCompleted<T> {
    type Item = (usize, Result<T, FutureError>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.left.is_empty() {
            return None;
        }
        let board = board();
        let mut ends = board.ends.lock().unwrap();
        let place = loop {
            let over = self.left.iter().enumerate().filter_map(|(place, (_, f))| Some((f.slot.at.get()?, place)));
            match over.min() {
                Some((_, place)) => break place,
                None => ends = board.rung.wait(ends).unwrap(),
            }
        };
        drop(ends);
        let (number, future) = self.left.remove(place);
        Some((number, future.result()))
    }
}
