//! Variant: a channel a future; a worker each has a turn with the receiver; cancelling takes the task out of a shared slot.

use crate::api::{ExecutorError, FutureError};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, RwLock};
use std::thread::{self, JoinHandle};

trait Job: Send + Sync {
    fn run(&self);
    fn give_up(&self);
}

type Task<T> = Box<dyn FnOnce() -> T + Send>;
type Bell = Arc<(Mutex<VecDeque<usize>>, Condvar)>;

enum Stage<T> {
    Queued(Task<T>),
    Running,
    Over(Result<T, FutureError>),
    Fetched,
}

struct Ticket<T> {
    stage: Mutex<(Stage<T>, Option<(usize, Bell)>)>,
    over: Condvar,
    cancelled: RwLock<bool>,
}

impl<T: Send> Job for Ticket<T> {
    fn run(&self) {
        let task = {
            let mut stage = self.stage.lock().unwrap();
            match std::mem::replace(&mut stage.0, Stage::Running) {
                Stage::Queued(task) => task,
                other => return stage.0 = other,
            }
        };
        let result = catch_unwind(AssertUnwindSafe(task)).map_err(|payload| FutureError::Panicked {
            message: match payload.downcast::<&'static str>() {
                Ok(text) => (*text).to_owned(),
                Err(payload) => payload.downcast::<String>().map_or("panic without a message".to_owned(), |text| *text),
            },
        });
        let mut stage = self.stage.lock().unwrap();
        self.finish(&mut stage, result);
    }

    fn give_up(&self) {
        self.drop_task(FutureError::ExecutorGone);
    }
}

impl<T> Ticket<T> {
    fn finish(&self, stage: &mut (Stage<T>, Option<(usize, Bell)>), result: Result<T, FutureError>) {
        stage.0 = Stage::Over(result);
        self.over.notify_all();
        if let Some((number, bell)) = stage.1.take() {
            bell.0.lock().unwrap().push_back(number);
            bell.1.notify_one();
        }
    }

    fn drop_task(&self, error: FutureError) -> bool {
        let mut stage = self.stage.lock().unwrap();
        let queued = matches!(stage.0, Stage::Queued(_));
        if queued {
            *self.cancelled.write().unwrap() = error == FutureError::Cancelled;
            self.finish(&mut stage, Err(error));
        }
        queued
    }
}

struct Line {
    jobs: Mutex<(VecDeque<Arc<dyn Job>>, bool)>,
    more: Condvar,
}

pub struct Executor {
    line: Arc<Line>,
    workers: Vec<JoinHandle<()>>,
}

pub struct Future<T>(Arc<Ticket<T>>);

pub struct AsCompleted<T> {
    futures: Vec<Option<Future<T>>>,
    left: usize,
    bell: Bell,
}

impl Executor {
    pub fn new(threads: usize) -> Result<Self, ExecutorError> {
        let line = Arc::new(Line { jobs: Mutex::new((VecDeque::new(), true)), more: Condvar::new() });
        let mut executor = Self { line, workers: Vec::with_capacity(threads.min(1024)) };
        while executor.workers.len() < threads {
            let line = executor.line.clone();
            let work = move || {
                loop {
                    let jobs = line.jobs.lock().unwrap();
                    let mut jobs = line.more.wait_while(jobs, |(jobs, open)| jobs.is_empty() && *open).unwrap();
                    let Some(job) = jobs.0.pop_front() else { return };
                    drop(jobs);
                    job.run();
                }
            };
            let worker = thread::Builder::new().spawn(work);
            executor.workers.push(worker.map_err(|error| ExecutorError::Spawn(error.to_string()))?);
        }
        if threads == 0 { Err(ExecutorError::NoThreads) } else { Ok(executor) }
    }

    pub fn submit<T: Send + 'static>(&self, task: impl FnOnce() -> T + Send + 'static) -> Future<T> {
        let ticket = Arc::new(Ticket {
            stage: Mutex::new((Stage::Queued(Box::new(task) as Task<T>), None)),
            over: Condvar::new(),
            cancelled: RwLock::new(false),
        });
        self.line.jobs.lock().unwrap().0.push_back(ticket.clone());
        self.line.more.notify_one();
        Future(ticket)
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        let left = {
            let mut jobs = self.line.jobs.lock().unwrap();
            jobs.1 = false;
            std::mem::take(&mut jobs.0)
        };
        self.line.more.notify_all();
        for worker in self.workers.drain(..) {
            let _ = worker.join();
        }
        left.iter().for_each(|job| job.give_up());
    }
}

impl<T> Future<T> {
    pub fn result(self) -> Result<T, FutureError> {
        let stage = self.0.stage.lock().unwrap();
        let mut stage =
            self.0.over.wait_while(stage, |(stage, _)| matches!(stage, Stage::Queued(_) | Stage::Running)).unwrap();
        match std::mem::replace(&mut stage.0, Stage::Fetched) {
            Stage::Over(result) => result,
            _ => unreachable!(),
        }
    }

    pub fn exception(&self) -> Option<FutureError> {
        match &self.0.stage.lock().unwrap().0 {
            Stage::Over(Err(error)) => Some(error.clone()),
            _ => None,
        }
    }

    pub fn is_done(&self) -> bool {
        matches!(self.0.stage.lock().unwrap().0, Stage::Over(_))
    }

    pub fn cancel(&self) -> bool {
        self.0.drop_task(FutureError::Cancelled) || *self.0.cancelled.read().unwrap()
    }
}

pub fn as_completed<T>(futures: Vec<Future<T>>) -> AsCompleted<T> {
    let bell = Bell::default();
    for (number, future) in futures.iter().enumerate() {
        let mut stage = future.0.stage.lock().unwrap();
        match stage.0 {
            Stage::Over(_) => bell.0.lock().unwrap().push_back(number),
            _ => stage.1 = Some((number, bell.clone())),
        }
    }
    AsCompleted { left: futures.len(), futures: futures.into_iter().map(Some).collect(), bell }
}

impl<T> Iterator for AsCompleted<T> {
    type Item = (usize, Result<T, FutureError>);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let rung = self.bell.0.lock().unwrap();
        let number = self.bell.1.wait_while(rung, |rung| rung.is_empty()).unwrap().pop_front()?;
        Some((number, self.futures[number].take()?.result()))
    }
}
