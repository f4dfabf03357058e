//! Variant: all outcomes stand in one list under one lock, and the caller waits on a condition variable until it is full.

use crate::api::{Job, Outcome};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex};
use std::thread;

/// As asked for.
pub fn in_threads(jobs: &[Job<'_>]) -> Vec<Outcome> {
    let done: Mutex<Vec<(usize, Outcome)>> = Mutex::new(Vec::new());
    let more = Condvar::new();
    thread::scope(|scope| {
        for (place, job) in jobs.iter().enumerate() {
            let (done, more) = (&done, &more);
            scope.spawn(move || {
                let outcome = catch_unwind(AssertUnwindSafe(job)).map(Outcome::Done).unwrap_or_else(|payload| {
                    let text = payload.downcast_ref::<&str>().map(|text| text.to_string());
                    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
                    Outcome::Panicked(text.unwrap_or("panic without a message".to_string()))
                });
                done.lock().unwrap().push((place, outcome));
                more.notify_one();
            });
        }
        let mut list = done.lock().unwrap();
        while list.len() < jobs.len() {
            list = more.wait(list).unwrap();
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}
