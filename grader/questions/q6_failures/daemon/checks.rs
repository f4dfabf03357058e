//! The daemon: what each check wants to see, and how it reads a run.

use super::words::daemon::{self as words, AWAIT, DROP, NO_TEXT, ON_PURPOSE, Plan, START, STOP};
use crate::experiment::{Experiment, Rules, World, Wrong};
use crate::fault::Fault;
use crate::script::{Call, SECOND, Script, Speech, calls, no_thread_left, sleep};
use std::time::Duration;
use wire::script::{self, Op};
use wire::{Entry, Run};

/// In the order of `exercise.toml`.
pub(crate) const RULES: &[Rules] = &[BEATS, STOPS, UNDER_WAY, DROPS, PANICS, IDLE];

const SPEECH: Speech = Speech { call: words::call, result: words::result };
const HOUR: u64 = 3600;
const PLAIN: Plan = Plan { seconds: 0, panic_at: 0, payload: 0 };
const FIRST: Op = [STOP, 0, 0];
const SECOND_ONE: Op = [STOP, 1, 0];
const THIRD: Op = [STOP, 2, 0];
const DROP_FIRST: Op = [DROP, 0, 0];
/// Longer than any script.
const LONG: Op = start(10_000 * HOUR, PLAIN);
const FOR_EVER: Op = [START, script::LONGEST, 0];
/// As long as nobody should look again: a century.
const CENTURY: u64 = 100 * 365 * 24 * HOUR;

/// `start`, with a beat every so many seconds.
const fn start(seconds: u64, plan: Plan) -> Op {
    [START, seconds * SECOND, plan.word()]
}

/// A plan of beats that take so long.
const fn taking(seconds: u64) -> Plan {
    Plan { seconds, ..PLAIN }
}

/// A plan of which one beat panics.
const fn panics(panic_at: u64, payload: u64) -> Plan {
    Plan { seconds: 0, panic_at, payload }
}

/// Waits for a beat of the first daemon.
const fn beat(number: u64) -> Op {
    [AWAIT, 0, number]
}

/// The caller does all this in a world where time passes only when everybody waits. A few schedules: the worker may be slow
/// to start, or to hear.
fn timed(world: World, ops: &[Op]) -> Option<Experiment> {
    Script::of_caller(ops).timed(world)
}

/// The same where a limit may pass at any moment; the real world waits for milliseconds instead of seconds.
fn untimed(world: World, ops: &[Op]) -> Experiment {
    let short = |op: &Op| match *op {
        [START, every, plan] if world == World::Real && every != script::LONGEST => {
            [START, every / 1000, plan]
        }
        op => op,
    };
    let ops: Vec<Op> = ops.iter().map(short).collect();
    Script::of_caller(&ops).repeated(4).experiment(world)
}

/// Timed and untimed experiments of one check, and those of the real world, where a thread that is left behind must not
/// beat on.
fn wanted(world: World, exact: &[&[Op]], free: &[&[Op]], real: &[&[Op]]) -> Vec<Experiment> {
    let free = if world == World::Model { free } else { real };
    let free = free.iter().map(|ops| untimed(world, ops));
    exact.iter().filter_map(|ops| timed(world, ops)).chain(free).collect()
}

/// A beat as it stands on record.
struct Beat {
    daemon: u64,
    began: usize,
    began_ns: u64,
    in_caller: bool,
}

fn beats(run: &Run) -> Vec<Beat> {
    let read = |(began, entry): (usize, &Entry)| match (entry.word, &entry.args[..]) {
        (words::BEAT, &[daemon, began_ns, in_caller]) => {
            Some(Beat { daemon, began, began_ns, in_caller: in_caller != 0 })
        }
        _ => None,
    };
    run.entries.iter().enumerate().filter_map(read).collect()
}

/// No call panicked, nor any thread but in a beat whose plan it was.
fn no_panic(run: &Run) -> Result<(), Wrong> {
    SPEECH.no_panic_besides(run, &[ON_PURPOSE, NO_TEXT])
}

/// A daemon from its start to its end, as it should be and as it was.
struct Life {
    daemon: u64,
    every: Duration,
    plan: Plan,
    started: Call,
    ended: Option<Call>,
}

/// The daemons of a script that has one caller.
fn lives(run: &Run) -> Vec<Life> {
    let calls = calls(run);
    let starts = calls.iter().filter(|call| call.op[0] == START);
    let life = |(daemon, started): (u64, &Call)| Life {
        daemon,
        every: words::limit(started.op[1]),
        plan: Plan::of(started.op[2]),
        started: started.clone(),
        ended: calls.iter().find(|call| matches!(call.op[0], STOP | DROP) && call.op[1] == daemon).cloned(),
    };
    (0..).zip(starts).map(life).collect()
}

