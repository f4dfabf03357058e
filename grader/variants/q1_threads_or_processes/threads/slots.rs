//! Variant: a slot for each job that can be written once, filled by the job's own thread.

use crate::api::{Job, Outcome};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::thread::{self, Builder};

/// As asked for.
pub fn in_threads(jobs: &[Job<'_>]) -> Vec<Outcome> {
    let slots: Vec<OnceLock<Outcome>> = jobs.iter().map(|_| OnceLock::new()).collect();
    thread::scope(|scope| {
        for (slot, job) in slots.iter().zip(jobs) {
            let run = move || {
                let outcome = catch_unwind(AssertUnwindSafe(|| job())).map_or_else(
                    |payload| {
                        let text = if let Some(text) = payload.downcast_ref::<&str>() {
                            text
                        } else if let Some(text) = payload.downcast_ref::<String>() {
                            text.as_str()
                        } else {
                            "panic without a message"
                        };
                        Outcome::Panicked(text.into())
                    },
                    Outcome::Done,
                );
                let _ = slot.set(outcome);
            };
            Builder::new().name("job".into()).spawn_scoped(scope, run).expect("a thread");
        }
    });
    slots.into_iter().map(|slot| slot.into_inner().expect("its thread has ended")).collect()
}
