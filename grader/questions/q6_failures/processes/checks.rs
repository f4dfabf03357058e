//! Bodies in processes of their own: what each check wants to see, and how it reads a trace.

use super::words::processes::{self as words, Call, Task, Then};
use crate::experiment::Wrong;
use crate::fault::Fault;
use crate::leftovers::{LOOK, nothing_left};
use crate::trial::{Event, Pick, Seen, Step, Trace, Trial, TrialRules, Who};
use wire::Entry;

/// In the order of `exercise.toml`.
pub(crate) const RULES: &[TrialRules] = &[APART, ANSWERS, PANICS, DEATHS, CLEAN];

const STUCK: &str = "`run_isolated` is stuck: every process waits, and none can wake another";

fn trial(calls: &[Call], script: &[Step]) -> Trial {
    Trial::new("calls", calls.iter().map(|call| call.to_words()).collect(), script)
}

fn calls(trial: &Trial) -> Vec<Call> {
    trial.words.iter().filter_map(|words| Call::from_words(words)).collect()
}

/// A call for each of these ends, numbered from 1.
fn each(ends: &[Then]) -> Vec<Call> {
    (1..).zip(ends).map(|(id, &then)| Call::Run(Task::plain(id, then))).collect()
}

fn run(ends: &[Then]) -> Trial {
    trial(&each(ends), &[])
}

/// One body that the judge holds, and what it does meanwhile, before it lets it go.
fn held(then: Then, meanwhile: &[Step]) -> Trial {
    let gathered = [Step::Gather(1), Step::Quiet];
    trial(&[Call::Run(Task::held(1, then))], &[&gathered, meanwhile].concat())
}

// --- what came back ---------------------------------------------------------------------------------------

/// What came of a call: what and its number, length and digest of bytes or text, and the beginning of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told<'t> {
    what: [u64; 2],
    about: [u64; 2],
    text: &'t str,
}

impl<'t> Told<'t> {
    fn of(what: [u64; 2], bytes: &[u8], text: &'t str) -> Self {
        Self { what, about: [bytes.len() as u64, words::digest(bytes)], text }
    }

    fn is(&self, other: &Told<'_>) -> bool {
        self.what == other.what && self.about == other.about
    }

    /// As a student would see it.
    fn say(&self) -> String {
        let [what, number] = self.what;
        let short: String = self.text.chars().take(40).collect();
        let dots = if self.about[0] as usize > short.len() { " .." } else { "" };
        let signed = number as u32 as i32;
        match what {
            words::OK => format!("Ok({} bytes)", self.about[0]),
            words::FAILED => format!("Err(Returned({short:?}{dots}))"),
            words::PANICKED => format!("Err(Panicked {{ message: {short:?}{dots}, .. }})"),
            words::KILLED => format!("Err(Killed {{ signal: {signed} }})"),
            words::EXITED => format!("Err(Exited {{ code: {signed} }})"),
            _ => format!("Err(Os({:?}))", nix::Error::from_raw(signed)),
        }
    }
}

fn of_call(trace: &Trace, word: u64, call: usize) -> Option<&Entry> {
    let of = |entry: &&Entry| entry.word == word && entry.args.first() == Some(&(call as u64));
    trace.entries.iter().find(of)
}

fn told(trace: &Trace, call: usize) -> Option<Told<'_>> {
    let entry = of_call(trace, words::RETURNED, call)?;
    let [_, what, number, length, digest] = entry.args[..] else { return None };
    Some(Told { what: [what, number], about: [length, digest], text: &entry.text })
}

/// Whether the judge has killed the process that ran this body.
fn killed(trace: &Trace, task: Task) -> bool {
    let runs = trace.arrivals().find(|(_, id)| *id == task.id).map(|(who, _)| who.pid);
    let of = |seen: &Seen| matches!(seen, Seen::Killed(who) if Some(who.pid) == runs);
    trace.events.iter().any(|event| of(&event.seen))
}

