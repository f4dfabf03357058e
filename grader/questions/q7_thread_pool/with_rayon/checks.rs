//! The factorials with rayon: what each check wants to see, and how it reads a trace. Rayon's threads are real, so the judge
//! looks from outside: numbers are in work at once when as many are held at its gate.

use super::words::with_rayon::{self as words, Call, Number};
use crate::experiment::Wrong;
use crate::fault::Fault;
use crate::trial::{Seen, Step, Trace, Trial, TrialRules};
use std::collections::BTreeSet;

/// In the order of `exercise.toml`.
pub(crate) const RULES: &[TrialRules] = &[WORKERS, RESULTS, ENDS];

fn trial(calls: &[Call], script: &[Step]) -> Trial {
    Trial::new("calls", calls.iter().map(Call::to_words).collect(), script)
}

fn calls(trial: &Trial) -> Vec<Call> {
    trial.words.iter().filter_map(|words| Call::from_words(words)).collect()
}

fn plain(count: u32) -> Vec<Number> {
    (0..count).map(Number::plain).collect()
}

fn held(count: u32) -> Vec<Number> {
    plain(count).into_iter().map(|number| Number { held: true, ..number }).collect()
}

/// What is too large for the function that is handed in is less than what is not, by turns.
fn by_turns() -> Vec<Number> {
    let turn = |number: Number| {
        let is_great = number.id % 2 == 1;
        Number { is_great, too_large: !is_great, ..number }
    };
    plain(12).into_iter().map(turn).collect()
}

/// The call of a trial: its place, threads and numbers.
fn the_call(trial: &Trial) -> Option<(u64, usize, Vec<Number>)> {
    let place = |call: (u64, Call)| match call {
        (place, Call::All(threads, numbers) | Call::Refused(_, threads, numbers)) => {
            Some((place, usize::try_from(threads).unwrap_or(usize::MAX), numbers))
        }
        _ => None,
    };
    (0..).zip(calls(trial)).find_map(place)
}

/// No call has panicked that should not, and the respondent has come to a good end.
fn good_end(trace: &Trace) -> Result<(), Wrong> {
    if trace.panicked_calls().next().is_some() {
        let what = format!("`factorials_with_rayon` panicked: {}", trace.last_panic());
        return Err(Wrong::new(Fault::Panic, what));
    }
    trace.came_to_end()
}

// --- a pool of its own, of exactly so many threads --------------------------------------------------------

const WORKERS: TrialRules = TrialRules {
    check: "q7.with_rayon_workers",
    trials: |_| {
        let gathered = |threads: u64, count: u32| {
            let (all, together) = (count as usize, threads.min(count.into()) as usize);
            let script = [
                Step::Gather(together),
                Step::Quiet,
                Step::Census,
                Step::Flow { count: all, except: Vec::new(), together },
            ];
            trial(&[Call::All(threads, held(count))], &script)
        };
        vec![gathered(3, 8), gathered(5, 9), gathered(1, 2), gathered(4, 2), gathered(2, 1)]
    },
    judge: |trial, trace| {
        let Some((_, threads, numbers)) = the_call(trial) else { return Ok(()) };
        let mut used = BTreeSet::new();
        for event in &trace.events {
            let Seen::Arrived { who, thread, .. } = event.seen else { continue };
            if thread == u64::from(who.pid) {
                let what = "a factorial was computed in the caller's own thread, not in one of the pool";
                return Err(Wrong::new(Fault::Sequential, what));
            }
            used.insert(thread);
        }
        let (most, wanted) = (trace.most_held(), threads.min(numbers.len()));
        if most > wanted || used.len() > threads {
            let what =
                format!("{} threads had numbers in work; {threads} were asked for", most.max(used.len()));
            return Err(Wrong::new(Fault::TooManyWorkers, what));
        }
        if most < wanted {
            let what = format!("only {most} of {wanted} numbers were in work at once");
            return Err(Wrong::new(Fault::TooFewWorkers, what).with_evidence(trace.in_vain()));
        }
        // The caller is one of those that the kernel counts.
        let there = trace.censuses().next().map_or(0, |census| census.threads);
        if there > threads + 1 {
            let what = format!("a pool of {threads} has {} threads", there - 1);
            return Err(Wrong::new(Fault::TooManyWorkers, what));
        }
        if there < threads + 1 {
            let what = format!("a pool of {threads} has {} threads", there.saturating_sub(1));
            return Err(Wrong::new(Fault::TooFewWorkers, what));
        }
        good_end(trace)
    },
};

