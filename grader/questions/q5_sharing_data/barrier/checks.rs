//! The barrier: what each check wants to see, and how it reads a run.

use super::words::barrier::{self as words, WAIT};
use crate::experiment::{Experiment, Rules, Wrong};
use crate::fault::Fault;
use crate::script::{
    Call, HURRY, READ, Script, Speech, calls, no_thread_left, nobody_slept, sleep, tool_calls, write,
};
use std::time::Duration;
use wire::Run;
use wire::script::{self, Op};

/// In the order of `exercise.toml`.
pub(crate) const RULES: &[Rules] = &[TOGETHER, AGAIN, LEADER, PUBLICATION, SIZE, IDLE];

const SPEECH: Speech = Speech { call: words::call, result: words::result };

const W: Op = [WAIT, 0, 0];

/// How many make a group.
fn size(experiment: &Experiment) -> usize {
    usize::try_from(experiment.words[0][0]).unwrap_or(usize::MAX)
}

/// Whether the calls can be put into groups of which each was complete before any of it returned, and which have as
/// many leaders as is asked for.
fn groups(size: usize, calls: &[Call], with_leaders: bool) -> bool {
    // Whoever returned first of all has waited for its group, so its group is one of those that began before.
    let Some(first) = calls.iter().min_by_key(|call| call.returned) else { return true };
    let could: Vec<&Call> =
        calls.iter().filter(|call| *call != first && call.began < first.returned).collect();
    choices(&could, size - 1).into_iter().any(|others| {
        let group = || others.iter().copied().chain([first]);
        let leaders = group().filter(|call| call.result == [1]).count();
        let rest: Vec<Call> =
            calls.iter().filter(|call| !group().any(|other| other == *call)).cloned().collect();
        (!with_leaders || leaders == 1) && groups(size, &rest, with_leaders)
    })
}

/// All ways to choose so many.
fn choices<'a>(from: &[&'a Call], count: usize) -> Vec<Vec<&'a Call>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let Some((first, rest)) = from.split_first() else { return Vec::new() };
    let with = choices(rest, count - 1).into_iter().map(|mut chosen| {
        chosen.push(*first);
        chosen
    });
    with.chain(choices(rest, count)).collect()
}

/// Nobody goes on before its group is complete.
fn complete(experiment: &Experiment, run: &Run) -> Result<(), Wrong> {
    SPEECH.no_panic(run, |_| false)?;
    let (size, calls) = (size(experiment), tool_calls(run));
    // Of very many calls it is only asked that they return: all ways to put them into groups are too many.
    if calls.len() > 100 || groups(size, &calls, false) {
        return Ok(());
    }
    let early = calls.iter().enumerate().find(|(before, call)| {
        let came = calls.iter().filter(|other| other.began < call.returned).count();
        came < (before / size + 1) * size
    });
    let what = match early {
        Some((before, call)) => {
            let came = calls.iter().filter(|other| other.began < call.returned).count();
            let gone = if before == 0 { String::new() } else { format!(", and {before} had gone on before") };
            format!("a thread went on when {came} had come{gone}; groups have {size}")
        }
        None => format!("no way to put these calls into groups of {size} lets each group go on together"),
    };
    Err(Wrong::new(Fault::Race, what).with_evidence(SPEECH.table(&calls)))
}

/// When everybody waits, there are too few for a group.
fn at_once(experiment: &Experiment, run: &Run) -> Result<(), Wrong> {
    complete(experiment, run)?;
    let (size, calls) = (size(experiment), tool_calls(run));
    // Time passes only when everybody waits.
    for now in calls.iter().map(|call| call.began_ns) {
        let waiting = calls.iter().filter(|call| call.began_ns <= now && now < call.returned_ns);
        let (count, last) = (waiting.clone().count(), waiting.max_by_key(|call| call.returned_ns));
        if let Some(last) = last.filter(|_| count >= size) {
            let [now, then] = [now, last.returned_ns].map(Duration::from_nanos);
            let what = format!(
                "at {now:?} {count} threads waited for a group of {size}, one of them until {then:?}"
            );
            return Err(Wrong::new(Fault::LostWakeUp, what).with_evidence(SPEECH.table(&calls)));
        }
    }
    Ok(())
}

fn either(experiment: &Experiment, run: &Run) -> Result<(), Wrong> {
    if experiment.timed { at_once(experiment, run) } else { complete(experiment, run) }
}

// --- nobody goes on before all have come, and then all do -------------------------------------------

const TOGETHER: Rules = Rules {
    check: "q5.barrier_together",
    experiments: |world, _| {
        let together = [Script::new(&[2], &[&[W], &[W]]), Script::new(&[3], &[&[W], &[W], &[W]])];
        let timed = [
            Script::new(&[2], &[&[W], &[sleep(3), W]]),
            Script::new(&[4], &[&[W], &[sleep(2), W], &[sleep(1), W], &[sleep(4), W]]),
        ];
        let together = together.iter().map(|script| script.experiment(world));
        together.chain(timed.iter().filter_map(|script| script.timed(world))).collect()
    },
    judge: either,
    minds_leftover_threads: false,
};

// --- and again, whoever comes ------------------------------------------------------------------------

