//! A barrier: how many have come, and the number of the group that they wait for.

use std::sync::{Condvar, Mutex, PoisonError};

/// Lets threads go on in groups of a fixed size. Any number of threads may use it, again and again.
#[derive(Debug)]
pub struct Barrier {
    size: usize,
    state: Mutex<State>,
    complete: Condvar,
}

#[derive(Debug, Default)]
struct State {
    came: usize,
    /// How many groups have gone on.
    group: usize,
}

impl Barrier {
    /// Makes a barrier for groups of so many.
    ///
    /// # Panics
    ///
    /// If `size` is 0.
    pub fn new(size: usize) -> Self {
        assert!(size > 0, "a group has at least one thread");
        Self { size, state: Mutex::default(), complete: Condvar::new() }
    }

    /// Waits until a group is complete; whether this thread is its leader.
    pub fn wait(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.came += 1;
        if state.came == self.size {
            state.came = 0;
            state.group = state.group.wrapping_add(1);
            self.complete.notify_all();
            return true;
        }
        let mine = state.group;
        // Not `came`: when a slow thread wakes up, threads of the next group may have come already, and it would wait
        // for them. The group's number never comes back. A loop, since a wake-up may come for no reason.
        while state.group == mine {
            state = self.complete.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        false
    }
}
