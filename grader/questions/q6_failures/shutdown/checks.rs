//! Jobs until a signal comes: what each check wants to see, and how it reads a trace.

use super::words::shutdown::{self as words, Call, Job, Then};
use crate::experiment::{Numbers, Wrong};
use crate::fault::Fault;
use crate::leftovers::{LOOK, nothing_left};
use crate::trial::{Pick, Seen, Step, Trace, Trial, TrialRules, Whom, signal_name};
use std::collections::BTreeSet;
use told::{
    Told, adds_up, begun, in_children, listed, lives, nobody_works, of_call, orders, returned_at_once, told,
};

#[path = "progress.rs"]
mod progress;
#[path = "told.rs"]
mod told;

/// In the order of `exercise.toml`.
pub(crate) const RULES: &[TrialRules] =
    &[SERVES, GRACEFUL, SECOND, progress::PROGRESS, MASK, FAILURES, CLEAN];

const STUCK: &str = "`serve` is stuck: every process waits, and none can wake another";

const INT: i32 = 2;
const USR1: i32 = 10;
const USR2: u64 = 12;
const TERM: i32 = 15;
const CONT: i32 = 18;
const STOP: i32 = 19;
/// The signals that `serve` is about.
const OURS: [u64; 3] = [TERM as u64, INT as u64, USR1 as u64];
/// As in `drivers-faults`.
const SHORT: u64 = 1;
const INTERRUPTED: u64 = 2;
const TERM_AT_WAIT: u64 = 32;

// --- what is played ------------------------------------------------------------------------------------------

fn trial(calls: &[Call], script: &[&[Step]]) -> Trial {
    Trial::new("calls", calls.iter().map(Call::to_words).collect(), &script.concat())
}

fn calls(trial: &Trial) -> Vec<Call> {
    trial.words.iter().filter_map(|words| Call::from_words(words)).collect()
}

/// The calls of `serve`: their numbers, how many workers, and the jobs.
fn serves(trial: &Trial) -> Vec<(u64, usize, Vec<Job>)> {
    let serve = |(number, call)| match call {
        Call::Serve { workers, jobs, .. } => Some((number, workers as usize, jobs)),
        _ => None,
    };
    (0..).zip(calls(trial)).filter_map(serve).collect()
}

fn serve(workers: u64, jobs: &[Job]) -> Call {
    Call::Serve { workers, unread: false, jobs: jobs.to_vec() }
}

/// A call with jobs of these ends, none of which waits.
fn plain(workers: u64, ends: &[Then]) -> Call {
    serve(workers, &ends.iter().map(|&then| Job::plain(then)).collect::<Vec<_>>())
}

/// A call with so many jobs that the judge holds.
fn held(fresh: &mut Numbers, workers: u64, jobs: usize) -> Call {
    let jobs: Vec<Job> = (0..jobs).map(|_| Job::held(Then::Give(fresh.fresh()))).collect();
    serve(workers, &jobs)
}

/// The same, but nobody reads `progress`.
fn unread(fresh: &mut Numbers, workers: u64, jobs: usize) -> Call {
    match held(fresh, workers, jobs) {
        Call::Serve { workers, jobs, .. } => Call::Serve { workers, unread: true, jobs },
        other => other,
    }
}

const CHECKPOINT: Call = Call::Checkpoint(1);

/// So many jobs are under way, and nothing moves any more.
fn gathered(jobs: usize) -> [Step; 2] {
    [Step::Gather(jobs), Step::Quiet]
}

/// A signal, and whatever comes of it by itself.
fn signal(signal: i32, whom: Whom) -> [Step; 2] {
    [Step::Signal(signal, whom), Step::Quiet]
}

fn open(place: u64) -> [Step; 1] {
    [Step::Open(Pick::Task(place))]
}

/// The call has returned: look at what is left.
fn look(checkpoint: u64) -> Vec<Step> {
    [&[Step::Checkpoint(checkpoint)], LOOK.as_slice()].concat()
}

