//! Impostor: who finds nobody else of its group on the way out is the leader, so others may be as well.
//! Loses: q5.barrier_leader Race
//! Tempting: whoever leaves last switches off the light.

use std::sync::{Condvar, Mutex, PoisonError};

#[derive(Debug)]
pub struct Barrier {
    size: usize,
    state: Mutex<State>,
    complete: Condvar,
}

#[derive(Debug, Default)]
struct State {
    came: usize,
    inside: usize,
    group: usize,
}

impl Barrier {
    pub fn new(size: usize) -> Self {
        assert!(size > 0, "a group has at least one thread");
        Self { size, state: Mutex::default(), complete: Condvar::new() }
    }

    pub fn wait(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.came += 1;
        state.inside += 1;
        if state.came == self.size {
            state.came = 0;
            state.group += 1;
            self.complete.notify_all();
        } else {
            let mine = state.group;
            while state.group == mine {
                state = self.complete.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
        state.inside -= 1;
        // Those of the next group are inside as well.
        state.inside == 0
    }
}
