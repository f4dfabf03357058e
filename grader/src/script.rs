//! Scripts, on the judge's side: how a check asks for one, and how it reads what stands on record.
//!
//! Knows no tool, and no right answer but those of plain loads and stores.

use crate::experiment::{Experiment, World, Wrong};
use crate::fault::Fault;
use crate::history::Span;
use std::borrow::Cow;
use std::time::Duration;
use wire::script::{self, Op};
use wire::{Entry, Run};

/// Schedules of one script in the model world.
pub(crate) const SCHEDULES: u32 = 500;
/// Repetitions of one in the real world, where nobody chooses the schedule.
const REPETITIONS: u32 = 20;

/// A second, in nanoseconds.
pub(crate) const SECOND: u64 = 1_000_000_000;
/// The same of the drivers, in seconds.
pub(crate) const A_CENTURY: u64 = script::A_CENTURY.as_secs();

/// What several threads do with one tool.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    /// What the tool is made from.
    config: Vec<u64>,
    before: Vec<Op>,
    threads: Vec<Vec<Op>>,
    after: Vec<Op>,
    /// How often the real world plays it if the tool has threads of its own.
    lively: Option<u32>,
    /// Whether calls are in one order for everybody: see [`Script::in_order`].
    in_order: bool,
}

impl Script {
    /// Each thread does what its list says, all at once, with a tool that is made from these numbers.
    pub(crate) fn new(config: &[u64], threads: &[&[Op]]) -> Self {
        let threads = threads.iter().map(|ops| ops.to_vec()).collect();
        Self {
            config: config.to_vec(),
            before: Vec::new(),
            threads,
            after: Vec::new(),
            lively: None,
            in_order: false,
        }
    }

    /// With a tool that is made from these numbers.
    pub(crate) fn made_from(mut self, config: &[u64]) -> Self {
        self.config = config.to_vec();
        self
    }

    /// What the caller does before all threads.
    pub(crate) fn before(mut self, ops: &[Op]) -> Self {
        self.before = ops.to_vec();
        self
    }

    /// What the caller does when all threads have ended.
    pub(crate) fn after(mut self, ops: &[Op]) -> Self {
        self.after = ops.to_vec();
        self
    }

    /// What the caller alone does with a tool that has threads of its own: many schedules, though the script has one
    /// thread.
    pub(crate) fn of_caller(ops: &[Op]) -> Self {
        Self { lively: Some(REPETITIONS / 4), ..Self::new(&[], &[]).before(ops) }
    }

    /// The same, so often in the real world.
    pub(crate) fn repeated(mut self, times: u32) -> Self {
        self.lively = Some(times);
        self
    }

    /// What returned before another call began is visible to it, as if all threads had talked to each other. Without
    /// this, a tool that is built from acquire and release alone may rightly answer from what it has not heard yet: then
    /// only stores before a release and loads after it say anything, and no order of the calls.
    pub(crate) fn in_order(mut self) -> Self {
        self.in_order = true;
        self
    }

    /// To be played in a world where sleeps and time limits may end while others could still run. The real world has to
    /// sleep as long as it says.
    pub(crate) fn experiment(&self, world: World) -> Experiment {
        let threads = self.threads.iter().map(|ops| script::words(ops));
        let caller = [self.config.clone(), script::words(&self.before), script::words(&self.after)];
        let runs = match (world, self.lively) {
            // With one thread there is one schedule.
            (_, None) if self.threads.len() < 2 => 1,
            (World::Real, lively) => lively.unwrap_or(REPETITIONS),
            // Its schedules are long, and no check of such a tool has fewer than three scripts.
            (World::Model, Some(_)) => SCHEDULES / 2,
            (World::Model, None) => SCHEDULES,
        };
        Experiment {
            scene: if self.in_order { script::IN_ORDER } else { script::SCENE },
            words: caller.into_iter().chain(threads).collect(),
            timed: false,
            runs,
            one_by_one: false,
        }
    }

    /// To be played in a world where time passes only when everybody waits. Only the model is such a world: nothing in
    /// the real one.
    pub(crate) fn timed(&self, world: World) -> Option<Experiment> {
        let experiment = Experiment { timed: true, ..self.experiment(world) };
        (world == World::Model).then_some(experiment)
    }
}

/// A sleep of so many seconds.
pub(crate) fn sleep(seconds: u64) -> Op {
    [script::SLEEP, seconds * SECOND, 0]
}

/// A plain store, which only what the tool promises makes visible.
pub(crate) fn write(value: u64) -> Op {
    [script::WRITE, value, 0]
}

/// A plain load.
pub(crate) const READ: Op = [script::READ, 0, 0];

/// From here on this thread goes first, so that somebody who was woken before comes late.
pub(crate) const HURRY: Op = [script::HURRY, 0, 0];