/// What should come of this body: what, and bytes or a text.
fn wanted(task: Task, trace: &Trace) -> ([u64; 2], Vec<u8>) {
    let text = |what, text: String| ([what, 0], text.into_bytes());
    match task.then {
        _ if killed(trace, task) => ([words::KILLED, 9], Vec::new()),
        Then::Give(bytes) => {
            let addend = trace.opened().find(|(id, _)| *id == task.id).map_or(0, |(_, addend)| addend);
            ([words::OK, 0], words::answer(task.id, addend, bytes))
        }
        Then::Torn(_) => ([words::KILLED, 9], Vec::new()),
        Then::Leaves(_) => ([words::EXITED, 0], Vec::new()),
        Then::Catch | Then::Change => ([words::OK, 0], Vec::new()),
        Then::Nest => text(words::OK, words::text_of(task.id, 0)),
        Then::Fail(bytes) => text(words::FAILED, words::text_of(task.id, bytes)),
        Then::Panic(bytes) => text(words::PANICKED, words::text_of(task.id, bytes)),
        Then::PanicPlain => text(words::PANICKED, words::PLAIN_TEXT.into()),
        Then::PanicBeside | Then::PanicInDrop | Then::PanicMuted => {
            text(words::PANICKED, words::text_of(task.id, 0))
        }
        Then::PanicNumber => text(words::PANICKED, "panic without a message".into()),
        Then::PanicTwice => text(words::PANICKED, words::SECOND_TEXT.into()),
        Then::Exit(code) => ([words::EXITED, code.into()], Vec::new()),
        Then::Abort => ([words::KILLED, 6], Vec::new()),
        Then::Signal(signal) => ([words::KILLED, signal.into()], Vec::new()),
    }
}

/// What a body does, in words.
fn manner(task: Task, trace: &Trace) -> String {
    match task.then {
        _ if killed(trace, task) => "is killed".into(),
        Then::Give(bytes) => format!("returns {bytes} bytes"),
        Then::Fail(_) => "returns an error".into(),
        Then::Panic(_) | Then::PanicPlain => "panics".into(),
        Then::PanicNumber => "panics with a number".into(),
        Then::PanicTwice => "catches a panic and then panics again".into(),
        Then::PanicBeside => "panics, with another thread that panics after it".into(),
        Then::PanicInDrop => "panics, with a `drop` that meanwhile panics and catches that,".into(),
        Then::PanicMuted => "panics while another thread of it holds the lock of standard error".into(),
        Then::Torn(bytes) => format!("is killed in the middle of telling {bytes} bytes"),
        Then::Leaves(bytes) => {
            format!("leaves by `exit(0)` of another thread in the middle of telling {bytes} bytes")
        }
        Then::Catch => "catches a panic and returns no byte".into(),
        Then::Exit(code) => format!("leaves by `exit({code})`"),
        Then::Abort => "aborts".into(),
        Then::Signal(signal) => format!("is killed by signal {signal}"),
        Then::Change => "changes memory and returns no byte".into(),
        Then::Nest => "calls `run_isolated` itself".into(),
    }
}

/// Every call brought back what it should.
fn all_right(trial: &Trial, trace: &Trace) -> Result<(), Wrong> {
    for (place, call) in calls(trial).into_iter().enumerate() {
        let Call::Run(task) = call else { continue };
        let (what, bytes) = wanted(task, trace);
        let text = String::from_utf8_lossy(&bytes);
        let should = Told::of(what, &bytes, &text);
        let Some(got) = told(trace, place) else {
            return Err(Wrong::new(Fault::LostTask, "a call of `run_isolated` did not return"));
        };
        // Whoever tells its bytes without a single write has told all of them.
        let is_whole = match task.then {
            Then::Torn(bytes) | Then::Leaves(bytes) => {
                got.is(&Told::of([words::OK, 0], &words::answer(task.id, 0, bytes), ""))
            }
            _ => false,
        };
        if got.is(&should) || is_whole {
            continue;
        }
        let fault = match (what[0], got.what[0]) {
            (words::PANICKED, words::OK) => Fault::SwallowedPanic,
            _ => Fault::WrongAnswer,
        };
        let manner = manner(task, trace);
        let headline = if got.what == should.what && got.about[0] == should.about[0] {
            format!("a body that {manner}: {} come back, but not those that it gave", got.say())
        } else if got.what == should.what && what[0] != words::OK && bytes.len() > 300 {
            format!("a body that {manner}: of its text, {} bytes come back of {}", got.about[0], bytes.len())
        } else {
            format!("a body that {manner}: {}; it should be {}", got.say(), should.say())
        };
        return Err(Wrong::new(fault, headline));
    }
    Ok(())
}

