//! The words that the driver and the checks of this question share.
//!
//! A scene is a list of calls, each a list of numbers; what came back is an entry for each call.

/// The task as which the caller checks in while a pool starts. Tasks of jobs are smaller.
pub const START: u64 = 100_001;
/// The same while a pool ends.
pub const STOP: u64 = 100_002;

/// Hold the end of a pool in its `join`, or whatever else ends it.
pub const IN_JOIN: u64 = 1;
/// Hold it in its `close`; in what ends it only if nobody has closed it.
pub const IN_CLOSE: u64 = 2;

/// What a job does with its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Square it.
    Return,
    /// Panic.
    Panic,
    /// End the process with code 7.
    Exit,
    /// Be killed by signal 9.
    Killed,
}

/// One of the numbers that the answer hands to the job. It looks like any number to the answer; to
/// the job it says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job {
    /// Its place among all of the scene.
    pub id: u64,
    /// Whether it waits at the judge's gate first.
    pub held: bool,
    /// What it does then.
    pub then: Then,
    /// What is squared; below 65,536.
    pub value: u64,
}

impl Job {
    /// The number that stands for it.
    pub fn to_number(self) -> u64 {
        let then = match self.then {
            Then::Return => 0,
            Then::Panic => 1,
            Then::Exit => 2,
            Then::Killed => 3,
        };
        self.value | self.id << 16 | u64::from(self.held) << 32 | then << 33
    }

    /// Reads what [`Job::to_number`] wrote.
    pub fn from_number(number: u64) -> Option<Self> {
        let then = match number >> 33 {
            0 => Then::Return,
            1 => Then::Panic,
            2 => Then::Exit,
            3 => Then::Killed,
            _ => return None,
        };
        let held = number >> 32 & 1 == 1;
        Some(Job { id: number >> 16 & 0xffff, held, then, value: number & 0xffff })
    }
}

/// The text with which a job panics that is told to.
pub fn panic_text(id: u64) -> String {
    format!("number {id} panics on purpose")
}

/// A timing that the judge has made up; durations are in nanoseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeUp {
    /// How many workers.
    pub workers: u64,
    /// The three phases.
    pub phases_ns: [u64; 3],
    /// The results.
    pub results: Vec<u64>,
}

/// One call of the scene.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// `square(number)`.
    Square(u64),
    /// `time_pool(workers, jobs, …)`.
    TimePool(u64, Vec<Job>),
    /// `compare(sizes, jobs, …)`.
    Compare(Vec<u64>, Vec<Job>),
    /// `time_threads(threads, jobs, …)`.
    TimeThreads(u64, Vec<Job>),
    /// `table(timings)`.
    Table(Vec<MadeUp>),
    /// `chart(timings)`.
    Chart(Vec<MadeUp>),
    /// Stand at this checkpoint.
    Checkpoint(u64),
    /// From here on these faults, as in `drivers-faults`.
    Faults(u64),
    /// From here on (1) idle threads of `time_threads` are slow to leave, until (0) all are let go.
    Loiter(u64),
    /// From here on the caller checks in at [`START`], and at [`STOP`] in `join` ([`IN_JOIN`]) or already
    /// in `close` ([`IN_CLOSE`]), or nowhere (0).
    Hold(u64),
    /// From here on pools fail: at [`START`], at [`STOP`], or 0 for not at all.
    Fail(u64),
}

