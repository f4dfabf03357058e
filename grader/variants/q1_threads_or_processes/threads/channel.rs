//! Variant: threads send what became of them over a channel, with their place, and nobody joins them: the scope waits.

use crate::api::{Job, Outcome};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;

/// As asked for.
pub fn in_threads(jobs: &[Job<'_>]) -> Vec<Outcome> {
    let mut outcomes: Vec<Option<Outcome>> = jobs.iter().map(|_| None).collect();
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        for (place, job) in jobs.iter().enumerate() {
            let sender = sender.clone();
            scope.spawn(move || {
                let outcome = match catch_unwind(AssertUnwindSafe(job)) {
                    Ok(number) => Outcome::Done(number),
                    Err(payload) => Outcome::Panicked(match payload.downcast::<String>() {
                        Ok(text) => *text,
                        Err(payload) => {
                            (*payload.downcast_ref::<&str>().unwrap_or(&"panic without a message")).to_owned()
                        }
                    }),
                };
                let _ = sender.send((place, outcome));
            });
        }
        drop(sender);
        for (place, outcome) in receiver {
            outcomes[place] = Some(outcome);
        }
    });
    outcomes.into_iter().map(|outcome| outcome.expect("every thread has sent one")).collect()
}