// --- once, in a child ---------------------------------------------------------------------------------------

const APART: TrialRules = TrialRules {
    check: "q6.processes_apart",
    trials: |fresh| {
        let mut changes = |times: usize| {
            let changes = each(&[Then::Change, Then::Change][..times]);
            trial(&[vec![Call::Set(fresh.fresh())], changes, vec![Call::Look]].concat(), &[])
        };
        vec![
            held(Then::Give(8), &[Step::Census, Step::Open(Pick::Task(1))]),
            held(Then::Panic(0), &[Step::Census, Step::Open(Pick::Task(1))]),
            changes(1),
            changes(2),
            run(&[Then::Nest]),
        ]
    },
    judge: |trial, trace| {
        let who: Vec<Who> = trace.arrivals().map(|(who, _)| who).collect();
        if who.iter().any(|who| who.rank == 0) {
            let what = "the body is called by the caller itself, not in a process of its own";
            return Err(Wrong::new(Fault::Sequential, what));
        }
        if who.iter().any(|who| !who.is_child) {
            let what = "the body is called by a process that is no child of the caller";
            return Err(Wrong::new(Fault::Orphan, what));
        }
        if who.len() > 1 {
            return Err(Wrong::new(Fault::WrongAnswer, format!("the body is called {} times", who.len())));
        }
        if let (Some(&Call::Set(set)), Some(looked)) = (calls(trial).first(), trace.entry(words::LOOKED))
            && looked.args[1] != set
        {
            let what = "a body has changed memory of the caller: it did not run in a process of its own";
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
        trace.good_end(Fault::Hang, STUCK)?;
        // What else comes back is another check's business; here only that a body may call it, too.
        if calls(trial) == each(&[Then::Nest]) { all_right(trial, trace) } else { Ok(()) }
    },
};

// --- answers, whole --------------------------------------------------------------------------------------------

/// As in `drivers-faults`.
const SHORT: u64 = 1;
const INTERRUPTED: u64 = 2;

const ANSWERS: TrialRules = TrialRules {
    check: "q6.processes_answers",
    trials: |_| {
        let disturbed = |faults: u64, ends: &[Then]| {
            trial(&[vec![Call::Faults(faults)], each(ends), vec![Call::Faults(0)]].concat(), &[])
        };
        let several = [
            Then::Give(0),
            Then::Give(70_000),
            Then::Fail(4_000),
            Then::Give(3),
            Then::Fail(0),
            Then::Give(1),
        ];
        vec![
            run(&[Then::Give(0), Then::Give(1), Then::Give(200), Then::Fail(0)]),
            run(&[65_535, 65_536, 65_537, 212_000].map(Then::Give)),
            run(&[Then::Give(4 << 20), Then::Fail(300_000), Then::Give(2)]),
            held(Then::Give(16), &[Step::Open(Pick::Task(1))]),
            held(Then::Give(1 << 20), &[Step::Open(Pick::Task(1))]),
            disturbed(INTERRUPTED, &several),
            disturbed(INTERRUPTED, &[Then::Give(9); 8]),
            disturbed(SHORT | INTERRUPTED, &several),
        ]
    },
    judge: |trial, trace| {
        let (within, hang, what) = match calls(trial).first() {
            Some(Call::Faults(_)) => ("when signals interrupt calls, ", Fault::Hang, STUCK),
            _ => {
                let what =
                    "a long answer fills the channel while nobody listens, and `run_isolated` is stuck";
                ("", Fault::PipeDeadlock, what)
            }
        };
        let say = |wrong: Wrong| Wrong { headline: format!("{within}{}", wrong.headline), ..wrong };
        trace.good_end(hang, what).map_err(say)?;
        all_right(trial, trace).map_err(say)
    },
};

// --- panics ------------------------------------------------------------------------------------------------------

const PANICS: TrialRules = TrialRules {
    check: "q6.processes_panics",
    trials: |_| {
        let own = |ends: &[Then]| trial(&[each(ends), vec![Call::PanicHere]].concat(), &[]);
        vec![
            run(&[Then::Panic(0), Then::PanicPlain, Then::PanicNumber]),
            run(&[Then::Panic(3_000_000), Then::Give(4)]),
            run(&[Then::PanicTwice, Then::Catch]),
            run(&[Then::PanicBeside, Then::PanicInDrop]),
            run(&[Then::PanicMuted]),
            held(Then::PanicPlain, &[Step::Open(Pick::Task(1))]),
            own(&[Then::Panic(0), Then::Give(1)]),
            own(&[Then::Give(1)]),
        ]
    },
    judge: |trial, trace| {
        let is_muted = calls(trial).contains(&Call::Run(Task::plain(1, Then::PanicMuted)));
        let stuck = match is_muted {
            true => {
                "a body has panicked while another thread of it holds the lock of standard error, and `run_isolated` is stuck"
            }
            false => "a body has panicked, and `run_isolated` is stuck",
        };
        trace.good_end(Fault::HungOnCrash, stuck)?;
        all_right(trial, trace)?;
        let all = calls(trial);
        for (place, call) in all.iter().enumerate() {
            if let Call::Run(task) = call
                && told(trace, place).is_some_and(|got| got.what[0] == words::PANICKED)
            {
                led_there(*task, trace, place)?;
            }
        }
        let own = |entry: &Entry| entry.word == Entry::PANIC && entry.text.starts_with(words::OWN_TEXT);
        if all.contains(&Call::PanicHere) && !trace.entries.iter().any(own) {
            let what = "after `run_isolated` the caller's own panic hook is not called any more";
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
        Ok(())
    },
};

/// Place and calls are those of the panic itself.
fn led_there(task: Task, trace: &Trace, call: usize) -> Result<(), Wrong> {
    let second = task.then == Then::PanicTwice;
    let of_panic =
        |number| trace.entries.iter().find(|entry| entry.word == words::SITE && entry.args == [number]);
    let (site, caught) = (of_panic(u64::from(second)), of_panic(u64::from(!second)));
    let (Some(site), Some(place)) = (site, of_call(trace, words::PLACE, call)) else { return Ok(()) };
    let short = |text: &str| text.rsplit('/').next().unwrap_or_default().to_owned();
    if place.text != site.text {
        let is_of_caught = caught.is_some_and(|caught| caught.text == place.text);
        let what = format!(
            "a body that {} at \"{}\": `location` says \"{}\"{}",
            manner(task, trace),
            short(&site.text),
            short(&place.text),
            if is_of_caught { ", where the panic was that is caught" } else { "" }
        );
        return Err(Wrong::new(Fault::WrongAnswer, what));
    }
    match of_call(trace, words::CALLS, call).map(|entry| entry.args.as_slice()) {
        Some([_, 0, 0]) => Err(Wrong::new(Fault::WrongAnswer, "a body panics, and `backtrace` is empty")),
        Some([_, 0, _]) if !second => {
            let what = format!(
                "a body panics, and `{}`, which did, is not in `backtrace`: it shows another moment",
                words::PANICKING_FUNCTION
            );
            Err(Wrong::new(Fault::WrongAnswer, what))
        }
        _ => Ok(()),
    }
}

// --- deaths --------------------------------------------------------------------------------------------------------

const DEATHS: TrialRules = TrialRules {
    check: "q6.processes_deaths",
    trials: |_| {
        let kill = [Step::Gather(1), Step::Quiet, Step::Kill(Pick::Task(1))];
        let mut after = vec![Call::Run(Task::held(1, Then::Give(4)))];
        after.push(Call::Run(Task::plain(2, Then::Give(4))));
        // Another child of the caller has ended before, and nobody has waited for it.
        let beside = [
            Call::Stranger,
            Call::Checkpoint(1),
            Call::Run(Task::plain(1, Then::Abort)),
            Call::Run(Task::plain(2, Then::Give(4))),
            Call::Await,
        ];
        let it_ends = Step::Open(Pick::Task(words::STRANGER));
        let before = [Step::Checkpoint(1), Step::Gather(1), it_ends, Step::Quiet, Step::GoOn];
        vec![
            run(&[3, 0, 101, 255].map(Then::Exit)),
            run(&[Then::Abort, Then::Give(2), Then::Abort]),
            run(&[9, 15, 10, 1, 2, 6].map(Then::Signal)),
            trial(&after, &kill),
            // They die while they say what they have to say.
            run(&[Then::Torn(1 << 20), Then::Give(2)]),
            run(&[Then::Torn(9_000), Then::Torn(70_000), Then::Torn(500_000)]),
            run(&[Then::Leaves(1 << 20), Then::Leaves(70_000)]),
            run(&[Then::Exit(1), Then::Panic(0), Then::Fail(0), Then::Signal(9), Then::Give(70_000)]),
            trial(&beside, &before),
        ]
    },
    judge: |trial, trace| {
        trace.good_end(Fault::HungOnCrash, "a process has died, and `run_isolated` is stuck")?;
        all_right(trial, trace)?;
        if trace.entry(words::AWAITED).is_some_and(|entry| entry.args == [0]) {
            let what = "`run_isolated` has waited for a child of the caller that it did not start";
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
        Ok(())
    },
};

// --- nothing is left -----------------------------------------------------------------------------------------------

const CLEAN: TrialRules = TrialRules {
    check: "q6.processes_clean",
    trials: |_| {
        let look = |number| [&[Step::Checkpoint(number)], LOOK.as_slice()].concat();
        let ends =
            [Then::Give(9), Then::Panic(0), Then::Abort, Then::Exit(3), Then::Fail(0), Then::Give(80_000)];
        let at_rest = [Step::Idle, Step::Open(Pick::Task(1))];
        let mut trials = vec![
            held(Then::Give(9), &at_rest),
            trial(&[each(&ends), vec![Call::Checkpoint(1)]].concat(), &look(1)),
        ];
        // As many descriptors after many calls as after a few.
        let mut many = [each(&ends), vec![Call::Checkpoint(1)]].concat();
        (0..5).for_each(|_| many.extend(each(&ends)));
        many.push(Call::Checkpoint(2));
        trials.push(trial(&many, &[look(1), look(2)].concat()));
        // The system refuses a process, or one descriptor after so many. Not at first: ipc-channel opens descriptors of its own
        // once, and panics if it cannot.
        let refused = |before: Call, after: Call| {
            let give = |id| Call::Run(Task::plain(id, Then::Give(5)));
            vec![give(1), Call::Checkpoint(1), before, give(2), after, Call::Checkpoint(2), give(3)]
        };
        let at_refusal = [Step::Checkpoint(words::AT_REFUSAL), Step::GoOn];
        let no_fork = refused(Call::NoFork(0), Call::Fork);
        trials.push(trial(&no_fork, &[look(1), at_refusal.to_vec(), look(2)].concat()));
        for more in 0..3 {
            let few = refused(Call::FewFiles(more), Call::Files);
            trials.push(trial(&few, &[look(1), look(2)].concat()));
        }
        // Nobody hears the child any more, which has more to say than any channel holds.
        trials.push(held(Then::Give(4 << 20), &[Step::KillCaller]));
        trials
    },
    judge: |trial, trace| {
        if trial.script.contains(&Step::KillCaller) {
            let survives = |event: &Event| matches!(&event.seen, Seen::Survivors(all) if !all.is_empty());
            let what = "the caller was killed, its child's body has returned, and the child never ends";
            let is_left = trace.events.iter().any(survives);
            return if is_left { Err(Wrong::new(Fault::Orphan, what)) } else { Ok(()) };
        }
        trace.good_end(Fault::Hang, STUCK)?;
        trace.at_rest(3)?;
        let all = calls(trial);
        // What the system refuses, whether it really does, and the error of that.
        let (system, really, error) = match all.get(2) {
            Some(Call::NoFork(_)) => {
                ("the system refuses a process", trace.entry(words::REFUSES).is_some(), nix::Error::EAGAIN)
            }
            Some(Call::FewFiles(_)) => ("no descriptor is left", true, nix::Error::EMFILE),
            _ => return nothing_left(trace, |place| ![0, words::AT_REFUSAL].contains(&place)),
        };
        let got = told(trace, 3);
        let is_error = got.as_ref().is_some_and(|got| got.what == [words::OS, error as i32 as u64]);
        // Whoever needs less than others has a right answer.
        let is_right = got.as_ref().is_some_and(|got| got.what == [words::OK, 0]);
        if really && !is_error && !is_right {
            let said = got.map_or("nothing".to_owned(), |got| got.say());
            let what = format!("{system}, and `run_isolated` gives {said}, not Err(Os({error:?}))");
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
        nothing_left(trace, |place| ![0, words::AT_REFUSAL].contains(&place))
    },
};