/// A call that has returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// Who: 0 is the caller of the script, the threads count from 1.
    pub(crate) thread: u64,
    /// What.
    pub(crate) op: Op,
    /// What came back.
    pub(crate) result: Vec<u64>,
    /// Its place in the order of beginnings and returns.
    pub(crate) began: usize,
    /// The place of its return.
    pub(crate) returned: usize,
    /// When it began, in nanoseconds; in the model world virtual ones.
    pub(crate) began_ns: u64,
    /// When it returned.
    pub(crate) returned_ns: u64,
}

impl Call {
    /// How long it took.
    pub(crate) fn took(&self) -> Duration {
        Duration::from_nanos(self.returned_ns.saturating_sub(self.began_ns))
    }

    /// Whether it is one of the tool's, and no plain load, store or sleep.
    pub(crate) fn is_tools(&self) -> bool {
        self.op[0] < script::WRITE
    }
}

impl Span for Call {
    fn began(&self) -> usize {
        self.began
    }
    fn returned(&self) -> usize {
        self.returned
    }
}

/// All calls that returned, in the order of their returns.
pub(crate) fn calls(run: &Run) -> Vec<Call> {
    ended(run, script::END)
}

/// All calls that panicked, in that order; nothing came back.
pub(crate) fn broken_calls(run: &Run) -> Vec<Call> {
    ended(run, script::BROKE)
}

fn ended(run: &Run, end: u64) -> Vec<Call> {
    let mut calls = Vec::new();
    for (returned, entry) in run.entries.iter().enumerate() {
        let [a, b, c, returned_ns, ref result @ ..] = entry.args[..] else { continue };
        if entry.word != end {
            continue;
        }
        let is_begin = |other: &Entry| other.thread == entry.thread && other.word == script::BEGIN;
        let Some(began) = run.entries[..returned].iter().rposition(is_begin) else { continue };
        calls.push(Call {
            thread: entry.thread,
            op: [a, b, c],
            result: result.to_vec(),
            began,
            returned,
            began_ns: run.entries[began].args.get(3).copied().unwrap_or_default(),
            returned_ns,
        });
    }
    calls
}

/// The calls of the tool itself.
pub(crate) fn tool_calls(run: &Run) -> Vec<Call> {
    calls(run).into_iter().filter(Call::is_tools).collect()
}

/// The calls of the tool, and those of the second one of its make, as if each were the only one.
pub(crate) fn of_each_tool(calls: &[Call]) -> Vec<Cow<'_, [Call]>> {
    let is_other = |call: &Call| script::on_tool(call.op).0 > 0;
    // Most scripts have no second tool, and this is asked of every schedule.
    if !calls.iter().any(is_other) {
        return vec![calls.into()];
    }
    let (others, own): (Vec<Call>, Vec<Call>) = calls.iter().cloned().partition(is_other);
    let others = others.into_iter().map(|call| Call { op: script::on_tool(call.op).1, ..call });
    vec![own.into(), others.collect()]
}

/// A call on the second tool.
pub(crate) const fn other([what, number, _]: Op) -> Op {
    [script::OTHER, what, number]
}

/// How a part's calls are written, for people.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Speech {
    /// A call as a student would write it.
    pub(crate) call: fn(Op) -> String,
    /// What came back, with an arrow, as a student would read it.
    pub(crate) result: fn(Op, &[u64]) -> String,
}

impl Speech {
    /// A call with what came back.
    pub(crate) fn told(self, call: &Call) -> String {
        match script::common(call.op) {
            Some(common) => common + &script::common_result(call.op, &call.result),
            None => (self.call)(call.op) + &(self.result)(call.op, &call.result),
        }
    }

    /// The calls, a line each, in the order in which they began.
    pub(crate) fn table(self, calls: &[Call]) -> Vec<String> {
        let mut calls: Vec<&Call> = calls.iter().collect();
        calls.sort_by_key(|call| call.began);
        let who = |thread: u64| if thread == 0 { "caller".into() } else { format!("thread {thread}") };
        calls.iter().take(16).map(|call| format!("{}: {}", who(call.thread), self.told(call))).collect()
    }

    /// What to say of calls that no one-at-a-time order explains: the first return by which that shows.
    pub(crate) fn unexplained(self, calls: &[Call], explains: impl Fn(&[Call]) -> bool) -> String {
        let mut in_order: Vec<&Call> = calls.iter().collect();
        in_order.sort_by_key(|call| call.returned);
        // Those that had begun by then may have had their effect.
        let so_far = |call: &Call| -> Vec<Call> {
            calls.iter().filter(|other| other.began < call.returned).cloned().collect()
        };
        let first = in_order.into_iter().find(|call| !explains(&so_far(call)));
        let alone = calls.iter().all(|call| call.thread == 0);
        match first {
            Some(call) if alone => format!("`{}`, which the calls before it do not explain", self.told(call)),
            Some(call) => {
                let who =
                    if call.thread == 0 { "the caller".into() } else { format!("thread {}", call.thread) };
                let told = self.told(call);
                format!("`{told}` in {who}: no order of the calls so far, one at a time, explains that")
            }
            None => "no order of these calls, one at a time, gives these results".into(),
        }
    }