/// Job 0 has ended, jobs 1 and 2 are under way, of two workers.
fn one_done() -> Vec<Step> {
    [gathered(2).as_slice(), &open(0), &gathered(2)].concat()
}

// --- without signals -------------------------------------------------------------------------------------------

const SERVES: TrialRules = TrialRules {
    check: "q6.shutdown_serves",
    trials: |fresh| {
        let many = |fresh: &mut Numbers| [(); 7].map(|()| Then::Give(fresh.fresh()));
        let values = [0, u64::MAX, 1 << 63, 0xff00_ff00_ff00_ff00, 10].map(Then::Give);
        let some = many(fresh);
        let replaced = |place| [open(place).as_slice(), &gathered(3)].concat();
        let flow = Step::Flow { count: 5, except: vec![0], together: 0 };
        vec![
            trial(&[plain(2, &values), plain(3, &[]), plain(5, &some[..2]), plain(1, &some)], &[]),
            trial(&[held(fresh, 3, 5)], &[&gathered(3), &replaced(1), &replaced(0)]),
            trial(&[held(fresh, 1, 3)], &[&gathered(1)]),
            trial(&[held(fresh, 2, 6)], &[&gathered(2), &[flow]]),
            trial(&[held(fresh, 4, 2)], &[&gathered(2)]),
            trial(&[Call::Faults(INTERRUPTED), plain(2, &some), Call::Faults(0)], &[]),
            trial(&[Call::Faults(SHORT | INTERRUPTED), plain(3, &some), Call::Faults(0)], &[]),
            trial(&[plain(u64::MAX, &some)], &[]),
        ]
    },
    judge: |trial, trace| {
        in_children(trace)?;
        trace.good_end(Fault::Hang, STUCK)?;
        for (call, workers, jobs) in serves(trial) {
            let order = begun(&trace.events, call);
            if trace.most_held() > workers {
                let what = format!("{} jobs at a time, and there should be {workers}", trace.most_held());
                return Err(Wrong::new(Fault::TooManyWorkers, what));
            }
            // A job that began earlier may be seen later, if both were under way.
            if let Some((at, place)) =
                (0..).zip(&order).find(|(at, place)| **place >= (workers as u64).saturating_add(*at))
            {
                let what = format!("job {place} begins when only {at} have begun before it");
                return Err(Wrong::new(Fault::WrongOrder, what));
            }
            if !trace.in_vain().is_empty() {
                let what = format!("jobs are left, and fewer than {workers} are under way");
                return Err(Wrong::new(Fault::TooFewWorkers, what).with_evidence(trace.in_vain()));
            }
            let got = adds_up(call, &jobs, trace)?;
            if !got.refused.is_empty() {
                let what = format!("no signal has come, and {} is refused", listed(got.refused));
                return Err(Wrong::new(Fault::LostTask, what));
            }
        }
        Ok(())
    },
};

// --- one signal ------------------------------------------------------------------------------------------------

