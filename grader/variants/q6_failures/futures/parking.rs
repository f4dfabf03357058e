//! Variant: one big lock for executor and states; whoever waits parks and is unparked by whoever ends a task.

use crate::api::{ExecutorError, FutureError};
use std::any::Any;
use std::collections::{HashMap, VecDeque};
use std::marker::PhantomData;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle, Thread};

type Value = Box<dyn Any + Send>;
type Job = Box<dyn FnOnce() -> Value + Send>;

#[derive(Default)]
struct Hall {
    next: u64,
    queue: VecDeque<(u64, Job)>,
    /// In the order of their ends.
    ended: Vec<(u64, Result<Value, FutureError>)>,
    cancelled: HashMap<u64, ()>,
    sleepers: Vec<Thread>,
    closed: bool,
}

impl Hall {
    fn end(&mut self, id: u64, result: Result<Value, FutureError>) {
        self.ended.push((id, result));
        self.wake();
    }

    fn wake(&mut self) {
        self.sleepers.drain(..).for_each(|sleeper| sleeper.unpark());
    }
}

type Shared = Arc<Mutex<Hall>>;

/// Looks again after each change, until there is something.
fn wait_for<R>(hall: &Shared, mut look: impl FnMut(&mut Hall) -> Option<R>) -> R {
    loop {
        {
            let mut hall = hall.lock().unwrap();
            if let Some(found) = look(&mut hall) {
                return found;
            }
            hall.sleepers.push(thread::current());
        }
        thread::park();
    }
}

pub struct Executor {
    hall: Shared,
    crew: Vec<JoinHandle<()>>,
}

pub struct Future<T> {
    id: u64,
    hall: Shared,
    kind: PhantomData<fn() -> T>,
}

pub struct AsCompleted<T> {
    futures: Vec<Option<Future<T>>>,
}

impl Executor {
    pub fn new(threads: usize) -> Result<Self, ExecutorError> {
        if threads == 0 {
            return Err(ExecutorError::NoThreads);
        }
        let mut executor = Self { hall: Shared::default(), crew: Vec::new() };
        for _ in 0..threads {
            let hall = Arc::clone(&executor.hall);
            let worker = thread::Builder::new().spawn(move || work(&hall));
            executor.crew.push(worker.map_err(|error| ExecutorError::Spawn(error.to_string()))?);
        }
        Ok(executor)
    }

    pub fn submit<T: Send + 'static>(&self, task: impl FnOnce() -> T + Send + 'static) -> Future<T> {
        let mut hall = self.hall.lock().unwrap();
        let id = hall.next;
        hall.next += 1;
        hall.queue.push_back((id, Box::new(move || Box::new(task()))));
        hall.wake();
        Future { id, hall: Arc::clone(&self.hall), kind: PhantomData }
    }
}

fn work(hall: &Shared) {
    let next = |hall: &mut Hall| if hall.closed { Some(None) } else { hall.queue.pop_front().map(Some) };
    while let Some((id, job)) = wait_for(hall, next) {
        let result = panic::catch_unwind(AssertUnwindSafe(job)).map_err(|payload| {
            let text = payload.downcast_ref::<String>().cloned();
            let text = text.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            FutureError::Panicked { message: text.unwrap_or_else(|| "panic without a message".to_owned()) }
        });
        hall.lock().unwrap().end(id, result);
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        {
            let mut hall = self.hall.lock().unwrap();
            hall.closed = true;
            for (id, _) in std::mem::take(&mut hall.queue) {
                hall.end(id, Err(FutureError::ExecutorGone));
            }
            hall.wake();
        }
        self.crew.drain(..).for_each(|worker| worker.join().unwrap());
    }
}

impl<T: 'static> Future<T> {
    fn take(self, hall: &mut Hall) -> Option<Result<T, FutureError>> {
        let place = hall.ended.iter().position(|(id, _)| *id == self.id)?;
        let (_, result) = hall.ended.remove(place);
        Some(result.map(|value| *value.downcast::<T>().expect("as it was put in")))
    }
}

impl<T> Future<T> {
    fn look<R>(&self, look: impl FnOnce(&Result<Value, FutureError>) -> R) -> Option<R> {
        let hall = self.hall.lock().unwrap();
        hall.ended.iter().find(|(id, _)| *id == self.id).map(|(_, result)| look(result))
    }

    pub fn exception(&self) -> Option<FutureError> {
        self.look(|result| result.as_ref().err().cloned()).flatten()
    }

    pub fn is_done(&self) -> bool {
        self.look(|_| ()).is_some()
    }

    pub fn cancel(&self) -> bool {
        let mut hall = self.hall.lock().unwrap();
        if let Some(place) = hall.queue.iter().position(|(id, _)| *id == self.id) {
            hall.queue.remove(place);
            hall.cancelled.insert(self.id, ());
            hall.end(self.id, Err(FutureError::Cancelled));
        }
        hall.cancelled.contains_key(&self.id)
    }
}

impl<T: 'static> Future<T> {
    pub fn result(self) -> Result<T, FutureError> {
        let (id, shared) = (self.id, Arc::clone(&self.hall));
        let mut own = Some(self);
        wait_for(&shared, |hall| {
            let over = hall.ended.iter().any(|(ended, _)| *ended == id);
            if over { own.take()?.take(hall) } else { None }
        })
    }
}

pub fn as_completed<T>(futures: Vec<Future<T>>) -> AsCompleted<T> {
    AsCompleted { futures: futures.into_iter().map(Some).collect() }
}

impl<T: 'static> Iterator for AsCompleted<T> {
    type Item = (usize, Result<T, FutureError>);

    fn next(&mut self) -> Option<Self::Item> {
        let hall = Arc::clone(&self.futures.iter().flatten().next()?.hall);
        let place = wait_for(&hall, |hall| {
            let place = |id: u64| self.futures.iter().position(|f| f.as_ref().is_some_and(|f| f.id == id));
            hall.ended.iter().find_map(|(id, _)| place(*id))
        });
        Some((place, self.futures[place].take()?.result()))
    }
}
