//! What `Once`, `OnceLock` and `LazyLock` share: one thread goes first, the others wait for it.

use std::panic::Location;

use interleave::rt::monitor::{Monitor, Try};
use interleave::rt::{Kind, ObjectId};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    New,
    Running,
    Done,
    /// The first thread panicked.
    Broken,
}

/// The gate.
pub(super) struct Gate(Monitor<Stage>);

/// How a thread came through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Passage {
    /// It went first; the flag says whether an earlier one had panicked.
    First(bool),
    /// All is done.
    After,
    /// An earlier one had panicked, and the caller does not want to try again.
    Refused,
}

type Site = &'static Location<'static>;

impl Gate {
    pub(super) const fn new() -> Self {
        Self(Monitor::new(Stage::New))
    }

    pub(super) const fn already_open() -> Self {
        Self(Monitor::new(Stage::Done))
    }

    pub(super) const fn id(&self) -> &ObjectId {
        self.0.id()
    }

    /// Goes first, running `work` without any lock held, or waits for whoever did. A panic of `work` breaks the gate.
    pub(super) fn pass(
        &self,
        kind: Kind,
        verb: &'static str,
        site: Site,
        again: bool,
        work: impl FnOnce(bool),
    ) -> Passage {
        let passage = self.0.wait_until(kind, verb, site, |stage| match *stage {
            Stage::Done => Try::Seen(Passage::After),
            Stage::Running => Try::Wait,
            Stage::Broken if !again => Try::Seen(Passage::Refused),
            before => {
                *stage = Stage::Running;
                Try::Done(Passage::First(before == Stage::Broken))
            }
        });
        if let Passage::First(broken) = passage {
            self.0.set_busy(Some(site));
            let mut finish = Finish { gate: self, stage: Stage::Broken };
            work(broken);
            finish.stage = Stage::Done;
        }
        passage
    }

    /// Waits until the gate is open, or broken.
    pub(super) fn wait(&self, kind: Kind, verb: &'static str, site: Site, through_panics: bool) -> Stage {
        self.0.wait_until(kind, verb, site, |stage| match *stage {
            Stage::Done => Try::Seen(Stage::Done),
            Stage::Broken if !through_panics => Try::Seen(Stage::Broken),
            _ => Try::Wait,
        })
    }

    /// Looks, at a scheduling point.
    pub(super) fn look(&self, kind: Kind, verb: &'static str, site: Site) -> Stage {
        self.0.wait_until(kind, verb, site, |stage| Try::Seen(*stage))
    }

    pub(super) fn get_mut(&mut self) -> &mut Stage {
        self.0.get_mut()
    }
}

struct Finish<'a> {
    gate: &'a Gate,
    stage: Stage,
}

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        self.gate.0.set_busy(None);
        self.gate.0.quietly(|stage| *stage = self.stage);
    }
}