const GRACEFUL: TrialRules = TrialRules {
    check: "q6.shutdown_graceful",
    trials: |fresh| {
        let mut trials = Vec::new();
        for (order, whom) in
            [(TERM, Whom::Caller), (INT, Whom::Group), (INT, Whom::Caller), (TERM, Whom::Group)]
        {
            let script = [one_done().as_slice(), &signal(order, whom), &open(2), &[Step::Quiet]].concat();
            trials.push(trial(&[held(fresh, 2, 6), CHECKPOINT], &[&script]));
        }
        let after = plain(2, &[Then::Give(fresh.fresh()), Then::Give(7), Then::Give(8)]);
        let term = signal(TERM, Whom::Caller);
        let many = [Call::Faults(INTERRUPTED), held(fresh, 2, 4), Call::Faults(0), CHECKPOINT];
        let stop = signal(STOP, Whom::Caller);
        let go_on = [Step::Quiet, Step::Signal(CONT, Whom::Caller), Step::Quiet];
        trials.extend([
            trial(&[held(fresh, 1, 3), after, CHECKPOINT], &[&gathered(1), &term]),
            trial(&[held(fresh, 3, 2), CHECKPOINT], &[&gathered(2), &signal(INT, Whom::Group)]),
            trial(&many, &[&gathered(2), &term]),
            // A result and a signal that are there at one moment.
            trial(
                &[held(fresh, 2, 4), CHECKPOINT],
                &[&gathered(2), &stop, &open(0), &open(1), &term, &go_on],
            ),
            trial(&[Call::HoldFork, held(fresh, 2, 4), CHECKPOINT], &[&[Step::Gather(1)], &term]),
            // Children that are still in the group of the caller, with its mask.
            trial(
                &[Call::HoldBirth, held(fresh, 2, 4), CHECKPOINT],
                &[&gathered(2), &signal(INT, Whom::Group)],
            ),
            // The same when they are about to leave it.
            trial(
                &[Call::HoldGroup, held(fresh, 2, 4), CHECKPOINT],
                &[&gathered(2), &signal(INT, Whom::Group)],
            ),
        ]);
        trials
    },
    judge: |trial, trace| {
        lives(trace, Fault::Hang, STUCK)?;
        let orders = orders(trace);
        let Some((at, order)) = orders.first() else {
            return Err(Wrong::new(Fault::LostTask, "`serve` has returned before its jobs were under way"));
        };
        // Where nobody can say whether a job or the signal was first, only the sum counts.
        let is_loose = |step: &Step| matches!(step, Step::Signal(STOP, _));
        let loose = trial.script.iter().any(is_loose)
            || matches!(calls(trial).first(), Some(Call::HoldFork | Call::HoldBirth | Call::HoldGroup));
        for (number, (call, _, jobs)) in serves(trial).into_iter().enumerate() {
            let under_way = begun(&trace.events[..*at], call);
            let later = begun(&trace.events[*at..], call);
            if let (Some(late), 0, false) = (later.first(), number, loose) {
                let what = format!("after {order} another job begins: job {late}");
                return Err(Wrong::new(Fault::WrongAnswer, what));
            }
            let got = adds_up(call, &jobs, trace)
                .map_err(|wrong| Wrong { headline: format!("after {order}: {}", wrong.headline), ..wrong })?;
            if number > 0 && !got.refused.is_empty() {
                let what = format!("a call after the one that {order} ended refuses {}", listed(got.refused));
                return Err(Wrong::new(Fault::LostTask, what));
            }
            let all = under_way.iter().chain(&later);
            let lost: BTreeSet<u64> =
                all.copied().filter(|place| !got.finished.contains_key(place)).collect();
            if !lost.is_empty() {
                let what = format!(
                    "{order} comes while jobs are under way, and these are not finished: {}",
                    listed(lost)
                );
                return Err(Wrong::new(Fault::LostTask, what));
            }
        }
        Ok(())
    },
};

// --- two signals -----------------------------------------------------------------------------------------------

