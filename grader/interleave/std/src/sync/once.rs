//! `Once`.

use std::fmt;
use std::panic::Location;

use interleave::rt::Kind;

use crate::fresh;

use super::gate::{Gate, Passage, Stage};

const KIND: Kind = Kind::new("Once", "");

/// As `std::sync::Once`.
pub struct Once {
    gate: Gate,
}

/// As `std::sync::OnceState`.
pub struct OnceState {
    poisoned: bool,
}

impl Once {
    /// As `std::sync::Once::new`.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "the standard library's type has no Default either")]
    pub const fn new() -> Self {
        Self { gate: Gate::new() }
    }

    /// As `std::sync::Once::call_once`.
    #[track_caller]
    pub fn call_once<F: FnOnce()>(&self, f: F) {
        fresh::renew(self, self.gate.id());
        let passage = self.gate.pass(KIND, "call_once", Location::caller(), false, |_| f());
        assert!(passage != Passage::Refused, "Once instance has previously been poisoned");
    }

    /// As `std::sync::Once::call_once_force`.
    #[track_caller]
    pub fn call_once_force<F: FnOnce(&OnceState)>(&self, f: F) {
        fresh::renew(self, self.gate.id());
        self.gate
            .pass(KIND, "call_once_force", Location::caller(), true, |poisoned| f(&OnceState { poisoned }));
    }

    /// As `std::sync::Once::is_completed`.
    #[track_caller]
    pub fn is_completed(&self) -> bool {
        fresh::renew(self, self.gate.id());
        self.gate.look(KIND, "is_completed", Location::caller()) == Stage::Done
    }

    /// As `std::sync::Once::wait`.
    #[track_caller]
    pub fn wait(&self) {
        fresh::renew(self, self.gate.id());
        let stage = self.gate.wait(KIND, "wait for", Location::caller(), false);
        assert!(stage == Stage::Done, "Once instance has previously been poisoned");
    }

    /// As `std::sync::Once::wait_force`.
    #[track_caller]
    pub fn wait_force(&self) {
        fresh::renew(self, self.gate.id());
        self.gate.wait(KIND, "wait for", Location::caller(), true);
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once").finish_non_exhaustive()
    }
}

impl OnceState {
    /// As `std::sync::OnceState::is_poisoned`.
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        self.poisoned
    }
}

impl fmt::Debug for OnceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnceState").field("poisoned", &self.poisoned).finish()
    }
}
