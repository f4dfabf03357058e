//! Operating-system threads that serve one schedule after another: to start one takes longer than most schedules.
//!
//! A worker sleeps until its baton is raised and does the one job that it was given. It goes back to the bench as the last
//! act of the job, not after it: then all workers of a schedule sit there when the schedule is over, and the next one
//! starts no more. Knows nothing of schedules. A worker whose schedule has failed may never come back.

use std::cell::{Cell, RefCell};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use crate::handover::Baton;
use crate::pin::Core;

/// What a worker is to do. It must not unwind.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// Workers without a job. The one that came last goes first: its stack is still warm.
static BENCH: Mutex<Vec<Arc<Worker>>> = Mutex::new(Vec::new());

struct Worker {
    baton: Arc<Baton>,
    job: Mutex<Option<(Job, Core)>>,
}

/// Gives a job to a worker, which begins when the baton that is returned is passed for the first time. With a
/// `stack_size`, in bytes, it is a thread for this one job.
///
/// # Errors
/// If there is no worker left and the machine has no thread left.
pub(crate) fn hire(stack_size: Option<usize>, core: Core, job: Job) -> io::Result<Arc<Baton>> {
    let idle = if stack_size.is_none() { bench().pop() } else { None };
    let worker = match idle {
        Some(worker) => worker,
        None => start(stack_size)?,
    };
    *worker.job.lock().unwrap_or_else(PoisonError::into_inner) = Some((job, core));
    Ok(Arc::clone(&worker.baton))
}

fn bench() -> std::sync::MutexGuard<'static, Vec<Arc<Worker>>> {
    BENCH.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The current worker can be hired again. What is left of its job must not depend on what the thread is for.
pub(crate) fn rest() {
    if let Some(own) = OWN.with_borrow_mut(Option::take) {
        bench().push(own);
    }
}

std::thread_local! {
    /// The worker that may go back to the bench.
    static OWN: RefCell<Option<Arc<Worker>>> = const { RefCell::new(None) };
    static CORE: Cell<Core> = const { Cell::new(Core::ANY) };
}

fn start(stack_size: Option<usize>) -> io::Result<Arc<Worker>> {
    let worker = Arc::new(Worker { baton: Arc::default(), job: Mutex::default() });
    let own = Arc::clone(&worker);
    let builder = std::thread::Builder::new().name("interleave".to_owned());
    let started = match stack_size {
        Some(size) => builder.stack_size(size).spawn(move || own.work()),
        None => builder.spawn(move || {
            loop {
                OWN.set(Some(Arc::clone(&own)));
                own.work();
            }
        }),
    };
    worker.baton.belongs_to(started?.thread().clone());
    Ok(worker)
}

impl Worker {
    /// Waits for a job and does it.
    fn work(&self) {
        self.baton.wait();
        let job = self.job.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((job, core)) = job {
            if CORE.replace(core) != core {
                core.stay();
            }
            job();
        }
    }
}