const SECOND: TrialRules = TrialRules {
    check: "q6.shutdown_second",
    trials: |fresh| {
        let mut trials = Vec::new();
        for (first, second) in [(TERM, TERM), (INT, TERM), (TERM, INT), (INT, INT)] {
            let signals = [signal(first, Whom::Caller), signal(second, Whom::Caller)].concat();
            trials.push(trial(&[held(fresh, 2, 5), CHECKPOINT], &[&one_done(), &signals, &look(1)]));
        }
        let twice = [signal(INT, Whom::Group), signal(INT, Whom::Group)].concat();
        trials.push(trial(&[held(fresh, 2, 2), CHECKPOINT], &[&gathered(2), &twice, &look(1)]));
        // Jobs that block what can be blocked.
        let deaf = serve(2, &[Job::plain(Then::Deaf), Job::plain(Then::Deaf), Job::held(Then::Give(5))]);
        let twice = [signal(TERM, Whom::Caller), signal(TERM, Whom::Caller)].concat();
        trials.push(trial(&[deaf, CHECKPOINT], &[&gathered(2), &twice, &look(1)]));
        // Children that nothing has moved to a group of their own yet.
        let young = [Call::HoldBirth, held(fresh, 2, 4), CHECKPOINT];
        trials.push(trial(&young, &[&gathered(2), &twice, &look(1)]));
        // Both signals, and the result of a job, are there at one moment.
        let stop = signal(STOP, Whom::Caller);
        let at_once = [
            Step::Quiet,
            Step::Signal(TERM, Whom::Caller),
            Step::Signal(INT, Whom::Caller),
            Step::Signal(CONT, Whom::Caller),
            Step::Quiet,
        ];
        let script = [gathered(2).as_slice(), &stop, &open(0), &at_once, &look(1)].concat();
        trials.push(trial(&[held(fresh, 2, 4), CHECKPOINT], &[&script]));
        // A third signal while those that were killed are waited for.
        let third = [Call::Faults(TERM_AT_WAIT), held(fresh, 2, 4), Call::Faults(0), CHECKPOINT];
        trials.push(trial(&third, &[&gathered(2), &twice, &look(1)]));
        trials
    },
    judge: |trial, trace| {
        let orders = orders(trace);
        if let [_, (at, second)] = orders.as_slice()
            && !returned_at_once(trace, *at)
        {
            let what = format!("a second signal, {second}, does not end `serve` while jobs are under way");
            return Err(Wrong::new(Fault::Blocks, what).with_evidence(trace.in_vain()));
        }
        lives(trace, Fault::Hang, "after a second signal `serve` is stuck")?;
        nobody_works(trace)?;
        for (call, _, jobs) in serves(trial) {
            let got = adds_up(call, &jobs, trace).map_err(|wrong| Wrong {
                headline: format!("after a second signal: {}", wrong.headline),
                ..wrong
            })?;
            let [_, (at, _)] = orders.as_slice() else { continue };
            let ended = trace.events[..*at].iter().filter_map(|event| match event.seen {
                Seen::Opened { task, .. } => Some(task % 100),
                _ => None,
            });
            let lost: Vec<u64> = ended.filter(|place| !got.finished.contains_key(place)).collect();
            if !lost.is_empty() {
                let what =
                    format!("a second signal comes, and what was finished before is lost: {}", listed(lost));
                return Err(Wrong::new(Fault::LostTask, what));
            }
        }
        Ok(())
    },
};

// --- masks -----------------------------------------------------------------------------------------------------

