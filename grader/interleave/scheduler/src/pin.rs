//! Keeps a schedule on one core: handing over between cores is several times slower.
//!
//! Knows nothing of schedules. If the machine refuses, nothing but speed is lost.

use std::marker::PhantomData;

use nix::sched::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};
use nix::unistd::Pid;

/// The current thread stays on one core until this is dropped; threads that it spawns stay there for good.
#[derive(Debug)]
pub(crate) struct Pinned {
    before: Option<CpuSet>,
    /// It is this thread's affinity that is given back.
    _not_send: PhantomData<*const ()>,
}

impl Pinned {
    pub(crate) fn here() -> Self {
        Self { before: pin().ok(), _not_send: PhantomData }
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        if let Some(before) = self.before {
            // Nothing can be done if the machine refuses, and nothing depends on it.
            let _ = sched_setaffinity(Pid::from_raw(0), &before);
        }
    }
}

fn pin() -> nix::Result<CpuSet> {
    let before = sched_getaffinity(Pid::from_raw(0))?;
    let mut one = CpuSet::new();
    one.set(sched_getcpu()?)?;
    sched_setaffinity(Pid::from_raw(0), &one)?;
    Ok(before)
}
