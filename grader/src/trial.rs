//! What a check of a process question wants to see: trials declared up front, what the judge saw in
//! them, and the rules that read it.
//!
//! A trial is one respondent, fresh from its start, and a script for the judge: which tasks it
//! holds at their gates, which it lets go, whom it kills. Nothing here runs anything.

use crate::experiment::{Numbers, Wrong};
use crate::fault::Fault;
use crate::run::Ending;
use std::time::Duration;
use wire::Entry;

/// One respondent and what the judge does while it plays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// The driver's name of the scene.
    pub scene: &'static str,
    /// Its numbers.
    pub words: Vec<Vec<u64>>,
    /// What the judge does, in order. After the last step every gate is opened at once and every
    /// checkpoint is left at once.
    pub script: Vec<Step>,
    /// Whether it takes so long that it had better not begin last.
    pub is_long: bool,
}

impl Trial {
    /// A trial of this scene.
    pub fn new(scene: &'static str, words: Vec<Vec<u64>>, script: &[Step]) -> Self {
        Self { scene, words, script: script.to_vec(), is_long: false }
    }

    /// The same, known to take longer than its script tells: much is carried, or computed.
    pub fn long(self) -> Self {
        Self { is_long: true, ..self }
    }
}

/// One step of the judge. A step that waits is also over when the respondent has returned, when it
/// has left, or when it is proven that what the step waits for can never be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Wait until the driver stands at this checkpoint; no gate is opened.
    Checkpoint(u64),
    /// Let the driver leave its checkpoint.
    GoOn,
    /// Wait until this many tasks are held at their gates.
    Gather(usize),
    /// End the trial unless this many tasks are held by now.
    NoLater(usize),
    /// Wait until nothing moves any more.
    Quiet,
    /// Open the gate of one task.
    Open(Pick),
    /// Let tasks go as they come until `count` have gone, except those numbers, which are held.
    Flow {
        /// How many.
        count: usize,
        /// The tasks that are held.
        except: Vec<u64>,
        /// Whether the judge waits until `together` tasks are held, as long as so many can come, and
        /// then opens the newest first.
        together: usize,
    },
    /// Kill (`SIGKILL`) the worker that runs a task, and wait until the kernel shows it dead.
    Kill(Pick),
    /// Kill a child of the caller that runs no task: the one with this place in the order of their
    /// births. Waits until the kernel shows it dead.
    KillIdle(usize),
    /// The same with another signal, one that ends it.
    SignalIdle(usize, i32),
    /// Send this signal to the caller alone or to its process group. Nothing is sent while the driver stands at a checkpoint:
    /// no call is under way then that could hear it.
    Signal(i32, Whom),
    /// Kill the caller, then wait until all that it started has ended or can never end.
    KillCaller,
    /// Write down who there is.
    Census,
    /// Watch for a while how much processor time everybody uses.
    Idle,
    /// Let time pass: 20 ms, or three times the longest pause between two events of this trial if that
    /// is more (2 s at most). Pauses of the judge's own making do not count.
    Dwell,
    /// Let more than a second pass: durations have a part that is less.
    DwellLong,
    /// Receive what was written to the judge's message socket until so many records have come in
    /// all. The socket is full at the start and read at no other time, so writers wait.
    Receive(usize),
    /// Stop (`SIGSTOP`) a child of the caller: the one with this place in the order of their births.
    Stop(usize),
    /// Let all stopped children go on.
    Continue,
    /// Write down what everybody waits for.
    Doing,
    /// Write down how much memory everybody has to itself.
    Memory,
}

/// Which of the tasks that are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// The one that came first.
    Oldest,
    /// The one that came last.
    Newest,
    /// The one with this number.
    Task(u64),
}

/// Who gets a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// The caller alone.
    Caller,
    /// Everybody in the process group of the caller, as when somebody presses Ctrl-C in a terminal.
    Group,
}

/// A process that the kernel showed to the judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Who {
    /// Its number outside all namespaces.
    pub pid: u32,
    /// Its number as it sees itself.
    pub own_pid: u32,
    /// 0 for the caller, and then in the order in which the judge met them.
    pub rank: usize,
    /// Whether it is a child of the caller.
    pub is_child: bool,
}

impl Who {
    /// As in `worker 2`: numbers of processes differ from run to run.
    pub fn name(self) -> String {
        if self.rank == 0 { "the caller".into() } else { format!("worker {}", self.rank) }
    }
}

/// Something that the judge saw or did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When, in nanoseconds of the machine's monotonic clock since the trial began.
    pub at_ns: u64,
    /// What.
    pub seen: Seen,
}

