//! Progress of a call of `serve`: the lines that SIGUSR1 brings.

use super::told::{adds_up, begun, lives, orders};
use super::{
    CHECKPOINT, CONT, Call, STOP, STUCK, TERM, USR1, calls, gathered, held, one_done, open, serves, signal,
    trial, unread,
};
use crate::experiment::Wrong;
use crate::fault::Fault;
use crate::trial::{Seen, Step, Trace, TrialRules, Whom};

pub(super) const PROGRESS: TrialRules = TrialRules {
    check: "q6.shutdown_progress",
    trials: |fresh| {
        // The socket to the judge is full at first. Nobody says what becomes of a line for which there is no room.
        let ask = |whom| [Step::Receive(0), Step::Signal(USR1, whom), Step::Quiet];
        let answer = |records| [Step::Receive(records), Step::Quiet, Step::Receive(0)];
        let term = signal(TERM, Whom::Caller);
        let asked = |whom, records| [&ask(whom)[..2], &answer(records)].concat();
        let twice =
            [asked(Whom::Caller, 1), open(0).to_vec(), gathered(2).to_vec(), asked(Whom::Caller, 2)].concat();
        let late = [term.as_slice(), &asked(Whom::Caller, 3)].concat();
        let often = [vec![Step::Receive(0)], vec![Step::Signal(USR1, Whom::Caller); 5]].concat();
        let stop = [&[Step::Receive(0)], signal(STOP, Whom::Caller).as_slice()].concat();
        let with_another = [
            Step::Signal(USR1, Whom::Caller),
            Step::Signal(TERM, Whom::Caller),
            Step::Signal(CONT, Whom::Caller),
        ];
        vec![
            trial(&[held(fresh, 2, 4), CHECKPOINT], &[&gathered(2), &twice, &late]),
            trial(&[held(fresh, 2, 12), CHECKPOINT], &[&one_done(), &asked(Whom::Group, 1)]),
            trial(&[held(fresh, 1, 3), CHECKPOINT], &[&gathered(1), &often, &answer(1)]),
            trial(
                &[unread(fresh, 2, 3), CHECKPOINT],
                &[&gathered(2), &ask(Whom::Caller), &open(1), &gathered(2), &ask(Whom::Caller)],
            ),
            trial(&[held(fresh, 3, 3), CHECKPOINT], &[&gathered(3), &term, &asked(Whom::Caller, 1)]),
            // It comes together with another signal.
            trial(&[held(fresh, 2, 3), CHECKPOINT], &[&gathered(2), &stop, &with_another, &answer(1)]),
        ]
    },
    judge: |trial, trace| {
        lives(trace, Fault::Hang, STUCK)?;
        for (call, _, jobs) in serves(trial) {
            let nobody_reads = matches!(calls(trial).first(), Some(Call::Serve { unread: true, .. }));
            if !nobody_reads {
                lines(jobs.len(), trace)?;
            }
            let got = adds_up(call, &jobs, trace)?;
            let cut = orders(trace).is_empty() && !got.refused.is_empty();
            let lost = begun(&trace.events, call).into_iter().find(|place| !got.finished.contains_key(place));
            if cut || lost.is_some() {
                let whom = if nobody_reads { " while nobody reads `progress`" } else { "" };
                let what =
                    format!("SIGUSR1{whom} is no reason to end a job, and `serve` gives {}", got.say());
                return Err(Wrong::new(Fault::LostTask, what));
            }
        }
        Ok(())
    },
};

/// Each request is answered before anything else happens, by a line with the right number.
fn lines(jobs: usize, trace: &Trace) -> Result<(), Wrong> {
    let (mut finished, mut asked, mut answered, mut is_due, mut begin) = (0, 0, 0, false, String::new());
    for event in &trace.events {
        match &event.seen {
            Seen::Signalled(USR1, _) => (asked, is_due) = (asked + 1, true),
            Seen::Record { text, .. } => {
                begin += text;
                while let Some((line, rest)) = begin.split_once('\n') {
                    let should = format!("finished {finished} of {jobs}");
                    if line != should {
                        let what = format!("SIGUSR1 brings the line {line:?}; it should be {should:?}");
                        return Err(Wrong::new(Fault::WrongAnswer, what));
                    }
                    (answered, is_due, begin) = (answered + 1, false, rest.to_owned());
                }
            }
            Seen::Opened { .. } | Seen::InVain { .. } | Seen::Checkpoint(_) | Seen::Returned => {
                if is_due && begin.is_empty() {
                    let what = "SIGUSR1 comes while jobs are under way, and no line is written";
                    return Err(Wrong::new(Fault::Blocks, what));
                }
                if is_due {
                    let what = format!("SIGUSR1 brings {begin:?}, which is no whole line");
                    return Err(Wrong::new(Fault::WrongAnswer, what));
                }
                finished += u64::from(matches!(event.seen, Seen::Opened { .. }));
            }
            _ => {}
        }
    }
    if answered > asked {
        let what = format!("SIGUSR1 has come {asked} times, and {answered} lines are written");
        return Err(Wrong::new(Fault::WrongAnswer, what));
    }
    Ok(())
}
