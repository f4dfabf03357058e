//! Variant: every `clear` begins a round of its own, with its own flag and condition variable.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

#[derive(Debug, Default)]
struct Round {
    over: Mutex<bool>,
    ended: Condvar,
}

#[derive(Debug, Default)]
pub struct Event {
    round: Mutex<Arc<Round>>,
}

impl Event {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn set(&self) {
        let round = self.round.lock().unwrap();
        *round.over.lock().unwrap() = true;
        round.ended.notify_all();
    }

    pub fn clear(&self) {
        let mut round = self.round.lock().unwrap();
        let over = *round.over.lock().unwrap();
        if over {
            *round = Arc::default();
        }
    }

    pub fn is_set(&self) -> bool {
        *self.round.lock().unwrap().over.lock().unwrap()
    }

    pub fn wait(&self) {
        let round = Arc::clone(&self.round.lock().unwrap());
        let over = round.over.lock().unwrap();
        drop(round.ended.wait_while(over, |over| !*over).unwrap());
    }

    pub fn wait_timeout(&self, limit: Duration) -> bool {
        let round = Arc::clone(&self.round.lock().unwrap());
        let over = round.over.lock().unwrap();
        let (over, _) = round.ended.wait_timeout_while(over, limit, |over| !*over).unwrap();
        *over
    }
}