const MASK: TrialRules = TrialRules {
    check: "q6.shutdown_mask",
    trials: |fresh| {
        let masks = plain(2, &[Then::Mask, Then::Give(fresh.fresh()), Then::Mask]);
        let blocked = |signals: &[u64]| Call::Block(words::bits(signals));
        let held_masks = serve(2, &[Job::held(Then::Mask), Job::held(Then::Mask), Job::held(Then::Give(1))]);
        let all = [TERM, USR1, INT].map(|signal| Step::Signal(signal, Whom::Caller));
        let stop = signal(STOP, Whom::Caller);
        let pending = [
            &gathered(2),
            stop.as_slice(),
            &all,
            &open(0),
            &open(1),
            &[Step::Quiet, Step::Signal(CONT, Whom::Caller)],
        ];
        let twice = [signal(TERM, Whom::Caller), signal(INT, Whom::Caller)].concat();
        let at_refusal = [Step::Checkpoint(words::AT_REFUSAL), Step::GoOn];
        // Signals that come when it is about to fail, and are not looked for any more.
        let refused = [Call::NoFork(0), Call::HoldFork, plain(1, &[Then::Give(6)]), Call::Fork];
        vec![
            // One job changes the mask of the process that the next one may run in.
            trial(&[plain(1, &[Then::Block, Then::Mask, Then::Mask])], &[]),
            trial(&refused, &[&[Step::Gather(1)], &all, &open(words::AT_FORK), &at_refusal]),
            trial(&[masks.clone(), plain(1, &[])], &[]),
            trial(&[blocked(&[USR2, 28]), masks.clone(), plain(2, &[])], &[]),
            trial(&[blocked(&OURS), masks], &[]),
            trial(
                &[blocked(&[15, USR2]), held_masks.clone(), CHECKPOINT],
                &[&gathered(2), &signal(TERM, Whom::Caller)],
            ),
            trial(&[held_masks, CHECKPOINT], &pending),
            trial(&[held(fresh, 2, 3), CHECKPOINT], &[&gathered(2), &twice]),
            trial(&[plain(2, &[Then::PanicPlain, Then::Give(3)]), plain(1, &[Then::Exit(0)])], &[]),
            trial(&[Call::NoFork(1), plain(2, &[Then::Give(4), Then::Give(5)]), Call::Fork], &[&at_refusal]),
            // Whatever is refused first: a descriptor for the signals, or for a job.
            trial(
                &[
                    Call::FewFiles(0),
                    plain(1, &[Then::Give(7)]),
                    Call::FewFiles(1),
                    plain(1, &[Then::Give(8)]),
                ],
                &[],
            ),
        ]
    },
    judge: |trial, trace| {
        lives(trace, Fault::Hang, STUCK)?;
        for (call, _, jobs) in serves(trial) {
            let Some(&[blocked, ignored, caught, was_pending, blocks, ignores, catches, pending]) =
                of_call(trace, words::SIGNALS, call).next()
            else {
                continue;
            };
            let wrong = |what: String| Err(Wrong::new(Fault::WrongAnswer, what));
            if blocks != blocked {
                return wrong(format!(
                    "before the call the caller blocks {}, and afterwards {}",
                    signals(blocked),
                    signals(blocks)
                ));
            }
            // Of others the C library makes use, for its threads.
            let ours = words::bits(&OURS);
            if (ignores ^ ignored | catches ^ caught) & ours != 0 {
                return wrong("after the call the caller reacts otherwise to signals than before".into());
            }
            // Others, such as SIGCHLD, are nobody's business.
            let left = pending & !was_pending & ours;
            if left != 0 {
                return wrong(format!("the call has returned, and {} is still pending", signals(left)));
            }
            let got = told(trace, call).unwrap_or_default();
            for (&place, &is) in &got.finished {
                let job = jobs.get(place as usize).copied();
                if job.is_some_and(|job| job.then == Then::Mask) && is != blocked {
                    return wrong(format!(
                        "a job blocks {}; the caller had blocked {}",
                        signals(is),
                        signals(blocked)
                    ));
                }
            }
        }
        Ok(())
    },
};

/// Signals by their names.
fn signals(bits: u64) -> String {
    let all = (1..32).filter(|signal| bits & 1 << (signal - 1) != 0);
    let names: Vec<&str> = all.map(signal_name).collect();
    if names.is_empty() { "nothing".into() } else { names.join(", ") }
}

// --- failures --------------------------------------------------------------------------------------------------