fn seconds(times: &[Duration]) -> String {
    let list: Vec<String> = times.iter().take(8).map(|time| format!("{time:?}")).collect();
    if list.is_empty() { "never".into() } else { format!("at {}", list.join(", ")) }
}

/// The times since the start at which beats should come, until the end is asked for; and when the last of them is over.
fn due(life: &Life, asked: Duration) -> (Vec<Duration>, Duration) {
    let (mut times, mut next, mut over) = (Vec::new(), Duration::ZERO, Duration::ZERO);
    while next < asked && times.len() < 100 {
        times.push(next);
        over = next + Duration::from_secs(life.plan.seconds);
        if times.len() as u64 == life.plan.panic_at {
            break;
        }
        next = over.saturating_add(life.every);
    }
    (times, over)
}

/// In virtual time: the beats come when they should.
fn beats_on_time(run: &Run) -> Result<(), Wrong> {
    for life in lives(run) {
        let since = |ns: u64| Duration::from_nanos(ns.saturating_sub(life.started.began_ns));
        let asked = life.ended.as_ref().map_or(Duration::ZERO, |call| since(call.began_ns));
        let (due, _) = due(&life, asked);
        let came = beats(run).into_iter().filter(|beat| beat.daemon == life.daemon);
        let came: Vec<Duration> = came.map(|beat| since(beat.began_ns)).collect();
        // A beat at the very moment of the start may lose against an end that is asked for in that moment.
        let none_needed = asked.is_zero() && came == [Duration::ZERO];
        if came != due && !none_needed {
            let every = match life.every {
                Duration::MAX => "`Duration::MAX`".to_owned(),
                every => format!("{every:?}"),
            };
            let long = match life.plan.seconds {
                0 => String::new(),
                long => format!(" that takes {long} s"),
            };
            let what = format!(
                "with a beat every {every}{long}, the beats came {}, not {}",
                seconds(&came),
                seconds(&due)
            );
            let fault = if due.starts_with(&came) { Fault::LostTask } else { Fault::Timeout };
            return Err(Wrong::new(fault, what));
        }
    }
    Ok(())
}

/// In virtual time: `stop` and `drop` take as long as the beat under way, and no longer.
fn ends_on_time(run: &Run) -> Result<(), Wrong> {
    for life in lives(run) {
        let Some(ended) = &life.ended else { continue };
        let asked = Duration::from_nanos(ended.began_ns.saturating_sub(life.started.began_ns));
        let (_, over) = due(&life, asked);
        let wanted = over.saturating_sub(asked);
        if ended.took() == wanted {
            continue;
        }
        let call = (SPEECH.call)(ended.op);
        let what = match (wanted.is_zero(), ended.took() < wanted) {
            (true, _) => format!(
                "`{call}` took {:?}, though the worker was only waiting for its next beat",
                ended.took()
            ),
            (_, true) => format!(
                "`{call}` returned {:?} before the beat that was under way was over",
                wanted - ended.took()
            ),
            _ => format!("`{call}` took {:?}; the beat under way was over after {wanted:?}", ended.took()),
        };
        return Err(Wrong::new(
            if ended.took() < wanted { Fault::LeakedThread } else { Fault::Blocks },
            what,
        ));
    }
    Ok(())
}

/// When a call has ended a daemon, its thread has ended, no beat is under way and none comes.
fn over_on_return(run: &Run) -> Result<(), Wrong> {
    for life in lives(run) {
        let Some(ended) = &life.ended else { continue };
        let call = (SPEECH.call)(ended.op);
        let own = |beat: &&Beat| beat.daemon == life.daemon;
        let all = beats(run);
        if all.iter().filter(own).any(|beat| beat.began > ended.returned) {
            return Err(Wrong::new(Fault::LeakedThread, format!("a beat came after `{call}` had returned")));
        }
        let is_end = |entry: &&Entry| matches!(entry.word, words::BEAT_ENDED | words::BEAT_PANICS);
        let before = run.entries[..ended.returned].iter().filter(is_end);
        let over = before.filter(|entry| entry.args.first() == Some(&life.daemon)).count();
        if over < all.iter().filter(own).count() {
            let what = format!("`{call}` returned while a beat was under way");
            return Err(Wrong::new(Fault::LeakedThread, what));
        }
        let place = ended.began..ended.returned;
        let look = run.entries[place].iter().find(|entry| entry.word == words::STILL_THERE);
        if let Some(&[threads, daemons]) = look.map(|entry| &entry.args[..])
            && threads > 0
            && daemons == 0
        {
            let what = format!("`{call}` has returned, but the worker's thread has not ended");
            return Err(Wrong::new(Fault::LeakedThread, what));
        }
    }
    Ok(())
}

