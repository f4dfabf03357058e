//! What came back, compared with what should have.

use super::scenes::{calls, lines};
use super::words::{self, Call, Out, Then};
use crate::experiment::Wrong;
use crate::fault::Fault;
use crate::trial::{Seen, Trace, Trial, Who};
use wire::Entry;

/// Where an event stands among the events.
pub(super) fn place(trace: &Trace, is_it: impl Fn(&Seen) -> bool) -> Option<usize> {
    trace.events.iter().position(|event| is_it(&event.seen))
}

/// Whether the judge waited in vain before the driver came to this checkpoint.
pub(super) fn stuck_before(trace: &Trace, number: u64) -> bool {
    let waited = trace.waited_in_vain();
    let reached = place(trace, |seen| *seen == Seen::Checkpoint(number));
    waited.is_some_and(|waited| reached.is_none_or(|reached| waited < reached))
}

/// The numbers of the first entry of this word for a call, the call's own left out.
pub(super) fn entry(trace: &Trace, word: u64, call: usize) -> Option<&[u64]> {
    let of = |entry: &&Entry| entry.word == word && entry.args.first() == Some(&(call as u64));
    trace.entries.iter().find(of).map(|entry| &entry.args[1..])
}

/// What a call returned. `None` if it never returned.
pub(super) fn returned(trace: &Trace, call: usize) -> Option<[u64; 2]> {
    entry(trace, words::RETURNED, call).and_then(|args| args.try_into().ok())
}

/// What was written to the message socket, in order.
pub(super) fn records(trace: &Trace) -> Vec<(Who, &str)> {
    let record = trace.events.iter().filter_map(|event| match &event.seen {
        Seen::Record { who, text } => Some((*who, text.as_str())),
        _ => None,
    });
    record.collect()
}

/// A result in words, as a student would see it.
pub(super) fn say(outcome: Option<[u64; 2]>) -> String {
    let Some([what, with]) = outcome else { return "nothing: the call did not return".into() };
    let number = u32::try_from(with).unwrap_or_default().cast_signed();
    match what {
        words::OK => "Ok(())".into(),
        words::OVERFLOW => "Err(Overflow)".into(),
        words::FORK => "Err(Fork(..))".into(),
        words::OS => format!("Err(Os({:?}))", nix::Error::from_raw(number)),
        words::FAILED_CODE => format!("Err(ChildFailed(Code({number})))"),
        words::FAILED_SIGNAL => format!("Err(ChildFailed(Signal({number})))"),
        words::CODE => format!("Ok(Code({number}))"),
        words::SIGNAL => format!("Ok(Signal({number}))"),
        _ => "something unknown".into(),
    }
}

/// A call returned exactly this.
pub(super) fn is(trace: &Trace, call: usize, wanted: [u64; 2], name: &str) -> Result<(), Wrong> {
    let got = returned(trace, call);
    if got == Some(wanted) {
        return Ok(());
    }
    let what = format!("{name} gave {}, not {}", say(got), say(Some(wanted)));
    Err(Wrong::new(Fault::WrongAnswer, what))
}

/// How a child that does this ends, as `join` tells it.
pub(super) fn exit(then: Then) -> [u64; 2] {
    match then {
        Then::Return(code) | Then::Exit(code) | Then::Outlive(code) => {
            [words::CODE, u64::from(code.cast_unsigned() & 0xff)]
        }
        Then::Panic | Then::PanicWithNumber => [words::CODE, 101],
        Then::Abort => [words::SIGNAL, 6],
        Then::Signal(signal) => [words::SIGNAL, signal.unsigned_abs().into()],
        Then::Add(_) | Then::Forever => [words::CODE, 0],
    }
}

/// What a child does, in words.
fn manner(then: Then) -> String {
    match then {
        Then::Return(code) => format!("whose body returned {code}"),
        Then::Exit(code) => format!("that left by `exit({code})`"),
        Then::Panic | Then::PanicWithNumber => "that panicked".into(),
        Then::Abort => "that aborted".into(),
        Then::Signal(signal) => format!("that signal {signal} ended"),
        Then::Add(_) | Then::Forever | Then::Outlive(_) => "of the judge".into(),
    }
}

/// What each child of the scene does, in the order in which they are started.
pub(super) fn bodies(calls: &[Call]) -> Vec<Then> {
    let bodies = calls.iter().filter_map(|call| match call {
        Call::Start(body) => Some(body.then),
        _ => None,
    });
    bodies.collect()
}

/// Every `start` succeeded, and every `join` told the exact end. `killed` are the children that the
/// judge has killed, with the signal.
pub(super) fn exits_right(trial: &Trial, trace: &Trace, killed: &[(u64, u64)]) -> Result<(), Wrong> {
    let calls = calls(trial);
    let bodies = bodies(&calls);
    for (number, call) in calls.iter().enumerate() {
        match call {
            Call::Start(_) => is(trace, number, [words::OK, 0], "`start`")?,
            Call::Join(child) => {
                let Some(&then) = bodies.get(*child as usize) else { continue };
                let (wanted, how) = match killed.iter().find(|(killed, _)| killed == child) {
                    Some(&(_, signal)) => ([words::SIGNAL, signal], format!("that signal {signal} ended")),
                    None => (exit(then), manner(then)),
                };
                is(trace, number, wanted, &format!("`join` of a child {how}"))?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// What each process has written to the message socket, all of it in a row.
pub(super) fn written(trace: &Trace) -> Vec<(Who, String)> {
    let mut all: Vec<(Who, String)> = Vec::new();
    for (who, text) in records(trace) {
        match all.iter_mut().find(|(writer, _)| *writer == who) {
            Some((_, before)) => before.push_str(text),
            None => all.push((who, text.to_owned())),
        }
    }
    all
}

/// Every `square_and_cube` that writes to the judge succeeded, and all lines are there. Who wrote
/// them, in which order and in how many pieces is not looked at.
pub(super) fn lines_there(trial: &Trial, trace: &Trace) -> Result<(), Wrong> {
    let written = written(trace);
    for (place, call) in calls(trial).into_iter().enumerate() {
        let Call::Square(number, Out::Records) = call else { continue };
        is(trace, place, [words::OK, 0], &format!("`square_and_cube({number})`"))?;
        for line in lines(number) {
            if !written.iter().any(|(_, text)| text.contains(line.trim_end())) {
                let what = format!("`square_and_cube({number})` did not write `{}`", line.trim_end());
                let all = records(trace);
                let wrote = all.iter().map(|(who, text)| format!("{} wrote {text:?}", who.name()));
                return Err(Wrong::new(Fault::WrongAnswer, what).with_evidence(wrote.take(12).collect()));
            }
        }
    }
    Ok(())
}
