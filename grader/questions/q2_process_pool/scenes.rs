//! Trials in few words: calls, and what the judge does meanwhile.

use super::words::{Call, Job};
use crate::experiment::Numbers;
use crate::trial::{Step, Trial};

/// A trial with these calls and this script.
pub(super) fn trial(calls: &[Call], script: &[Step]) -> Trial {
    Trial::new("calls", calls.iter().map(Call::to_words).collect(), script)
}

/// The calls of a trial.
pub(super) fn calls(trial: &Trial) -> Vec<Call> {
    trial.words.iter().filter_map(|words| Call::from_words(words)).collect()
}

/// Tasks `first..first + count` that wait at the gate.
pub(super) fn held(fresh: &mut Numbers, first: u64, count: u64) -> Vec<Job> {
    (first..first + count).map(|id| Job::held(id, fresh.fresh())).collect()
}

/// Tasks `first..first + count` that return at once.
pub(super) fn plain(fresh: &mut Numbers, first: u64, count: u64) -> Vec<Job> {
    (first..first + count).map(|id| Job::plain(id, fresh.fresh())).collect()
}

/// Tasks `first..first + count` with a text of so many bytes.
pub(super) fn large(fresh: &mut Numbers, first: u64, count: u64, text_bytes: u64) -> Vec<Job> {
    plain(fresh, first, count).into_iter().map(|job| Job { text_bytes, ..job }).collect()
}

/// Let `count` tasks go as they come, except those.
pub(super) fn flow(count: usize, except: &[u64]) -> Step {
    Step::Flow { count, except: except.to_vec(), together: 1 }
}

/// Let `count` tasks go, the last of `together` first.
pub(super) fn backwards(count: usize, together: usize) -> Step {
    Step::Flow { count, except: Vec::new(), together }
}