/// When a call has ended a daemon, its closure is no more.
fn beat_is_dropped(run: &Run) -> Result<(), Wrong> {
    for life in lives(run) {
        let Some(ended) = &life.ended else { continue };
        let own = |entry: &Entry| entry.word == words::BEAT_DROPPED && entry.args == [life.daemon];
        if !run.entries[..ended.returned].iter().any(own) {
            let call = (SPEECH.call)(ended.op);
            let what = format!("`{call}` has returned, but the closure `beat` has not been dropped");
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
    }
    Ok(())
}

// --- it beats, when it should and where it should ---------------------------------------------------

const BEATS: Rules = Rules {
    check: "q6.daemon_beats",
    experiments: |world, _| {
        let exact: [&[Op]; 7] = [
            &[start(10, PLAIN), sleep(35), FIRST],
            // Beats that take their time: the next one is due so long after their end.
            &[start(10, taking(3)), sleep(30), FIRST],
            &[start(2, taking(5)), sleep(13), FIRST],
            &[FOR_EVER, sleep(HOUR), FIRST],
            &[start(10, PLAIN), start(7, PLAIN), sleep(24), SECOND_ONE, sleep(11), FIRST],
            &[FOR_EVER, sleep(CENTURY), FIRST],
            &[[START, script::AGES, 0], sleep(HOUR), FIRST],
        ];
        let free: [&[Op]; 1] = [&[start(1, PLAIN), beat(3), FIRST]];
        wanted(world, &exact, &free, &free)
    },
    judge: |experiment, run| {
        no_panic(run)?;
        if beats(run).iter().any(|beat| beat.in_caller) {
            let what = "the thread that called `start` made a beat itself";
            return Err(Wrong::new(Fault::Sequential, what));
        }
        if experiment.timed { beats_on_time(run) } else { Ok(()) }
    },
    minds_leftover_threads: false,
};

// --- stop is heard at once, and on return it is over --------------------------------------------------

const STOPS: Rules = Rules {
    check: "q6.daemon_stop",
    experiments: |world, _| {
        let exact: [&[Op]; 6] = [
            &[start(HOUR, PLAIN), sleep(1), FIRST, sleep(2 * HOUR)],
            &[LONG, sleep(1), FIRST],
            &[LONG, FIRST, sleep(1)],
            // Asked just as the worker begins to wait: whoever misses that is late by years.
            &[LONG, beat(1), FIRST],
            &[start(10, PLAIN), start(10, PLAIN), sleep(15), FIRST, sleep(1), SECOND_ONE, sleep(30)],
            // Three wait, each longer than the one before: a wake-up for no reason comes to one of them in time.
            &[LONG, LONG, LONG, sleep(1), FIRST, SECOND_ONE, THIRD],
        ];
        let free: [&[Op]; 3] = [
            &[start(1, PLAIN), beat(2), FIRST, sleep(0)],
            &[start(1, PLAIN), FIRST, sleep(0)],
            &[LONG, beat(1), FIRST],
        ];
        wanted(world, &exact, &free, &free[..2])
    },
    judge: |experiment, run| {
        no_panic(run)?;
        over_on_return(run)?;
        beat_is_dropped(run)?;
        if experiment.timed {
            ends_on_time(run)?;
            return no_beat_when_asked(run);
        }
        Ok(())
    },
    minds_leftover_threads: true,
};

/// A worker that waits ends without one more beat.
fn no_beat_when_asked(run: &Run) -> Result<(), Wrong> {
    for life in lives(run) {
        let Some(ended) = &life.ended else { continue };
        let late = |beat: &Beat| beat.daemon == life.daemon && beat.began_ns >= ended.began_ns;
        if ended.began_ns > life.started.began_ns && beats(run).iter().any(late) {
            let call = (SPEECH.call)(ended.op);
            let what = format!("`{call}` woke the worker, and it made one more beat before it ended");
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
    }
    Ok(())
}

// --- a beat under way is finished ------------------------------------------------------------------------

const UNDER_WAY: Rules = Rules {
    check: "q6.daemon_under_way",
    experiments: |world, _| {
        let exact: [&[Op]; 3] = [
            &[start(10, taking(5)), sleep(2), FIRST, sleep(30)],
            &[start(10, taking(5)), sleep(17), FIRST, sleep(30)],
            &[LONG, start(10, taking(5)), sleep(2), SECOND_ONE, FIRST],
        ];
        wanted(world, &exact, &[&[LONG, beat(1), FIRST]], &[&[start(1, PLAIN), beat(1), FIRST]])
    },
    judge: |experiment, run| {
        no_panic(run)?;
        over_on_return(run)?;
        if experiment.timed { ends_on_time(run) } else { Ok(()) }
    },
    minds_leftover_threads: false,
};

// --- dropping is stopping -----------------------------------------------------------------------------------

const DROPS: Rules = Rules {
    check: "q6.daemon_drop",
    experiments: |world, _| {
        // One beat only: a worker that is left behind shall do nothing but be there.
        let slow: Op = [START, script::LONGEST, taking(5).word()];
        let by_panic: Op = [DROP, 0, 1];
        let exact: [&[Op]; 4] = [
            &[FOR_EVER, sleep(1), DROP_FIRST, sleep(1)],
            &[FOR_EVER, DROP_FIRST, sleep(1)],
            &[FOR_EVER, sleep(1), by_panic, sleep(1)],
            &[slow, sleep(2), DROP_FIRST, sleep(30)],
        ];
        let free: [&[Op]; 2] = [&[FOR_EVER, beat(1), DROP_FIRST], &[FOR_EVER, beat(1), by_panic]];
        wanted(world, &exact, &free, &free)
    },
    judge: |experiment, run| {
        no_panic(run)?;
        over_on_return(run)?;
        beat_is_dropped(run)?;
        if experiment.timed { ends_on_time(run) } else { Ok(()) }
    },
    minds_leftover_threads: true,
};

// --- a panic is the last beat ---------------------------------------------------------------------------------

const PANICS: Rules = Rules {
    check: "q6.daemon_panic",
    experiments: |world, _| {
        let exact: [&[Op]; 4] = [
            &[start(10, panics(2, 0)), sleep(35), FIRST],
            &[start(10, panics(1, 1)), start(10, PLAIN), sleep(35), FIRST, sleep(10), SECOND_ONE],
            &[start(10, panics(1, 2)), sleep(5), FIRST],
            &[start(10, panics(1, 1)), sleep(5), DROP_FIRST],
        ];
        let free: [&[Op]; 4] = [
            &[start(1, panics(1, 0)), beat(1), FIRST],
            &[start(1, panics(2, 1)), beat(2), FIRST],
            &[start(1, panics(1, 2)), FIRST],
            &[start(1, panics(1, 1)), beat(1), DROP_FIRST],
        ];
        wanted(world, &exact, &free, &free)
    },
    judge: |experiment, run| {
        no_panic(run)?;
        for life in lives(run) {
            let own = |entry: &&Entry| entry.word == words::BEAT_PANICS && entry.args == [life.daemon];
            let panicked = run.entries.iter().position(|entry| own(&entry));
            let again =
                |beat: &Beat| beat.daemon == life.daemon && panicked.is_some_and(|place| beat.began > place);
            if beats(run).iter().any(again) {
                let what = "a beat panicked, and after that another beat came";
                return Err(Wrong::new(Fault::SwallowedPanic, what));
            }
            let text = panicked
                .and_then(|place| run.entries.get(place..)?.iter().find(|entry| !entry.text.is_empty()));
            let Some(stopped) = life.ended.filter(|call| call.op[0] == STOP) else { continue };
            let wanted = text.map(|entry| entry.text.clone());
            let came = (stopped.result.first() == Some(&1)).then(|| words::text(&stopped.result[1..]));
            let what = match (&wanted, &came) {
                _ if wanted == came => continue,
                (Some(_), None) => "a beat panicked, but `stop` returned `Ok(())`".to_owned(),
                (None, Some(message)) => {
                    format!("no beat panicked, but `stop` returned the error {message:?}")
                }
                (Some(wanted), Some(came)) => {
                    format!("a beat panicked with {wanted:?}, but the message of the error is {came:?}")
                }
                (None, None) => continue,
            };
            let fault = if came.is_none() { Fault::SwallowedPanic } else { Fault::WrongAnswer };
            return Err(Wrong::new(fault, what));
        }
        if experiment.timed {
            beats_on_time(run)?;
        }
        Ok(())
    },
    minds_leftover_threads: false,
};

// --- whoever waits does nothing else ---------------------------------------------------------------------------

const IDLE: Rules = Rules {
    check: "q6.daemon_idle",
    experiments: |world, _| {
        let exact: [&[Op]; 3] = [
            &[start(HOUR, PLAIN), sleep(3 * HOUR + 5), FIRST],
            &[LONG, sleep(HOUR), FIRST],
            &[start(2 * CENTURY, PLAIN), sleep(CENTURY), FIRST],
        ];
        wanted(world, &exact, &[], &[])
    },
    judge: |experiment, run| {
        no_panic(run)?;
        // Beats of these scripts do not sleep.
        crate::script::nobody_slept(experiment, run)?;
        no_thread_left(run)
    },
    minds_leftover_threads: false,
};
