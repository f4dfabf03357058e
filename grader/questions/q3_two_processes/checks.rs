//! Question 3: what each check wants to see, and how it reads a trace. Read from top to bottom, this
//! is the marking guide; the order is that of `exercise.toml`. The `Child` alone stands in
//! `child.rs`, memory, failures and what is left behind in `ends.rs`.

use super::words::{self, Call, Out};
use crate::catalogue::{Guide, Source};
use crate::experiment::Wrong;
use crate::fault::Fault;
use crate::trial::{Seen, Step, Trace, Trial, TrialRules, Who};
use results::{is, place, records, returned, say, written};
use scenes::{calls, lines, number, square, squared, trial};

#[path = "child.rs"]
mod child;
#[path = "ends.rs"]
mod ends;
#[path = "results.rs"]
mod results;
#[path = "scenes.rs"]
mod scenes;

/// What the catalogue needs of this question.
pub(crate) const SOURCE: &Source = &Source {
    exercise: include_str!("../../../exercises/q3_two_processes/exercise.toml"),
    guides: &[Guide::Processes(&[
        TWO_AT_ONCE,
        LAST_LINE,
        child::EXITS,
        child::ALIVE,
        child::TERMINATE,
        ends::SEPARATE,
        ends::FAILURES,
        ends::OVERFLOW,
        ends::CLEAN,
    ])],
    given: &[
        ("src/lib.rs", include_str!("stub/src/lib.rs")),
        ("src/api.rs", include_str!("stub/src/api.rs")),
    ],
    stub: &[("src/processes.rs", include_str!("stub/src/processes.rs"))],
};

const STUCK: &str = "`square_and_cube` is stuck: every process waits, and none can wake another";

// --- two children at once, each with its own line ------------------------------------------------

