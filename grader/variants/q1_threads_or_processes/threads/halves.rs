//! Variant: a list of jobs is two lists, and a thread for each half starts the threads of its own half; a list of one is done.

use crate::api::{Job, Outcome};
use std::thread;

/// As asked for.
pub fn in_threads(jobs: &[Job<'_>]) -> Vec<Outcome> {
    if jobs.is_empty() {
        return Vec::new();
    }
    thread::scope(|scope| scope.spawn(|| all(jobs)).join().expect("nothing panics out of it"))
}

/// The first is done by this thread, once the others have been started.
fn all(jobs: &[Job<'_>]) -> Vec<Outcome> {
    let Some((first, others)) = jobs.split_first() else { return Vec::new() };
    thread::scope(|scope| {
        let (left, right) = others.split_at(others.len() / 2);
        let more = [left, right].map(|part| (!part.is_empty()).then(|| scope.spawn(move || all(part))));
        let mut outcomes = vec![own(first)];
        for thread in more.into_iter().flatten() {
            outcomes.extend(thread.join().expect("nothing panics out of it"));
        }
        outcomes
    })
}

fn own(job: &Job<'_>) -> Outcome {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(job)) {
        Ok(number) => Outcome::Done(number),
        Err(payload) => {
            let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
            Outcome::Panicked(text.unwrap_or_else(|| "panic without a message".into()))
        }
    }
}
