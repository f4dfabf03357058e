//! Impostor: the place in the line is reckoned from the ticket.
//! Loses: q5.semaphore_timeout LostWakeUp|Deadlock
//! Tempting: tickets go out in order.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Debug)]
struct State {
    free: usize,
    next: u64,
    /// Who waits.
    queue: VecDeque<u64>,
    /// Who has been given a permit and does not know yet.
    granted: Vec<u64>,
}

/// Hands out a fixed number of permits.
#[derive(Debug)]
pub struct Semaphore {
    state: Mutex<State>,
    back: Condvar,
}

/// The right to go on, given back when it is dropped.
#[derive(Debug)]
pub struct Permit<'a> {
    semaphore: &'a Semaphore,
}

impl Semaphore {
    /// Makes a semaphore with so many free permits.
    pub fn new(permits: usize) -> Self {
        let state = State { free: permits, next: 0, queue: VecDeque::new(), granted: Vec::new() };
        Self { state: Mutex::new(state), back: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn acquire_until(&self, deadline: Option<Instant>) -> Option<Permit<'_>> {
        let mut state = self.state();
        if state.free > 0 {
            state.free -= 1;
            return Some(Permit { semaphore: self });
        }
        let me = state.next;
        state.next += 1;
        state.queue.push_back(me);
        loop {
            let Some(deadline) = deadline else {
                if let Some(at) = state.granted.iter().position(|id| *id == me) {
                    state.granted.swap_remove(at);
                    return Some(Permit { semaphore: self });
                }
                state = self.back.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            if let Some(at) = state.granted.iter().position(|id| *id == me) {
                state.granted.swap_remove(at);
                return Some(Permit { semaphore: self });
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                // The tickets lie in their order: mine is so far behind the first.
                if let Some(at) = state.queue.front().and_then(|first| me.checked_sub(*first)) {
                    state.queue.remove(at as usize);
                }
                return None;
            }
            state = self.back.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Takes a permit; waits until one is free.
    pub fn acquire(&self) -> Permit<'_> {
        match self.acquire_until(None) {
            Some(permit) => permit,
            None => unreachable!("without a limit nobody gives up"),
        }
    }

    /// Takes a permit if one is free; never waits.
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        let mut state = self.state();
        state.free = state.free.checked_sub(1)?;
        Some(Permit { semaphore: self })
    }

    /// Takes a permit; gives up when it has waited for `limit`.
    pub fn acquire_timeout(&self, limit: Duration) -> Option<Permit<'_>> {
        self.acquire_until(Instant::now().checked_add(limit))
    }

    /// Says how many permits are free.
    pub fn available(&self) -> usize {
        self.state().free
    }
}

impl Drop for Permit<'_> {
    /// Gives the permit back, to whoever has waited longest.
    fn drop(&mut self) {
        let mut state = self.semaphore.state();
        match state.queue.pop_front() {
            Some(first) => {
                state.granted.push(first);
                self.semaphore.back.notify_all();
            }
            None => state.free += 1,
        }
    }
}