impl Call {
    /// The call as numbers.
    pub fn to_words(&self) -> Vec<u64> {
        let numbers = |head: &[u64], jobs: &[Job]| -> Vec<u64> {
            head.iter().copied().chain(jobs.iter().map(|job| job.to_number())).collect()
        };
        let made_up = |kind: u64, timings: &[MadeUp]| -> Vec<u64> {
            let words = timings.iter().flat_map(|timing| {
                let MadeUp { workers, phases_ns: [start, map, stop], results } = timing;
                [&[*workers, *start, *map, *stop, results.len() as u64], results.as_slice()].concat()
            });
            std::iter::once(kind).chain(words).collect()
        };
        match self {
            Call::Square(number) => vec![0, *number],
            Call::TimePool(workers, jobs) => numbers(&[1, *workers], jobs),
            Call::Compare(sizes, jobs) => {
                numbers(&[&[2, sizes.len() as u64], sizes.as_slice()].concat(), jobs)
            }
            Call::TimeThreads(threads, jobs) => numbers(&[3, *threads], jobs),
            Call::Table(timings) => made_up(4, timings),
            Call::Chart(timings) => made_up(5, timings),
            Call::Checkpoint(number) => vec![6, *number],
            Call::Faults(mode) => vec![7, *mode],
            Call::Hold(mode) => vec![8, *mode],
            Call::Loiter(mode) => vec![10, *mode],
            Call::Fail(phase) => vec![9, *phase],
        }
    }

    /// Reads what [`Call::to_words`] wrote.
    pub fn from_words(words: &[u64]) -> Option<Self> {
        let jobs = |numbers: &[u64]| -> Option<Vec<Job>> {
            numbers.iter().map(|&number| Job::from_number(number)).collect()
        };
        Some(match words {
            [0, number] => Call::Square(*number),
            [1, workers, rest @ ..] => Call::TimePool(*workers, jobs(rest)?),
            [2, count, rest @ ..] => {
                let (sizes, rest) = rest.split_at_checked(usize::try_from(*count).ok()?)?;
                Call::Compare(sizes.to_vec(), jobs(rest)?)
            }
            [3, threads, rest @ ..] => Call::TimeThreads(*threads, jobs(rest)?),
            [4, rest @ ..] => Call::Table(made_up(rest)?),
            [5, rest @ ..] => Call::Chart(made_up(rest)?),
            [6, number] => Call::Checkpoint(*number),
            [7, mode] => Call::Faults(*mode),
            [8, mode] => Call::Hold(*mode),
            [10, mode] => Call::Loiter(*mode),
            [9, phase] => Call::Fail(*phase),
            _ => return None,
        })
    }
}

fn made_up(mut words: &[u64]) -> Option<Vec<MadeUp>> {
    let mut timings = Vec::new();
    while let [workers, start, map, stop, count, rest @ ..] = words {
        let (results, rest) = rest.split_at_checked(usize::try_from(*count).ok()?)?;
        let phases_ns = [*start, *map, *stop];
        timings.push(MadeUp { workers: *workers, phases_ns, results: results.to_vec() });
        words = rest;
    }
    words.is_empty().then_some(timings)
}

/// A timing; args: call, place, workers, start, map and stop in nanoseconds, then the results.
pub const TIMING: u64 = 1;
/// A call has returned timings; args: call, how many.
pub const RETURNED: u64 = 2;
/// A call has returned an error; args: call, then [`NO_WORKERS`] … with its numbers; and a text.
pub const ERROR: u64 = 3;
/// A square; args: call, square.
pub const SQUARE: u64 = 5;
/// A part of a text; args: call. A call's parts make one text, in their order.
pub const TEXT: u64 = 6;
/// A text has ended; args: call, how many characters it has in all.
pub const TEXT_END: u64 = 7;

/// `TimingError::NoWorkers`.
pub const NO_WORKERS: u64 = 1;
/// `TimingError::Pool`; args go on with the error in numbers: 1 no workers, 2 closed, 3 fork, 4 frame,
/// 5 the system and its number.
pub const POOL: u64 = 2;
/// `TimingError::Task`; args go on: index, then [`TASK_PANICKED`] … with its numbers.
pub const TASK: u64 = 3;
/// `TimingError::Threads`.
pub const THREADS: u64 = 4;

/// It has panicked; the text of the entry is the message.
pub const TASK_PANICKED: u64 = 1;
/// Its worker has died; args go on: signal or 0, code + 1 or 0.
pub const WORKER_DIED: u64 = 2;
/// Something else happened to the task.
pub const TASK_LOST: u64 = 3;