/// What the judge can see or do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// A task has begun and waits at its gate.
    Arrived {
        /// Who runs it.
        who: Who,
        /// Which one.
        task: u64,
        /// The thread, if the kernel knows one of that number in that process.
        thread: u64,
        /// How many are held now, this one included.
        held: usize,
    },
    /// A gate was opened.
    Opened {
        /// Whose.
        who: Who,
        /// Which task's.
        task: u64,
        /// What the task adds to its answer.
        addend: u64,
    },
    /// A wait was given up, since nothing moves and nobody else can come.
    InVain {
        /// Who waits for what.
        waits: Vec<String>,
    },
    /// The driver has come to a checkpoint.
    Checkpoint(u64),
    /// The driver was told to leave it.
    WentOn,
    /// The judge has let time pass.
    Dwelt,
    /// Somebody was killed by the judge.
    Killed(Who),
    /// The judge has sent a signal.
    Signalled(i32, Whom),
    /// Somebody was stopped by the judge.
    Stopped(Who),
    /// What everybody does, in words.
    Doing(Vec<(Who, String)>),
    /// How many bytes everybody has in memory that belongs to no file and is not shared.
    Memory(Vec<(Who, u64)>),
    /// Who there is.
    Census(Census),
    /// How much everybody worked while nobody had anything to do.
    Idle(Vec<Busy>),
    /// A record on the message socket: who wrote it and what.
    Record {
        /// The writer, as the kernel says.
        who: Who,
        /// The beginning of what it wrote.
        text: String,
    },
    /// After the caller was killed, these were still there and can never end.
    Survivors(Vec<Who>),
    /// The scene is over.
    Returned,
}

/// Who there is at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Census {
    /// The children of the caller that have not ended, in the order of their births.
    pub children: Vec<Who>,
    /// Children that have ended and were not waited for.
    pub zombies: Vec<Who>,
    /// Processes that are not children of the caller.
    pub others: Vec<Who>,
    /// Open descriptors of the caller.
    pub descriptors: usize,
    /// Threads of the caller.
    pub threads: usize,
    /// For each pipe that a child of the caller holds: who can read from it and who can write to it.
    pub pipes: Vec<Pipe>,
}

/// A pipe and who holds its ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pipe {
    /// Who can read.
    pub readers: Vec<Who>,
    /// Who can write.
    pub writers: Vec<Who>,
}

/// How busy a process was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Busy {
    /// Who.
    pub who: Who,
    /// In how many of the looks it was running or ready to run.
    pub running_looks: u32,
    /// How many looks there were.
    pub looks: u32,
    /// Time on a processor or waiting for one, in thousandths of the time that passed.
    pub permille: u64,
    /// How often it woke and went to sleep again.
    pub naps: u64,
    /// In so much time.
    pub watched: Duration,
}

impl Busy {
    /// Whether it worked for most of the time, or would have if others had let it.
    pub(crate) fn uses_the_processor(&self) -> bool {
        self.running_looks * 2 >= self.looks || self.permille > 500
    }
}

/// What was there when the scene was over and the judge closed the session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Leftovers {
    /// Processes that still ran.
    pub processes: usize,
    /// Processes that had ended and were not waited for.
    pub zombies: usize,
    /// More descriptors than before the scene.
    pub descriptors: usize,
    /// More threads than the first.
    pub threads: usize,
    /// Named shared memory.
    pub shared_memory: usize,
}

/// Everything about one trial.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    /// What the driver wrote down.
    pub entries: Vec<Entry>,
    /// What the judge saw and did, in order.
    pub events: Vec<Event>,
    /// Why there is no good end, if there is none.
    pub end: Option<Ending>,
    /// What was left behind.
    pub left: Leftovers,
}

/// The rules of one check of a process question.
#[derive(Clone, Copy)]
pub struct TrialRules {
    /// The check's id, as in `exercise.toml`.
    pub check: &'static str,
    /// The trials, from fresh numbers.
    pub trials: fn(&mut Numbers) -> Vec<Trial>,
    /// Reads one trace; `Err` says what is wrong with it.
    pub judge: fn(&Trial, &Trace) -> Result<(), Wrong>,
}

impl Trace {
    /// The gates that were opened: task and addend, in order.
    pub fn opened(&self) -> impl Iterator<Item = (u64, u64)> {
        self.events.iter().filter_map(|event| match event.seen {
            Seen::Opened { task, addend, .. } => Some((task, addend)),
            _ => None,
        })
    }

    /// Who ran which task, in the order of arrival.
    pub fn arrivals(&self) -> impl Iterator<Item = (Who, u64)> {
        self.events.iter().filter_map(|event| match event.seen {
            Seen::Arrived { who, task, .. } => Some((who, task)),
            _ => None,
        })
    }

    /// All censuses, in order.
    pub fn censuses(&self) -> impl Iterator<Item = &Census> {
        self.events.iter().filter_map(|event| match &event.seen {
            Seen::Census(census) => Some(census),
            _ => None,
        })
    }