const FAILURES: TrialRules = TrialRules {
    check: "q6.shutdown_failures",
    trials: |fresh| {
        let mut give = || Then::Give(fresh.fresh());
        let among = |then| plain(2, &[Then::Give(1), then, Then::Give(2)]);
        let two = serve(2, &[Job::held(give()), Job::held(Then::PanicPlain), Job::held(give())]);
        let three = serve(3, &[Job::held(give()), Job::held(give()), Job::held(give()), Job::held(give())]);
        let kill = |place| [Step::Kill(Pick::Task(place))];
        let term = signal(TERM, Whom::Caller);
        vec![
            trial(
                &[Then::Panic(0), Then::PanicPlain, Then::PanicNumber, Then::Panic(200_000)].map(among),
                &[],
            ),
            trial(&[Then::Exit(3), Then::Exit(0), Then::Abort].map(among), &[]),
            trial(&[9, 15, 2, 10].map(|signal| among(Then::Signal(signal))), &[]),
            trial(&[three.clone(), CHECKPOINT], &[&gathered(3), &kill(1), &look(1)]),
            trial(&[two, CHECKPOINT, plain(2, &[give(), give()])], &[&gathered(2), &open(1), &look(1)]),
            trial(&[three, CHECKPOINT], &[&gathered(3), &term, &kill(0), &look(1)]),
        ]
    },
    judge: |trial, trace| {
        let Some(Call::Serve { jobs: first, .. }) = calls(trial).into_iter().next() else { return Ok(()) };
        let fails = |task: u64| first.get(task as usize).is_some_and(|job| job.then == Then::PanicPlain);
        let failed = trace.events.iter().position(|event| match event.seen {
            Seen::Killed(_) => true,
            Seen::Opened { task, .. } => fails(task),
            _ => false,
        });
        if let Some(at) = failed
            && !returned_at_once(trace, at)
        {
            let what = "a job has failed, and `serve` does not return while others are under way";
            return Err(Wrong::new(Fault::HungOnCrash, what).with_evidence(trace.in_vain()));
        }
        lives(trace, Fault::HungOnCrash, "a job has failed, and `serve` is stuck")?;
        nobody_works(trace)?;
        for (call, _, jobs) in serves(trial) {
            let Some(failing) = jobs.iter().position(|job| !matches!(job.then, Then::Give(_))) else {
                if failed.is_none() || call > 0 {
                    adds_up(call, &jobs, trace)?;
                } else {
                    failed_as(call, [words::KILLED, 9], "", "is killed", trace)?;
                }
                continue;
            };
            let own = |bytes| words::text_of(failing as u64, bytes);
            let (what, text, manner) = match jobs[failing].then {
                Then::Panic(bytes) => ([words::PANICKED, 0], own(bytes), "panics".to_owned()),
                Then::PanicPlain => ([words::PANICKED, 0], words::PLAIN_TEXT.into(), "panics".to_owned()),
                Then::PanicNumber => (
                    [words::PANICKED, 0],
                    "panic without a message".into(),
                    "panics with a number".to_owned(),
                ),
                Then::Exit(code) => {
                    ([words::EXITED, code], String::new(), format!("leaves by `exit({code})`"))
                }
                Then::Abort => ([words::KILLED, 6], String::new(), "aborts".to_owned()),
                Then::Signal(signal) => {
                    let name = signal_name(signal as i32);
                    ([words::KILLED, signal], String::new(), format!("sends itself {name}"))
                }
                _ => continue,
            };
            failed_as(call, what, &text, &manner, trace)?;
        }
        Ok(())
    },
};

/// The call has failed like this.
fn failed_as(call: u64, what: [u64; 2], text: &str, manner: &str, trace: &Trace) -> Result<(), Wrong> {
    let short = text.chars().take(300).collect();
    let about = [text.len() as u64, words::digest(text.as_bytes())];
    let should = Told { what, about, text: short, ..Told::default() };
    let Some(got) = told(trace, call) else {
        return Err(Wrong::new(Fault::LostTask, "a call of `serve` did not return"));
    };
    if got.what == should.what && got.about == should.about {
        return Ok(());
    }
    let fault = match (what[0], got.what[0]) {
        (words::PANICKED, words::OK) => Fault::SwallowedPanic,
        _ => Fault::WrongAnswer,
    };
    let what = format!("a job that {manner}: {}; it should be {}", got.say(), should.say());
    Err(Wrong::new(fault, what))
}

// --- nothing is left -------------------------------------------------------------------------------------------

