//! What must not be left when a call, or a whole trial, is over: one reading of a trace for all who ask.
//!
//! Knows censuses and counts, and no question: which checkpoints stand where everything is over is said by whoever asks.

use crate::experiment::Wrong;
use crate::fault::Fault;
use crate::trial::{Census, Seen, Step, Trace};

/// The script of a checkpoint where everything is over: look at once, and again when nothing moves any more.
pub(crate) const LOOK: [Step; 4] = [Step::Census, Step::Quiet, Step::Census, Step::GoOn];

/// The looks at checkpoints where everything is over.
fn looks(trace: &Trace, is_over: impl Fn(u64) -> bool) -> Vec<&Census> {
    let (mut over, mut looks) = (false, Vec::new());
    for event in &trace.events {
        match &event.seen {
            Seen::Checkpoint(number) => over = is_over(*number),
            Seen::WentOn => over = false,
            Seen::Census(census) if over => looks.push(census),
            _ => {}
        }
    }
    looks
}

/// At every pair of looks nobody is there, no descriptor is added from the first look to the last, and at the end nothing is
/// left. `is_over` picks the checkpoints; 0 is the door, before the first call.
///
/// # Errors
///
/// The first thing that was left.
pub(crate) fn nothing_left(trace: &Trace, is_over: impl Fn(u64) -> bool) -> Result<(), Wrong> {
    let all = looks(trace, is_over);
    let running = |census: &Census| census.children.len() + census.others.len();
    for [at_once, later] in all.as_chunks::<2>().0 {
        let (fault, what) = if !later.zombies.is_empty() {
            let count = later.zombies.len();
            (
                Fault::Zombie,
                format!("the call is over; processes that have ended and were not waited for: {count}"),
            )
        } else if running(later) > 0 {
            (Fault::Orphan, format!("the call is over; processes that are still there: {}", running(later)))
        } else if running(at_once) > 0 || !at_once.zombies.is_empty() {
            (Fault::Orphan, "the call was over before the end of a process".to_owned())
        } else {
            continue;
        };
        return Err(Wrong::new(fault, what));
    }
    if let [first, .., last] = all.as_slice()
        && last.descriptors > first.descriptors
    {
        let more = last.descriptors - first.descriptors;
        return Err(Wrong::new(
            Fault::FdLeak,
            format!("from call to call descriptors stay open: {more} more"),
        ));
    }
    nothing_at_the_end(trace)
}

/// When the respondent has closed, nothing is left.
///
/// # Errors
///
/// The first thing that was left.
pub(crate) fn nothing_at_the_end(trace: &Trace) -> Result<(), Wrong> {
    let left = &trace.left;
    for (count, fault, what) in [
        (left.zombies, Fault::Zombie, "processes that have ended and were not waited for"),
        (left.processes, Fault::Orphan, "processes that still run"),
        (left.descriptors, Fault::FdLeak, "descriptors that are open"),
        (left.threads, Fault::LeakedThread, "threads that have not ended"),
        (left.shared_memory, Fault::ShmLeak, "pieces of shared memory in `/dev/shm`"),
    ] {
        if count > 0 {
            return Err(Wrong::new(fault, format!("left behind at the end: {count} {what}")));
        }
    }
    Ok(())
}
