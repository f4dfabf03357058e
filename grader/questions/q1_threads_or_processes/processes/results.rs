//! Trials of jobs in processes in few words, and what came back, compared with what should have.

use super::words::{self, Call, Job, Then};
use crate::experiment::Wrong;
use crate::fault::Fault;
use crate::trial::{Pick, Seen, Step, Trace, Trial};
use wire::Entry;

/// A trial with these calls and this script.
pub(in super::super) fn trial(calls: &[Call], script: &[Step]) -> Trial {
    Trial::new("calls", calls.iter().map(Call::to_words).collect(), script)
}

/// The calls of a trial.
pub(in super::super) fn calls(trial: &Trial) -> Vec<Call> {
    trial.words.iter().filter_map(|words| Call::from_words(words)).collect()
}

/// So many jobs that the judge holds, numbered from 1.
pub(in super::super) fn held(count: u64) -> Vec<Job> {
    (1..=count).map(|id| Job::held(id, Then::Return)).collect()
}

/// Jobs that end in these ways at once, numbered from 1.
pub(in super::super) fn plain(ends: &[Then]) -> Vec<Job> {
    (1..).zip(ends).map(|(id, &then)| Job::plain(id, then)).collect()
}

/// Where an event stands among the events.
pub(in super::super) fn place(trace: &Trace, is_it: impl Fn(&Seen) -> bool) -> Option<usize> {
    trace.events.iter().position(|event| is_it(&event.seen))
}

/// What came of a call: what, and its number. `None` if it never returned.
pub(in super::super) fn returned(trace: &Trace, call: usize) -> Option<[u64; 2]> {
    let of = |entry: &&Entry| entry.word == words::RETURNED && entry.args.first() == Some(&(call as u64));
    trace.entries.iter().find(of).and_then(|entry| entry.args[1..].try_into().ok())
}

/// An outcome: kind and number, then length and digest of its text, and the beginning of that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Told<'t> {
    pub(in super::super) what: [u64; 2],
    about_text: [u64; 2],
    text: &'t str,
}

impl Told<'_> {
    /// Whether it says exactly this, with this text.
    pub(in super::super) fn is(&self, what: [u64; 2], text: &str) -> bool {
        self.what == what && self.about_text == [text.len() as u64, words::digest(text)]
    }

    /// As a student would see it.
    pub(in super::super) fn say(&self) -> String {
        let [kind, number] = self.what;
        match kind {
            words::DONE => format!("Done({number})"),
            words::PANICKED => {
                let short: String = self.text.chars().take(40).collect();
                let dots = if self.about_text[0] as usize > short.len() { " .." } else { "" };
                format!("Panicked({short:?}{dots}), {} bytes long", self.about_text[0])
            }
            words::KILLED => format!("Killed({})", number as u32 as i32),
            _ => format!("Exited({})", number as u32 as i32),
        }
    }
}

/// The outcomes of a call, in order.
pub(in super::super) fn outcomes(trace: &Trace, call: usize) -> Vec<Told<'_>> {
    let of = |entry: &&Entry| entry.word == words::OUTCOME && entry.args.first() == Some(&(call as u64));
    let told = |entry: &'_ Entry| {
        let [_, kind, number, length, digest] = entry.args[..] else { return None };
        Some(([kind, number], [length, digest]))
    };
    let all = trace.entries.iter().filter(of);
    all.filter_map(|entry| {
        told(entry).map(|(what, about_text)| Told { what, about_text, text: entry.text.as_str() })
    })
    .collect()
}

/// How a job should end, and with which text. What the judge has killed is [`Then::Signal`].
pub(in super::super) fn wanted(job: Job, trace: &Trace) -> ([u64; 2], String) {
    let none = String::new();
    match job.then {
        _ if killed(trace, job.id) => ([words::KILLED, 9], none),
        Then::Return | Then::ReturnLarge | Then::Add(_) => {
            let addend = trace.opened().find(|(task, _)| *task == job.id).map_or(0, |(_, addend)| addend);
            ([words::DONE, job.value().wrapping_add(addend)], none)
        }
        Then::Panic | Then::PanicPlain | Then::PanicLong(_) | Then::PanicShort(_) => {
            ([words::PANICKED, 0], words::panic_text(job))
        }
        Then::PanicNumber => ([words::PANICKED, 0], "panic without a message".to_owned()),
        Then::Exit(code) => ([words::EXITED, code.into()], none),
        Then::Abort => ([words::KILLED, 6], none),
        Then::Torn(_) | Then::TornLines(_) => ([words::KILLED, 9], none),
        Then::Signal(signal) => ([words::KILLED, signal.into()], none),
    }
}