    /// No call panicked, but those of which `is_meant` says so, and the tool could be made. Nor did any thread of the tool's
    /// own, where no call saw it.
    ///
    /// # Errors
    ///
    /// Otherwise: which call, and the message.
    pub(crate) fn no_panic(self, run: &Run, is_meant: impl Fn(Op) -> bool) -> Result<(), Wrong> {
        self.no_broken_call(run, is_meant)?;
        let meant = run.entries.iter().any(|entry| entry.word == script::BROKE);
        match run.entries.iter().find(|entry| entry.word == Entry::PANIC) {
            Some(panic) if !meant => {
                Err(Wrong::new(Fault::Panic, format!("a thread panicked: {}", panic.text)))
            }
            _ => Ok(()),
        }
    }

    /// The same of calls alone: where tasks panic on purpose, somebody catches that.
    ///
    /// # Errors
    ///
    /// Otherwise.
    pub(crate) fn no_broken_call(self, run: &Run, is_meant: impl Fn(Op) -> bool) -> Result<(), Wrong> {
        for (place, entry) in run.entries.iter().enumerate() {
            let what = match (entry.word, &entry.args[..]) {
                (script::NO_TOOL, _) => "`new`".to_owned(),
                (script::BROKE, &[a, b, c, ..]) if !is_meant([a, b, c]) => {
                    format!("`{}`", (self.call)([a, b, c]))
                }
                _ => continue,
            };
            let last = run.entries[..place].iter().rfind(|entry| entry.word == Entry::PANIC);
            let message = last.map_or("panic without a message", |entry| entry.text.as_str());
            return Err(Wrong::new(Fault::Panic, format!("{what} panicked: {message}")));
        }
        Ok(())
    }

    /// No call panicked, nor any other thread, but with a message that begins with one of these.
    ///
    /// # Errors
    ///
    /// Otherwise: which call, if it was one, and the message.
    pub(crate) fn no_panic_besides(self, run: &Run, meant: &[&str]) -> Result<(), Wrong> {
        let meant = |entry: &Entry| meant.iter().any(|text| entry.text.starts_with(text));
        let panic = run.entries.iter().find(|entry| entry.word == Entry::PANIC && !meant(entry));
        let message = panic.map_or("panic without a message", |entry| entry.text.as_str());
        let broken = |entry: &&Entry| matches!(entry.word, script::BROKE | script::NO_TOOL);
        let what = match run.entries.iter().find(broken).map(|entry| &entry.args[..]) {
            Some(&[a, b, c, ..]) => format!("`{}` panicked: {message}", (self.call)([a, b, c])),
            Some(_) => format!("`new` panicked: {message}"),
            None if panic.is_some() => format!("a thread panicked: {message}"),
            None => return Ok(()),
        };
        Err(Wrong::new(Fault::Panic, what))
    }
}

/// Nobody sleeps or polls to wait: the only sleeps are the script's own, and so many which calls were told to make.
///
/// # Errors
///
/// Otherwise.
pub(crate) fn nobody_slept_but(experiment: &Experiment, run: &Run, told: u64) -> Result<(), Wrong> {
    let own = experiment.words.iter().skip(1).flat_map(|words| script::ops(words));
    let own = own.filter(|op| op[0] == script::SLEEP).count() as u64 + told;
    let slept = run.entries.iter().find(|entry| entry.word == script::SLEEPS);
    match slept.and_then(|entry| entry.args.first()) {
        Some(&slept) if slept > own => {
            let what = "it sleeps while it waits: nobody should look again from time to time";
            Err(Wrong::new(Fault::SleepAsSync, what))
        }
        _ => Ok(()),
    }
}

/// Nobody sleeps or polls to wait: the only sleeps are the script's own.
///
/// # Errors
///
/// Otherwise.
pub(crate) fn nobody_slept(experiment: &Experiment, run: &Run) -> Result<(), Wrong> {
    nobody_slept_but(experiment, run, 0)
}

/// No thread is left when the tool has been dropped.
///
/// # Errors
///
/// Otherwise.
pub(crate) fn no_thread_left(run: &Run) -> Result<(), Wrong> {
    let left = run.entries.iter().find(|entry| entry.word == script::THREADS_LEFT);
    match left.map(|entry| entry.args.len()) {
        Some(count) if count > 0 => {
            let what = "a thread is still there after everything was dropped";
            Err(Wrong::new(Fault::LeakedThread, what))
        }
        _ => Ok(()),
    }
}

/// The run without the panics whose message begins so: those that the driver made on purpose and caught itself.
pub(crate) fn without_panics(run: &Run, message: &str) -> Run {
    let mut run = run.clone();
    run.entries.retain(|entry| entry.word != Entry::PANIC || !entry.text.starts_with(message));
    run
}
