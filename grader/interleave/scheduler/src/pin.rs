//! Keeps a schedule on one core: handing over between cores is several times slower.
//!
//! Knows nothing of schedules. If the machine refuses, nothing but speed is lost.

use std::marker::PhantomData;

use nix::sched::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};
use nix::unistd::Pid;

/// The core that a schedule stays on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Core(Option<usize>);

impl Core {
    /// Whichever the machine chooses.
    pub(crate) const ANY: Self = Self(None);

    /// Keeps the current thread on this core for good.
    pub(crate) fn stay(self) {
        // Nothing can be done if the machine refuses, and nothing depends on it.
        let _ = self.try_stay();
    }

    fn try_stay(self) -> nix::Result<()> {
        let Some(core) = self.0 else { return Ok(()) };
        let mut one = CpuSet::new();
        one.set(core)?;
        sched_setaffinity(Pid::from_raw(0), &one)
    }
}

/// The current thread stays on the core where it is until this is dropped.
#[derive(Debug)]
pub(crate) struct Pinned {
    core: Core,
    before: Option<CpuSet>,
    /// It is this thread's affinity that is given back.
    _not_send: PhantomData<*const ()>,
}

impl Pinned {
    pub(crate) fn here() -> Self {
        let before = sched_getaffinity(Pid::from_raw(0)).ok();
        let core = Core(before.and_then(|_| sched_getcpu().ok()));
        core.stay();
        Self { core, before, _not_send: PhantomData }
    }

    pub(crate) fn core(&self) -> Core {
        self.core
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