    /// The most tasks that were held at one time.
    pub fn most_held(&self) -> usize {
        let held = self.events.iter().filter_map(|event| match event.seen {
            Seen::Arrived { held, .. } => Some(held),
            _ => None,
        });
        held.max().unwrap_or_default()
    }

    /// The driver's entry of this word.
    pub fn entry(&self, word: u64) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.word == word)
    }

    /// The places of the calls that panicked.
    pub fn panicked_calls(&self) -> impl Iterator<Item = usize> {
        let calls = self.entries.iter().filter(|entry| entry.word == Entry::CALL_PANICKED);
        calls.filter_map(|entry| usize::try_from(*entry.args.first()?).ok())
    }

    /// The message of the last panic, with its place.
    pub fn last_panic(&self) -> &str {
        let panic = self.entries.iter().rev().find(|entry| entry.word == Entry::PANIC);
        panic.map_or("panic without a message", |entry| entry.text.as_str())
    }

    /// Where among the events the judge first gave up waiting.
    pub fn waited_in_vain(&self) -> Option<usize> {
        self.events.iter().position(|event| matches!(event.seen, Seen::InVain { .. }))
    }

    /// Who waits for what where the judge first gave up waiting; nothing if it never did.
    pub fn in_vain(&self) -> Vec<String> {
        let waits = self.events.iter().find_map(|event| match &event.seen {
            Seen::InVain { waits } => Some(waits.clone()),
            _ => None,
        });
        waits.unwrap_or_default()
    }

    /// At every look of [`Step::Idle`] everybody was at rest: nobody used the processor, and nobody woke more than `most_naps`
    /// times to look around.
    ///
    /// # Errors
    ///
    /// Who did.
    pub fn at_rest(&self, most_naps: u64) -> Result<(), Wrong> {
        self.rests(|_| most_naps)
    }

    /// The same of who may look again so many times a second.
    ///
    /// # Errors
    ///
    /// Who did more.
    pub fn at_rest_but_looks(&self, per_second: u64) -> Result<(), Wrong> {
        // A look may sleep for a lock as well, and for the lock of a condition.
        const SWITCHES: u64 = 3;
        self.rests(|watched| {
            let looks = watched.as_millis() * u128::from(per_second) / 1000;
            SWITCHES * (1 + u64::try_from(looks).unwrap_or(u64::MAX / SWITCHES - 1))
        })
    }

    fn rests(&self, most_naps: impl Fn(Duration) -> u64) -> Result<(), Wrong> {
        let looks = self.events.iter().filter_map(|event| match &event.seen {
            Seen::Idle(all) => Some(all),
            _ => None,
        });
        for busy in looks.flatten() {
            let Busy { who, running_looks, looks, naps, watched, .. } = busy;
            let name = who.name();
            let (fault, what) = if busy.uses_the_processor() {
                (Fault::BusyWait, format!("{name} uses the processor though it has nothing to do"))
            } else if *naps > most_naps(*watched) {
                let what = "wakes again and again to see whether there is something to do";
                (Fault::SleepPolling, format!("{name} {what}"))
            } else {
                continue;
            };
            let shares =
                format!("with nothing to do: running at {running_looks} of {looks} looks, {naps} wake-ups");
            return Err(Wrong::new(fault, what).with_evidence(vec![shares]));
        }
        Ok(())
    }

    /// Whether the trial ended at a [`Step::NoLater`].
    pub fn is_late(&self) -> bool {
        matches!(self.end, Some(Ending::Late))
    }

    /// The respondent has come to its end, or nobody can tell: a doubt is told by the judge itself.
    ///
    /// # Errors
    ///
    /// What is wrong with the end.
    pub fn came_to_end(&self) -> Result<(), Wrong> {
        let Some(ending) = &self.end else { return Ok(()) };
        match ending.fault() {
            Ok((fault, headline)) => Err(Wrong::new(fault, headline).with_evidence(ending.evidence())),
            Err(_) => Ok(()),
        }
    }

    /// No call has panicked, and the respondent has come to its end. A hang has the fault and the
    /// words of what the check is about.
    ///
    /// # Errors
    ///
    /// What is wrong instead.
    pub fn good_end(&self, hang: Fault, what: &str) -> Result<(), Wrong> {
        if let Some(number) = self.panicked_calls().next() {
            let what = format!("call {} of the scene panicked: {}", number + 1, self.last_panic());
            return Err(Wrong::new(Fault::Panic, what));
        }
        let hangs = matches!(self.end, Some(Ending::Hang { .. } | Ending::NapsForEver { .. }));
        self.came_to_end().map_err(|wrong| match hangs {
            true => Wrong { fault: hang, headline: what.to_owned(), ..wrong },
            false => wrong,
        })
    }
}

/// As in `SIGTERM`.
pub(crate) fn signal_name(signal: i32) -> &'static str {
    nix::sys::signal::Signal::try_from(signal).map_or("a signal", nix::sys::signal::Signal::as_str)
}
