//! Jobs in threads: one memory for all of them.
//!
//! Why this works: a scope lets threads borrow from the caller, since none of them outlives it. The threads are started in one
//! pass and joined in a second one, in the order of the jobs, so who ends when changes nothing.

use std::any::Any;
use std::thread;

use crate::api::{Job, Outcome};

/// Runs every job in a thread of its own, all at once, and says how each of them ended.
pub fn in_threads(jobs: &[Job<'_>]) -> Vec<Outcome> {
    thread::scope(|scope| {
        // `map` alone is lazy: without this `collect` each thread would be joined before the next one starts.
        let threads: Vec<_> = jobs.iter().map(|job| scope.spawn(job)).collect();
        // Each is joined here: the scope would panic for a thread that panicked and was not.
        threads.into_iter().map(|thread| outcome(thread.join())).collect()
    })
}

fn outcome(joined: thread::Result<u64>) -> Outcome {
    match joined {
        Ok(number) => Outcome::Done(number),
        Err(payload) => Outcome::Panicked(text(&*payload).to_owned()),
    }
}

/// `panic!` with a text alone carries a `&str`, with something filled in a `String`, and `panic_any` whatever it is given.
fn text(payload: &(dyn Any + Send)) -> &str {
    let string = || payload.downcast_ref::<String>().map(String::as_str);
    payload.downcast_ref::<&str>().copied().or_else(string).unwrap_or("panic without a message")
}
