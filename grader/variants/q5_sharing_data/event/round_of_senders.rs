//! Variant: the receiving end of a channel for each waiting thread; `set` drops all sending ends.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{RwLock, RwLockWriteGuard};
use std::time::Duration;

#[derive(Debug)]
enum State {
    Set,
    Clear(Vec<Sender<()>>),
}

#[derive(Debug)]
pub struct Event(RwLock<State>);

impl Event {
    pub fn new() -> Self {
        Self(RwLock::new(State::Clear(Vec::new())))
    }

    pub fn set(&self) {
        *self.write() = State::Set;
    }

    pub fn clear(&self) {
        let mut state = self.write();
        if matches!(*state, State::Set) {
            *state = State::Clear(Vec::new());
        }
    }

    pub fn is_set(&self) -> bool {
        matches!(*self.0.read().expect("sound"), State::Set)
    }

    pub fn wait(&self) {
        if let Some(end) = self.line() {
            let _ = end.recv();
        }
    }

    pub fn wait_timeout(&self, limit: Duration) -> bool {
        self.line().is_none_or(|end| end.recv_timeout(limit) != Err(RecvTimeoutError::Timeout))
    }

    fn line(&self) -> Option<Receiver<()>> {
        match &mut *self.write() {
            State::Set => None,
            State::Clear(waiting) => {
                let (sender, end) = mpsc::channel();
                waiting.push(sender);
                Some(end)
            }
        }
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.0.write().expect("sound")
    }
}
