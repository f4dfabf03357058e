//! Variant: whoever comes early signs a list and parks; the last one calls everybody by name. The first one leads.

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Thread};

#[derive(Debug)]
pub struct Barrier {
    size: usize,
    waiting: Mutex<Vec<(Thread, Arc<AtomicBool>)>>,
}

impl Barrier {
    pub fn new(size: usize) -> Self {
        if size == 0 {
            panic!("nobody would ever go on");
        }
        Self { size, waiting: Mutex::new(Vec::new()) }
    }

    pub fn wait(&self) -> bool {
        let called = Arc::new(AtomicBool::new(false));
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = waiting.is_empty();
        if waiting.len() + 1 == self.size {
            let group = mem::take(&mut *waiting);
            drop(waiting);
            for (thread, called) in group {
                called.store(true, Ordering::Release);
                thread.unpark();
            }
            return is_first;
        }
        waiting.push((thread::current(), Arc::clone(&called)));
        drop(waiting);
        while !called.load(Ordering::Acquire) {
            thread::park();
        }
        is_first
    }
}
