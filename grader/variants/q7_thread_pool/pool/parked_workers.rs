//! Variant: idle workers stand in a list and are parked; whoever submits unparks one. Results are waited for by parking.

use std::collections::VecDeque;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle, Thread};

use crate::api::{PoolError, TaskPanic};

struct Inner {
    jobs: VecDeque<Box<dyn FnOnce() + Send>>,
    idle: Vec<Thread>,
    open: bool,
}

pub struct ThreadPool {
    inner: Arc<Mutex<Inner>>,
    handles: Vec<JoinHandle<()>>,
}

pub struct Pending<T>(Arc<Cell<T>>);

struct Cell<T> {
    ready: AtomicBool,
    value: Mutex<(Option<Result<T, TaskPanic>>, Option<Thread>)>,
}

fn run(inner: &Mutex<Inner>) {
    loop {
        let mut guard = inner.lock().unwrap();
        if let Some(job) = guard.jobs.pop_front() {
            drop(guard);
            job();
        } else if guard.open {
            guard.idle.push(thread::current());
            drop(guard);
            // A token that came early ends this at once, and one for nothing makes it look again.
            thread::park();
            let me = thread::current().id();
            inner.lock().unwrap().idle.retain(|other| other.id() != me);
        } else {
            return;
        }
    }
}

impl ThreadPool {
    pub fn new(threads: usize) -> Result<Self, PoolError> {
        if threads < 1 {
            return Err(PoolError::NoThreads);
        }
        let inner = Arc::new(Mutex::new(Inner { jobs: VecDeque::new(), idle: vec![], open: true }));
        let mut pool = ThreadPool { inner, handles: vec![] };
        while pool.handles.len() < threads {
            let theirs = pool.inner.clone();
            match thread::Builder::new().spawn(move || run(&theirs)) {
                Ok(handle) => pool.handles.push(handle),
                Err(refusal) => return Err(PoolError::Spawn(refusal.to_string())),
            }
        }
        Ok(pool)
    }

    pub fn submit<T: Send + 'static>(&self, task: impl FnOnce() -> T + Send + 'static) -> Pending<T> {
        let cell = Arc::new(Cell { ready: AtomicBool::new(false), value: Mutex::new((None, None)) });
        let theirs = cell.clone();
        let job = Box::new(move || {
            let outcome = panic::catch_unwind(AssertUnwindSafe(task)).map_err(|panic| TaskPanic {
                message: if let Some(text) = panic.downcast_ref::<&str>() {
                    text.to_string()
                } else if let Some(text) = panic.downcast_ref::<String>() {
                    text.clone()
                } else {
                    "panic without a message".to_string()
                },
            });
            let waiter = {
                let mut value = theirs.value.lock().unwrap();
                value.0 = Some(outcome);
                theirs.ready.store(true, Ordering::Release);
                value.1.take()
            };
            if let Some(waiter) = waiter {
                waiter.unpark();
            }
        });
        let sleeper = {
            let mut inner = self.inner.lock().unwrap();
            inner.jobs.push_back(job);
            inner.idle.pop()
        };
        if let Some(sleeper) = sleeper {
            sleeper.unpark();
        }
        Pending(cell)
    }

    pub fn map<I: Send + 'static, O: Send + 'static>(
        &self,
        inputs: impl IntoIterator<Item = I>,
        task: impl Fn(I) -> O + Send + Sync + 'static,
    ) -> Vec<Result<O, TaskPanic>> {
        let task = Arc::new(task);
        inputs
            .into_iter()
            .map(|input| {
                let task = task.clone();
                self.submit(move || task(input))
            })
            .collect::<Vec<_>>()
            .into_iter()
            .map(Pending::result)
            .collect()
    }

    pub fn join(self) {
        drop(self)
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        self.inner.lock().unwrap().open = false;
        for handle in self.handles.drain(..) {
            handle.thread().unpark();
            handle.join().unwrap();
        }
    }
}

impl<T> Pending<T> {
    pub fn result(self) -> Result<T, TaskPanic> {
        loop {
            {
                let mut value = self.0.value.lock().unwrap();
                if let Some(result) = value.0.take() {
                    return result;
                }
                value.1 = Some(thread::current());
            }
            thread::park();
        }
    }

    pub fn is_done(&self) -> bool {
        self.0.ready.load(Ordering::Acquire)
    }
}
