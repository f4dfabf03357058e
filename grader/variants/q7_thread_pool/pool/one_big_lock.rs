//! Variant: one mutex and one condition variable for everything, results in a map by number, everybody woken by every change.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;

use crate::api::{PoolError, TaskPanic};

type Value = Box<dyn Any + Send>;
type Work = Box<dyn FnOnce() -> Value + Send>;

#[derive(Default)]
struct World {
    next: u64,
    waiting: BTreeMap<u64, Work>,
    done: BTreeMap<u64, Result<Value, TaskPanic>>,
    finished: BTreeSet<u64>,
    running: usize,
    threads: usize,
    over: bool,
}

type Shared = Arc<(Mutex<World>, Condvar)>;

/// The handles are kept so that every thread is joined.
pub struct ThreadPool {
    shared: Shared,
    handles: Mutex<Vec<thread::JoinHandle<()>>>,
}

pub struct Pending<T> {
    shared: Shared,
    number: u64,
    kind: PhantomData<fn() -> T>,
}

fn enter(shared: &Shared) -> MutexGuard<'_, World> {
    shared.0.lock().expect("nothing panics in here")
}

fn worker(shared: Shared) {
    let mut world = enter(&shared);
    loop {
        if let Some((number, work)) = world.waiting.pop_first() {
            world.running += 1;
            drop(world);
            let result = catch_unwind(AssertUnwindSafe(work));
            let result = result.map_err(|panic| TaskPanic {
                message: panic
                    .downcast_ref::<&str>()
                    .map(|text| text.to_string())
                    .or(panic.downcast_ref::<String>().cloned())
                    .unwrap_or("panic without a message".into()),
            });
            world = enter(&shared);
            world.running -= 1;
            world.done.insert(number, result);
            world.finished.insert(number);
            shared.1.notify_all();
        } else if world.over {
            world.threads -= 1;
            shared.1.notify_all();
            return;
        } else {
            world = shared.1.wait(world).expect("nothing panics in here");
        }
    }
}

impl ThreadPool {
    pub fn new(threads: usize) -> Result<Self, PoolError> {
        if threads == 0 {
            return Err(PoolError::NoThreads);
        }
        let pool = Self { shared: Shared::default(), handles: Mutex::default() };
        for _ in 0..threads {
            let shared = pool.shared.clone();
            let mut world = enter(&pool.shared);
            let handle = thread::Builder::new().spawn(|| worker(shared));
            let handle = handle.map_err(|refusal| PoolError::Spawn(format!("{refusal:?}")));
            world.threads += handle.is_ok() as usize;
            drop(world);
            pool.handles.lock().expect("nobody else").push(handle?);
        }
        Ok(pool)
    }

    pub fn submit<T: Send + 'static>(&self, task: impl FnOnce() -> T + Send + 'static) -> Pending<T> {
        let mut world = enter(&self.shared);
        let number = world.next;
        world.next += 1;
        world.waiting.insert(number, Box::new(move || Box::new(task()) as Value));
        self.shared.1.notify_all();
        Pending { shared: self.shared.clone(), number, kind: PhantomData }
    }

    pub fn map<I: Send + 'static, O: Send + 'static>(
        &self,
        inputs: impl IntoIterator<Item = I>,
        task: impl Fn(I) -> O + Send + Sync + 'static,
    ) -> Vec<Result<O, TaskPanic>> {
        let task = Arc::new(task);
        let all = inputs.into_iter().map(|input| {
            let task = task.clone();
            self.submit(move || task(input))
        });
        let all: Vec<_> = all.collect();
        all.into_iter().map(|one| one.result()).collect()
    }

    pub fn join(self) {}
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        let mut world = enter(&self.shared);
        world.over = true;
        self.shared.1.notify_all();
        while world.threads > 0 {
            world = self.shared.1.wait(world).expect("nothing panics in here");
        }
        drop(world);
        for handle in self.handles.lock().expect("nobody else").drain(..) {
            handle.join().expect("a worker does not panic");
        }
    }
}

impl<T: 'static> Pending<T> {
    pub fn result(self) -> Result<T, TaskPanic> {
        let mut world = enter(&self.shared);
        loop {
            if let Some(result) = world.done.remove(&self.number) {
                return result.map(|value| *value.downcast::<T>().expect("it is what the task gave"));
            }
            world = self.shared.1.wait(world).expect("nothing panics in here");
        }
    }
}

impl<T> Pending<T> {
    pub fn is_done(&self) -> bool {
        enter(&self.shared).finished.contains(&self.number)
    }
}