const CLEAN: TrialRules = TrialRules {
    check: "q6.shutdown_clean",
    trials: |fresh| {
        let term = signal(TERM, Whom::Caller);
        let twice = [term.as_slice(), &signal(INT, Whom::Caller)].concat();
        let rests = [
            &gathered(2),
            [Step::Idle].as_slice(),
            &term,
            &[Step::Idle],
            &open(0),
            &[Step::Quiet, Step::Idle],
        ]
        .concat();
        let rests_alone = [gathered(1).as_slice(), &[Step::Idle]].concat();
        let mut trials = vec![
            trial(&[held(fresh, 2, 4), CHECKPOINT], &[&rests, &open(1), &look(1)]),
            trial(&[held(fresh, 3, 1), CHECKPOINT], &[&rests_alone, &open(0), &look(1)]),
            trial(&[held(fresh, 2, 4), CHECKPOINT], &[&one_done(), &twice, &look(1)]),
        ];
        // Nobody reads `progress` any more.
        let asked = [signal(USR1, Whom::Caller).as_slice(), &[Step::Idle]].concat();
        trials.push(trial(
            &[unread(fresh, 2, 3), CHECKPOINT],
            &[&gathered(2), &[Step::Idle], &asked, &open(1), &look(1)],
        ));
        // Another child of the caller ends meanwhile, and is left to the caller.
        let stranger = [gathered(3).as_slice(), &open(words::STRANGER), &[Step::Quiet]].concat();
        trials.push(trial(
            &[Call::Stranger, held(fresh, 2, 3), Call::Await, CHECKPOINT],
            &[&stranger, &open(1), &gathered(2), &look(1)],
        ));
        // As many descriptors after many calls as after a few.
        let ends = [Then::PanicPlain, Then::Give(1), Then::Exit(3), Then::Abort];
        let each = || ends.into_iter().map(|then| plain(2, &[Then::Give(2), then, Then::Give(3)]));
        let mut many: Vec<Call> = each().chain([CHECKPOINT]).collect();
        (0..4).for_each(|_| many.extend(each()));
        many.push(Call::Checkpoint(2));
        trials.push(trial(&many, &[&look(1), &look(2)]));
        // The system refuses a process, or one descriptor after so many.
        let refused = |before: Call, after: Call| {
            let give = || plain(2, &[Then::Give(4), Then::Give(5), Then::Give(6)]);
            [give(), CHECKPOINT, before, give(), after, Call::Checkpoint(2), give()]
        };
        let at_refusal = [Step::Checkpoint(words::AT_REFUSAL), Step::GoOn];
        for after in 0..2 {
            trials.push(trial(&refused(Call::NoFork(after), Call::Fork), &[&look(1), &at_refusal, &look(2)]));
        }
        for more in 0..5 {
            trials.push(trial(&refused(Call::FewFiles(more), Call::Files), &[&look(1), &look(2)]));
        }
        trials
    },
    judge: |trial, trace| {
        lives(trace, Fault::Hang, STUCK)?;
        trace.at_rest(3)?;
        if trace.entry(words::AWAITED).is_some_and(|entry| entry.args == [0]) {
            let what = "`serve` has waited for a child of the caller that it did not start";
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
        let is_over = |place| [1, 2].contains(&place);
        // What the system refuses, whether it really does, and the error of that.
        let (system, really, error) = match calls(trial).get(2) {
            Some(Call::NoFork(_)) => {
                ("the system refuses a process", trace.entry(words::REFUSES).is_some(), nix::Error::EAGAIN)
            }
            Some(Call::FewFiles(_)) => ("no descriptor is left", true, nix::Error::EMFILE),
            _ => return nothing_left(trace, is_over),
        };
        let got = told(trace, 3).unwrap_or_default();
        let is_error = got.what == [words::OS, error as i32 as u64];
        // Whoever needs less than others has a right answer.
        let is_right = got.what[0] == words::OK && got.finished.len() == 3;
        if really && !is_error && !is_right {
            let what = format!("{system}, and `serve` gives {}, not Err(Os({error:?}))", got.say());
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
        nothing_left(trace, is_over)
    },
};