// --- results in order ------------------------------------------------------------------------------------------

const RESULTS: TrialRules = TrialRules {
    check: "q7.with_rayon_results",
    trials: |_| {
        let mut mixed = plain(20);
        mixed[3].too_large = true;
        mixed[11].too_large = true;
        // The first is done last.
        let mut first_last = plain(6);
        first_last[0].held = true;
        let held_back =
            [Step::Gather(1), Step::Quiet, Step::Flow { count: 1, except: Vec::new(), together: 1 }];
        vec![
            trial(&[Call::All(3, mixed.clone())], &[]),
            trial(&[Call::All(1, mixed)], &[]),
            trial(&[Call::All(2, Vec::new())], &[]),
            trial(&[Call::All(0, plain(2))], &[]),
            trial(&[Call::All(2, first_last)], &held_back),
            trial(&[Call::All(0, Vec::new())], &[]),
            trial(&[Call::All(1, by_turns())], &[]),
        ]
    },
    judge: |trial, trace| {
        good_end(trace)?;
        let Some((place, threads, numbers)) = the_call(trial) else { return Ok(()) };
        let of = |word| {
            trace.entries.iter().find(|entry| entry.word == word && entry.args.first() == Some(&place))
        };
        if threads == 0 {
            return match of(words::ERROR).map(|entry| entry.args[1]) {
                Some(1) => Ok(()),
                _ => Err(Wrong::new(
                    Fault::WrongAnswer,
                    "with 0 threads it should be Err(NoThreads), and is not",
                )),
            };
        }
        let wanted: Vec<[u64; 3]> =
            numbers.iter().map(|number| words::item(words::given(number.n()))).collect();
        let got = of(words::RETURNED).map_or(Vec::new(), |entry| entry.args[1..].as_chunks::<3>().0.to_vec());
        if got == wanted {
            return Ok(());
        }
        let mut sorted = [got, wanted];
        sorted.iter_mut().for_each(|items| items.sort_unstable());
        if sorted[0] == sorted[1] {
            let what = "the results are right, but not in the order of the numbers";
            return Err(Wrong::new(Fault::WrongOrder, what));
        }
        let what = "the results are not those of the function that was handed in, one for each number";
        Err(Wrong::new(Fault::WrongAnswer, what))
    },
};

// --- nothing is left --------------------------------------------------------------------------------------------------

/// How often the call is made: its threads may be there for a moment after it, but not always.
const TIMES: u64 = 20;

const ENDS: TrialRules = TrialRules {
    check: "q7.with_rayon_ends",
    trials: |_| {
        let mut panicking = plain(4);
        panicking[1].panics = true;
        let again = |numbers: Vec<Number>| {
            let mut calls = vec![Call::All(3, numbers), Call::Checkpoint(1)];
            calls.extend((0..TIMES).map(|_| Call::All(2, plain(3))));
            calls.push(Call::Checkpoint(2));
            let look = |place| [Step::Checkpoint(place), Step::Quiet, Step::Census, Step::GoOn];
            trial(&calls, &[look(1), look(2)].concat())
        };
        let refused = |left: u64| {
            let look = [Step::Checkpoint(1), Step::Quiet, Step::Census, Step::GoOn];
            trial(&[Call::Refused(left, 3, plain(5)), Call::Checkpoint(1)], &look)
        };
        vec![again(plain(5)), again(panicking), refused(2), refused(0)]
    },
    judge: |trial, trace| {
        let Some((_, _, numbers)) = the_call(trial) else { return Ok(()) };
        let panics = numbers.iter().any(|number| number.panics);
        if panics && !trace.panicked_calls().any(|call| call == 0) {
            let what = "the function that was handed in panicked, and the caller is not told by a panic";
            return Err(Wrong::new(Fault::SwallowedPanic, what));
        }
        if !panics {
            good_end(trace)?;
        }
        let is_refused = calls(trial).iter().any(|call| matches!(call, Call::Refused(..)));
        if is_refused && !trace.entries.iter().any(|entry| entry.word == words::ERROR && entry.args[1] == 2) {
            let what = "the system refused a thread of the pool, and the caller is not told by Err(Spawn)";
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
        match trace.censuses().map(|census| census.threads).max() {
            Some(threads @ 2..) => {
                let what = format!("the call is over, and {} threads have not ended", threads - 1);
                Err(Wrong::new(Fault::LeakedThread, what))
            }
            _ => trace.came_to_end(),
        }
    },
};