const AGAIN: Rules = Rules {
    check: "q5.barrier_again",
    experiments: |world, _| {
        let together = [
            Script::new(&[2], &[&[W, W, W], &[W, W, W]]),
            Script::new(&[3], &[&[W, W], &[W, W], &[W, W]]),
            // More threads than a group has.
            Script::new(&[2], &[&[W], &[W], &[W], &[W]]),
        ];
        let timed = [
            Script::new(
                &[2],
                &[&[W, sleep(3), W], &[sleep(1), W], &[sleep(2), W, sleep(5), W], &[sleep(6), W]],
            ),
            Script::new(&[3], &[&[W, W], &[sleep(1), W, sleep(2), W], &[sleep(2), W, sleep(2), W]]),
        ];
        // One of the first group oversleeps so many groups, a multiple of most small numbers. Of the two others one is left over, and waits for it in the end.
        let oversleeps = [240, 256].into_iter().filter_map(|groups| {
            let others = [&[HURRY, sleep(1)], &[W].repeat(groups)[..]].concat();
            let script = Script::new(&[2], &[&[W, sleep(1), W], &others, &others]);
            script.timed(world).map(|it| Experiment { runs: 5, ..it })
        });
        let together = together.iter().map(|script| script.experiment(world));
        let timed = timed.iter().filter_map(|script| script.timed(world));
        together.chain(timed).chain(oversleeps).collect()
    },
    judge: either,
    minds_leftover_threads: false,
};

// --- exactly one of each group is its leader ----------------------------------------------------------

const LEADER: Rules = Rules {
    check: "q5.barrier_leader",
    experiments: |world, _| {
        let together = [
            Script::new(&[2], &[&[W], &[W]]),
            Script::new(&[2], &[&[W, W, W], &[W, W, W]]),
            Script::new(&[3], &[&[W, W], &[W, W], &[W, W]]),
            Script::new(&[2], &[&[W], &[W], &[W], &[W]]),
        ];
        let alone = Script::new(&[1], &[]).before(&[W, W]);
        [alone].iter().chain(&together).map(|script| script.experiment(world)).collect()
    },
    judge: |experiment, run| {
        SPEECH.no_panic(run, |_| false)?;
        let (size, calls) = (size(experiment), tool_calls(run));
        let leaders = calls.iter().filter(|call| call.result == [1]).count();
        let wanted = calls.len() / size;
        let what = match leaders == wanted {
            true if !groups(size, &calls, false) || groups(size, &calls, true) => return Ok(()),
            true => "of one group two were leaders, of another none".to_owned(),
            false => {
                let groups = if wanted == 1 { "one group".into() } else { format!("{wanted} groups") };
                let times = match leaders {
                    0 => "never".to_owned(),
                    1 => "once".to_owned(),
                    _ => format!("{leaders} times"),
                };
                format!("{groups} of {size}, but `wait` said true {times}")
            }
        };
        Err(Wrong::new(Fault::Race, what).with_evidence(SPEECH.table(&calls)))
    },
    minds_leftover_threads: false,
};

// --- what was written before is seen after --------------------------------------------------------------

const PUBLICATION: Rules = Rules {
    check: "q5.barrier_publication",
    experiments: |world, fresh| {
        let [a, b] = [fresh.fresh(), fresh.fresh()];
        let scripts = [
            Script::new(&[2], &[&[write(a), W], &[W, READ]]),
            Script::new(&[2], &[&[write(a), W, W, READ], &[W, READ, write(b), W]]),
            Script::new(&[3], &[&[write(a), W, W, W, READ], &[W, READ, W, W, READ], &[W, W, write(b), W]]),
        ];
        scripts.iter().map(|script| script.experiment(world)).collect()
    },
    judge: |experiment, run| {
        complete(experiment, run)?;
        let calls = calls(run);
        // How often its thread had waited when this call began.
        let waits = |it: &Call| {
            let (thread, began) = (it.thread, it.began);
            let own = calls.iter().filter(|call| call.is_tools() && call.thread == thread);
            own.filter(|call| call.returned < began).count()
        };
        for read in calls.iter().filter(|call| call.op[0] == script::READ) {
            // A store that came before a wait comes before whatever follows as many waits of another thread.
            let before = calls.iter().filter(|call| call.op[0] == script::WRITE && waits(call) < waits(read));
            let last = before.max_by_key(|call| call.returned).map_or(0, |call| call.op[1]);
            if read.result != [last] {
                let what =
                    format!("after `wait` a thread read {:?}, though {last} was stored before", read.result);
                return Err(Wrong::new(Fault::StaleRead, what).with_evidence(SPEECH.table(&calls)));
            }
        }
        Ok(())
    },
    minds_leftover_threads: false,
};

// --- the sizes that are special ---------------------------------------------------------------------------

const SIZE: Rules = Rules {
    check: "q5.barrier_size",
    experiments: |world, _| {
        let none = Script::new(&[0], &[]);
        let one = [Script::new(&[1], &[]).before(&[W, W, W]), Script::new(&[1], &[&[W, W], &[W, W]])];
        [none].iter().chain(&one).map(|script| script.experiment(world)).collect()
    },
    judge: |experiment, run| {
        let panicked = run.entries.iter().any(|entry| entry.word == script::NO_TOOL);
        match size(experiment) {
            0 if panicked => Ok(()),
            0 => Err(Wrong::new(Fault::WrongAnswer, "`Barrier::new(0)` made a barrier; it should panic")),
            _ => complete(experiment, run),
        }
    },
    minds_leftover_threads: false,
};

// --- whoever waits does nothing else -----------------------------------------------------------------------

const IDLE: Rules = Rules {
    check: "q5.barrier_idle",
    experiments: |world, _| {
        let hour = 3600;
        let scripts = [
            Script::new(&[2], &[&[W, sleep(hour), W], &[sleep(hour), W, W]]),
            Script::new(&[3], &[&[W], &[sleep(1), W], &[sleep(hour), W]]),
            // They come at the same moment.
            Script::new(&[2], &[&[sleep(hour), W], &[sleep(hour), W]]),
        ];
        scripts.iter().filter_map(|script| script.timed(world)).collect()
    },
    judge: |experiment, run| {
        SPEECH.no_panic(run, |_| false)?;
        nobody_slept(experiment, run)?;
        no_thread_left(run)
    },
    minds_leftover_threads: true,
};