const TWO_AT_ONCE: TrialRules = TrialRules {
    check: "q3.two_at_once",
    trials: |fresh| {
        // Nobody reads at first, so whoever writes has to wait: all who can be at work are.
        [10, 0, number(fresh), number(fresh)]
            .into_iter()
            .map(|number| trial(&[square(number)], &[Step::Quiet, Step::Census, Step::Receive(3)]))
            .collect()
    },
    judge: |trial, trace| {
        let Some(census) = trace.censuses().next() else {
            trace.good_end(Fault::Hang, STUCK)?;
            let what = "`square_and_cube` has returned before a line was written";
            return Err(Wrong::new(Fault::WrongAnswer, what));
        };
        if !census.others.is_empty() {
            let what = "a process is at work that is no child of the caller";
            return Err(Wrong::new(Fault::Orphan, what));
        }
        match census.children.len() {
            2 => {}
            0 => {
                let what =
                    "no child of the caller is at work: the caller itself does what two processes should";
                return Err(Wrong::new(Fault::Sequential, what));
            }
            1 => {
                let what = "while the first line waits to be written, only one child of the caller is alive";
                return Err(Wrong::new(Fault::Sequential, what));
            }
            more => {
                let what = format!("{more} children of the caller are alive for two lines");
                return Err(Wrong::new(Fault::TooManyWorkers, what));
            }
        }
        let [square, cube, _] = lines(squared(trial));
        let writers = [whole_line(trace, &square)?, whole_line(trace, &cube)?];
        for who in writers {
            if !census.children.contains(&who) {
                let what = format!("a line was written by {} instead of one of the two children", who.name());
                return Err(Wrong::new(Fault::WrongAnswer, what));
            }
        }
        if writers[0] == writers[1] {
            let what = "both lines were written by the same child";
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
        trace.good_end(Fault::Hang, STUCK)
    },
};

/// Who wrote this line, whole and with one write.
fn whole_line(trace: &Trace, line: &str) -> Result<Who, Wrong> {
    let bare = line.trim_end();
    let records = records(trace);
    let whole: Vec<Who> = records.iter().filter(|(_, text)| *text == line).map(|(who, _)| *who).collect();
    if let [who] = whole[..] {
        return Ok(who);
    }
    let evidence: Vec<String> =
        records.iter().map(|(who, text)| format!("one write by {}: {text:?}", who.name())).collect();
    let (fault, what) = if whole.len() > 1 {
        (Fault::WrongAnswer, format!("`{bare}` was written {} times", whole.len()))
    } else if records.iter().any(|(_, text)| *text == bare) && !records.iter().any(|(_, text)| *text == "\n")
    {
        (Fault::WrongAnswer, format!("the line `{bare}` was written without a newline at its end"))
    } else if written(trace).iter().any(|(_, text)| text.contains(bare)) {
        let what = format!("the line `{bare}` was not written alone, whole and with one write");
        (Fault::TornOutput, what)
    } else {
        (Fault::WrongAnswer, format!("the line `{bare}` was not written"))
    };
    Err(Wrong::new(fault, what).with_evidence(evidence))
}

// --- the last line comes last, and from the caller -----------------------------------------------

const LAST_LINE: TrialRules = TrialRules {
    check: "q3.last_line",
    trials: |fresh| {
        // One child is stopped while it waits to write; the other one ends. Then nothing may come.
        let mut trials: Vec<Trial> = [0, 1]
            .into_iter()
            .map(|place| {
                trial(
                    &[square(number(fresh))],
                    &[
                        Step::Quiet,
                        Step::Stop(place),
                        Step::Receive(1),
                        Step::Quiet,
                        Step::Receive(2),
                        Step::Doing,
                        Step::Continue,
                        Step::Receive(3),
                    ],
                )
            })
            .collect();
        // A file with room for the lines of the children, and not for the caller's.
        for room in [0, 5] {
            let number = number(fresh);
            let [square, cube, _] = lines(number);
            let out = Out::File((square.len() + cube.len()) as u64 + room);
            trials.push(trial(&[Call::Square(number, out)], &[]));
        }
        trials
    },
    judge: |trial, trace| {
        if let [Call::Square(number, Out::File(bytes))] = calls(trial)[..] {
            trace.good_end(Fault::Hang, STUCK)?;
            let [square, cube, _] = lines(number);
            return unwritten(trace, bytes > (square.len() + cube.len()) as u64);
        }
        let [_, _, last] = lines(squared(trial));
        let stopped = trace.events.iter().find_map(|event| match event.seen {
            Seen::Stopped(who) => Some(who),
            _ => None,
        });
        let until = place(trace, |seen| matches!(seen, Seen::Doing(_))).unwrap_or(trace.events.len());
        let early = trace.events[..until].iter().any(|event| match &event.seen {
            Seen::Record { who, text } => who.rank == 0 && last.starts_with(text.trim_end()),
            Seen::Returned => true,
            _ => false,
        });
        if stopped.is_some() && early {
            let what =
                "the caller did not wait for both children: one was stopped and had not written its line";
            return Err(Wrong::new(Fault::WrongOrder, what));
        }
        trace.good_end(Fault::Hang, STUCK)?;
        let bare = last.trim_end();
        if written(trace).iter().any(|(who, text)| who.rank != 0 && text.contains(bare)) {
            let what = format!("`{bare}` was written by a child, not by the caller");
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
        whole_line(trace, &last)?;
        if records(trace).last().is_none_or(|(_, text)| *text != last) {
            let what = format!("`{bare}` is not the last line");
            return Err(Wrong::new(Fault::WrongOrder, what));
        }
        is(trace, 0, [words::OK, 0], "`square_and_cube`")
    },
};

/// The caller could not write its line, or only a part of it, and has said so.
fn unwritten(trace: &Trace, a_part: bool) -> Result<(), Wrong> {
    let got = returned(trace, 0);
    let part = nix::Error::EIO as i32;
    let right = match got {
        Some([words::OS, error]) => !a_part || error == u64::from(part.unsigned_abs()),
        _ => false,
    };
    if right {
        return Ok(());
    }
    let (what, wanted) = match a_part {
        true => ("only a part of the last line was taken", "Err(Os(EIO))"),
        false => ("the last line could not be written", "Err(Os(..))"),
    };
    let what = format!("{what}, and `square_and_cube` gave {}, not {wanted}", say(got));
    Err(Wrong::new(Fault::WrongAnswer, what))
}
