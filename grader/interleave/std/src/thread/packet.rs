//! What a thread leaves for whoever joins it, and the thread's start.

use std::ffi::CString;
use std::io;
use std::panic::{AssertUnwindSafe, Location};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use interleave::probe::ThreadRef;
use interleave::rt;

use super::{Result, Thread};

/// The result of a thread, once there is one.
pub(super) struct Packet<T> {
    result: Mutex<Option<Result<T>>>,
    /// The scope that must hear of a panic that nobody asks for.
    scope: Option<Arc<AtomicBool>>,
}

impl<T> Packet<T> {
    pub(super) fn new(scope: Option<Arc<AtomicBool>>) -> Arc<Self> {
        Arc::new(Self { result: Mutex::new(None), scope })
    }

    /// Runs the thread's closure and keeps what comes of it.
    pub(super) fn fill(&self, work: impl FnOnce() -> T) {
        let result = rt::catch_unwind(AssertUnwindSafe(work));
        *self.result.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    }

    pub(super) fn take(&self) -> Result<T> {
        match self.result.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(result) => result,
            None => unreachable!("a thread that has ended has left its result"),
        }
    }
}

impl<T> Drop for Packet<T> {
    fn drop(&mut self) {
        let result = self.result.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let (Some(Err(_)), Some(panicked)) = (&result, &self.scope) {
            panicked.store(true, Ordering::Relaxed);
        }
    }
}

/// A thread that can be waited for, by anybody and more than once.
#[derive(Clone)]
pub(super) enum Started {
    Modelled(ThreadRef),
    Real(Arc<Mutex<Option<std::thread::JoinHandle<()>>>>),
}

/// What a thread is to be like.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) name: Option<String>,
    pub(super) stack_size: Option<usize>,
}

pub(super) fn start(
    plan: Plan,
    site: &'static Location<'static>,
    task: rt::thread::Task,
) -> io::Result<(Thread, Started)> {
    if !rt::thread::is_modelled() {
        let mut builder = std::thread::Builder::new();
        if let Some(name) = plan.name {
            builder = builder.name(name);
        }
        if let Some(size) = plan.stack_size {
            builder = builder.stack_size(size);
        }
        let handle = builder.spawn(task)?;
        let thread = Thread::real(handle.thread().clone());
        return Ok((thread, Started::Real(Arc::new(Mutex::new(Some(handle))))));
    }
    if let Some(name) = &plan.name {
        let name = CString::new(name.as_str());
        drop(name.expect("thread name may not contain interior null bytes"));
    }
    let name: Option<Arc<str>> = plan.name.map(Arc::from);
    let plan = rt::thread::Plan { name: name.clone(), stack_size: plan.stack_size };
    let thread = rt::thread::spawn(plan, site, task)?;
    Ok((Thread::modelled(thread, name), Started::Modelled(thread)))
}

impl Started {
    /// Waits for the end of the thread.
    pub(super) fn join(&self, site: &'static Location<'static>) {
        match self {
            Self::Modelled(thread) => rt::thread::join(*thread, site),
            Self::Real(handle) => {
                // Whoever comes second waits here until the first has seen the thread's end.
                let mut handle = handle.lock().unwrap_or_else(PoisonError::into_inner);
                // The packet has caught every panic of the closure.
                drop(handle.take().map(std::thread::JoinHandle::join));
            }
        }
    }

    /// The same at the end of a scope.
    pub(super) fn join_at_scope_end(&self, site: &'static Location<'static>) {
        match self {
            Self::Modelled(thread) => rt::thread::join_at_scope_end(*thread, site),
            Self::Real(_) => self.join(site),
        }
    }

    pub(super) fn is_finished(&self, site: &'static Location<'static>) -> bool {
        match self {
            Self::Modelled(thread) => rt::thread::is_finished(*thread, site),
            Self::Real(handle) => {
                let handle = handle.lock().unwrap_or_else(PoisonError::into_inner);
                handle.as_ref().is_none_or(std::thread::JoinHandle::is_finished)
            }
        }
    }
}
