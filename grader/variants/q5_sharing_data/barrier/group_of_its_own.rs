//! Variant: each group is an object of its own, which its members share; the barrier knows only the newest.

use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError, RwLock};

#[derive(Debug, Default)]
struct Group {
    came: Mutex<usize>,
    complete: Condvar,
    leader: OnceLock<()>,
}

#[derive(Debug)]
pub struct Barrier {
    size: usize,
    newest: RwLock<Arc<Group>>,
}

impl Barrier {
    pub fn new(size: usize) -> Self {
        assert!(size >= 1);
        Self { size, newest: RwLock::default() }
    }

    pub fn wait(&self) -> bool {
        let mut newest = self.newest.write().unwrap_or_else(PoisonError::into_inner);
        let group = Arc::clone(&newest);
        let mut came = group.came.lock().unwrap_or_else(PoisonError::into_inner);
        *came += 1;
        if *came == self.size {
            *newest = Arc::default();
            group.complete.notify_all();
        }
        drop(newest);
        while *came < self.size {
            came = group.complete.wait(came).unwrap_or_else(PoisonError::into_inner);
        }
        drop(came);
        // Whoever is out first leads.
        group.leader.set(()).is_ok()
    }
}
