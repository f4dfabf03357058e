//! Variant: workers share the receiver of a channel, and every result comes over a channel of its own.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::api::{PoolError, TaskPanic};

type Job = Box<dyn FnOnce() + Send>;

#[derive(Debug)]
pub struct ThreadPool {
    jobs: Option<Sender<Job>>,
    workers: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
pub struct Pending<T> {
    results: Receiver<Result<T, TaskPanic>>,
    seen: RefCell<Option<Result<T, TaskPanic>>>,
}

impl ThreadPool {
    pub fn new(threads: usize) -> Result<Self, PoolError> {
        if threads == 0 {
            return Err(PoolError::NoThreads);
        }
        let (jobs, receiver) = mpsc::channel::<Job>();
        let receiver = Arc::new(Mutex::new(receiver));
        let mut pool = Self { jobs: Some(jobs), workers: Vec::new() };
        for _ in 0..threads {
            let receiver = Arc::clone(&receiver);
            let started = std::thread::Builder::new().spawn(move || {
                loop {
                    // The guard goes at the end of this statement, before the job runs.
                    let job = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    match job {
                        Ok(job) => job(),
                        Err(_) => break,
                    }
                }
            });
            match started {
                Ok(worker) => pool.workers.push(worker),
                Err(why) => {
                    pool.end();
                    return Err(PoolError::Spawn(why.to_string()));
                }
            }
        }
        Ok(pool)
    }

    pub fn submit<T: Send + 'static>(&self, task: impl FnOnce() -> T + Send + 'static) -> Pending<T> {
        let (sender, results) = mpsc::channel();
        let job = move || {
            let result = catch_unwind(AssertUnwindSafe(task)).map_err(describe);
            // Nobody may want it any more.
            let _ = sender.send(result);
        };
        if let Some(jobs) = &self.jobs {
            jobs.send(Box::new(job)).expect("workers live as long as the pool");
        }
        Pending { results, seen: RefCell::new(None) }
    }

    pub fn map<I: Send + 'static, O: Send + 'static>(
        &self,
        inputs: impl IntoIterator<Item = I>,
        task: impl Fn(I) -> O + Send + Sync + 'static,
    ) -> Vec<Result<O, TaskPanic>> {
        let task = Arc::new(task);
        let mut pending = Vec::new();
        for input in inputs {
            let task = task.clone();
            pending.push(self.submit(move || (*task)(input)));
        }
        pending.into_iter().map(|pending| pending.result()).collect()
    }

    pub fn join(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.jobs = None;
        while let Some(worker) = self.workers.pop() {
            worker.join().expect("workers do not panic");
        }
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        self.end();
    }
}

impl<T> Pending<T> {
    pub fn result(self) -> Result<T, TaskPanic> {
        match self.seen.into_inner() {
            Some(result) => result,
            None => self.results.recv().expect("every task has a result"),
        }
    }

    pub fn is_done(&self) -> bool {
        let mut seen = self.seen.borrow_mut();
        if seen.is_none() {
            *seen = self.results.try_recv().ok();
        }
        seen.is_some()
    }
}

fn describe(payload: Box<dyn Any + Send>) -> TaskPanic {
    let message = match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => match payload.downcast::<&'static str>() {
            Ok(text) => text.to_string(),
            Err(_) => String::from("panic without a message"),
        },
    };
    TaskPanic { message }
}
