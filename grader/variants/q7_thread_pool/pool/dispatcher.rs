//! Variant: a thread that runs no task hands each one to a worker that has said that it is free.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{Builder, JoinHandle};

use crate::api::{PoolError, TaskPanic};

type Job = Box<dyn FnOnce() + Send>;

pub struct ThreadPool {
    jobs: Sender<Job>,
    /// Who runs no task first, then the workers.
    threads: Vec<JoinHandle<()>>,
}

pub struct Pending<T> {
    place: Arc<(Mutex<Option<Result<T, TaskPanic>>>, Condvar)>,
}

fn start(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, PoolError> {
    Builder::new().name(name.into()).spawn(body).map_err(|why| PoolError::Spawn(why.to_string()))
}

impl ThreadPool {
    pub fn new(threads: usize) -> Result<Self, PoolError> {
        if threads == 0 {
            return Err(PoolError::NoThreads);
        }
        let (jobs, all) = channel::<Job>();
        let mut pool = Self { jobs, threads: Vec::new() };
        // If a thread is refused these go before the pool, so that nobody waits for work any more.
        let (ready, free) = channel::<Sender<Job>>();
        for _ in 0..threads {
            let ready = ready.clone();
            pool.threads.push(start("worker", move || {
                loop {
                    let (mine, work) = channel::<Job>();
                    if ready.send(mine).is_err() {
                        return;
                    }
                    match work.recv() {
                        Ok(job) => job(),
                        Err(_) => return,
                    }
                }
            })?);
        }
        drop(ready);
        let dispatcher = start("dispatcher", move || {
            for job in all {
                let worker = free.recv().expect("workers wait for work");
                worker.send(job).expect("this one has just asked");
            }
            // `free` goes: whoever asks from now on is told that there is nothing.
        })?;
        pool.threads.insert(0, dispatcher);
        Ok(pool)
    }

    pub fn submit<T: Send + 'static>(&self, task: impl FnOnce() -> T + Send + 'static) -> Pending<T> {
        let place = Arc::new((Mutex::new(None), Condvar::new()));
        let theirs = place.clone();
        let job = move || {
            let result = catch_unwind(AssertUnwindSafe(task)).map_err(|panic| {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| panic.downcast_ref::<&'static str>().copied());
                TaskPanic { message: text.unwrap_or("panic without a message").to_string() }
            });
            *theirs.0.lock().unwrap() = Some(result);
            theirs.1.notify_all();
        };
        self.jobs.send(Box::new(job)).expect("the dispatcher waits for jobs");
        Pending { place }
    }

    pub fn map<I: Send + 'static, O: Send + 'static>(
        &self,
        inputs: impl IntoIterator<Item = I>,
        task: impl Fn(I) -> O + Send + Sync + 'static,
    ) -> Vec<Result<O, TaskPanic>> {
        let task = Arc::new(task);
        let mut pending = Vec::new();
        inputs.into_iter().for_each(|input| {
            let task = task.clone();
            pending.push(self.submit(move || task(input)));
        });
        let mut results = Vec::with_capacity(pending.len());
        for one in pending {
            results.push(one.result());
        }
        results
    }

    pub fn join(self) {}
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        // The last sender goes, and with it the dispatcher's loop ends.
        self.jobs = channel().0;
        for thread in self.threads.drain(..) {
            thread.join().expect("no task panics in here");
        }
    }
}

impl<T> Pending<T> {
    pub fn result(self) -> Result<T, TaskPanic> {
        let guard = self.place.0.lock().unwrap();
        self.place.1.wait_while(guard, |it| it.is_none()).unwrap().take().expect("it is there")
    }

    pub fn is_done(&self) -> bool {
        self.place.0.lock().unwrap().is_some()
    }
}
