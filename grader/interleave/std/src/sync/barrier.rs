//! `Barrier`.

use std::fmt;
use std::panic::Location;

use interleave::rt::Kind;
use interleave::rt::monitor::{Monitor, Try};

use crate::fresh;

/// As `std::sync::Barrier`.
pub struct Barrier {
    size: usize,
    round: Monitor<Round>,
}

struct Round {
    number: usize,
    arrived: usize,
}

/// As `std::sync::BarrierWaitResult`.
pub struct BarrierWaitResult(bool);

impl Barrier {
    /// As `std::sync::Barrier::new`.
    #[must_use]
    pub const fn new(n: usize) -> Self {
        Self { size: n, round: Monitor::new(Round { number: 0, arrived: 0 }) }
    }

    /// As `std::sync::Barrier::wait`.
    #[track_caller]
    pub fn wait(&self) -> BarrierWaitResult {
        fresh::renew(self, self.round.id());
        let mut mine = None;
        let leads = self.round.wait_until(Kind::new("Barrier", ""), "wait at", Location::caller(), |round| {
            match mine {
                Some(number) if number != round.number => return Try::Seen(false),
                Some(_) => return Try::Wait,
                None => mine = Some(round.number),
            }
            round.arrived += 1;
            if round.arrived < self.size {
                // Whoever comes later learns what this thread has done so far.
                return Try::HalfDone;
            }
            round.arrived = 0;
            round.number = round.number.wrapping_add(1);
            Try::Done(true)
        });
        BarrierWaitResult(leads)
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier").finish_non_exhaustive()
    }
}

impl BarrierWaitResult {
    /// As `std::sync::BarrierWaitResult::is_leader`.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

impl fmt::Debug for BarrierWaitResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BarrierWaitResult").field("is_leader", &self.0).finish()
    }
}