/// Whether the judge has killed the process that ran this job.
fn killed(trace: &Trace, job: u64) -> bool {
    let runs = trace.arrivals().find(|(_, task)| *task == job).map(|(who, _)| who.pid);
    let of = |seen: &Seen| matches!(seen, Seen::Killed(who) if Some(who.pid) == runs);
    trace.events.iter().any(|event| of(&event.seen))
}

/// What a job does, in words.
fn manner(job: Job) -> &'static str {
    match job.then {
        Then::Return | Then::ReturnLarge | Then::Add(_) => "",
        Then::Panic | Then::PanicPlain | Then::PanicNumber | Then::PanicLong(_) | Then::PanicShort(_) => {
            ", which panicked,"
        }
        Then::Torn(_) | Then::TornLines(_) => ", which was killed in the middle of telling its panic,",
        Then::Exit(_) => ", which left by `exit`,",
        Then::Abort | Then::Signal(_) => ", which a signal killed,",
    }
}

/// Every outcome of a call is right, and stands in its place.
pub(in super::super) fn all_right(trial: &Trial, trace: &Trace, call: usize) -> Result<(), Wrong> {
    let Some(Call::Run(jobs)) = calls(trial).into_iter().nth(call) else { return Ok(()) };
    match returned(trace, call) {
        Some([words::OK, _]) => {}
        got => {
            let what = format!("`in_processes` gave {}, not Ok", say(got));
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
    }
    let got = outcomes(trace, call);
    if got.len() != jobs.len() {
        let what = format!("of {} jobs, outcomes came back: {}", jobs.len(), got.len());
        return Err(Wrong::new(Fault::LostTask, what));
    }
    let right: Vec<_> = jobs.iter().map(|&job| wanted(job, trace)).collect();
    let is_right = |got: &Told<'_>, (what, text): &([u64; 2], String)| got.is(*what, text);
    // Whoever tells the text without a single write has told all of it.
    let is_whole = |place: usize| {
        let told = ([words::PANICKED, 0], words::panic_text(jobs[place]));
        matches!(jobs[place].then, Then::Torn(_) | Then::TornLines(_)) && is_right(&got[place], &told)
    };
    let is_wrong = |place: usize| !is_right(&got[place], &right[place]) && !is_whole(place);
    let Some(wrong) = (0..got.len()).find(|&place| is_wrong(place)) else {
        return Ok(());
    };
    let all_there = right.iter().all(|right| got.iter().any(|got| is_right(got, right)));
    if all_there {
        let what = "the outcomes are right, but not in the order of the jobs";
        let evidence = got.iter().take(8).map(Told::say).collect();
        return Err(Wrong::new(Fault::WrongOrder, what).with_evidence(evidence));
    }
    let ([kind, number], text) = &right[wrong];
    let about_text = [text.len() as u64, words::digest(text)];
    let should = Told { what: [*kind, *number], about_text, text };
    let got = &got[wrong];
    let fault = match (*kind, got.what[0]) {
        (words::PANICKED, words::DONE) => Fault::SwallowedPanic,
        _ => Fault::WrongAnswer,
    };
    let what = match got.what == should.what && text.len() > 300 {
        true => {
            format!("of the long text of a panic, {} bytes came back of {}", got.about_text[0], text.len())
        }
        false => {
            let (number, manner) = (wrong + 1, manner(jobs[wrong]));
            format!("job {number}{manner} is {}; it should be {}", got.say(), should.say())
        }
    };
    Err(Wrong::new(fault, what))
}

/// What came of a call, as a student would see it.
pub(in super::super) fn say(outcome: Option<[u64; 2]>) -> String {
    let Some([what, with]) = outcome else { return "nothing: the call did not return".into() };
    match what {
        words::OK => "Ok".into(),
        words::FORK => "Err(Fork(..))".into(),
        words::OS => format!("Err(Os({:?}))", nix::Error::from_raw(with as u32 as i32)),
        _ => "Err(Failed(..))".into(),
    }
}

/// Opens the gates of these jobs, one after the other, and lets all come to rest in between.
pub(in super::super) fn open(jobs: &[u64]) -> Vec<Step> {
    jobs.iter().flat_map(|&job| [Step::Open(Pick::Task(job)), Step::Quiet]).collect()
}
