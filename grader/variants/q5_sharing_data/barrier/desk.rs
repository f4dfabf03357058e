//! Variant: a thread of its own lets the groups go, over channels, and ends with the barrier.

use std::mem;
use std::sync::mpsc::{self, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};

#[derive(Debug)]
pub struct Barrier {
    desk: Mutex<Option<Sender<Sender<bool>>>>,
    clerk: Option<JoinHandle<()>>,
}

impl Barrier {
    pub fn new(size: usize) -> Self {
        assert!(size > 0, "a group has at least one thread");
        let (desk, comers) = mpsc::channel::<Sender<bool>>();
        let clerk = thread::spawn(move || {
            let mut group = Vec::new();
            for comer in comers {
                group.push(comer);
                if group.len() == size {
                    for (place, member) in mem::take(&mut group).into_iter().enumerate() {
                        let _ = member.send(place == 0);
                    }
                }
            }
        });
        Self { desk: Mutex::new(Some(desk)), clerk: Some(clerk) }
    }

    pub fn wait(&self) -> bool {
        let (go, gone) = mpsc::channel();
        if let Some(desk) = &*self.desk.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = desk.send(go);
        }
        gone.recv().unwrap_or_default()
    }
}

impl Drop for Barrier {
    fn drop(&mut self) {
        drop(self.desk.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(clerk) = self.clerk.take() {
            let _ = clerk.join();
        }
    }
}
