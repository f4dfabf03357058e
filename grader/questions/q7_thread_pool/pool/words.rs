//! The calls of a thread pool in a script, all of them by its caller, and the tasks that it is given.

use wire::script::Op;

/// Makes a pool of so many threads; 0 comes back if there is one, 1 for `NoThreads`, 2 for `Spawn`. If the second number is not 0,
/// the system refuses the thread of that number, from 1, and every later one.
pub const NEW: u64 = 0;
/// Submits the task of this number, which does what the second number says: see [`Task`].
pub const SUBMIT: u64 = 1;
/// Waits for the result of the task of this number; see [`outcome`].
pub const RESULT: u64 = 2;
/// Whether the task of this number is done.
pub const IS_DONE: u64 = 3;
/// Maps over so many inputs: the tasks from this number on, of which the first does what the first half of the second
/// number says, the others what the second half says. What comes back is that of [`RESULT`], one after another.
pub const MAP: u64 = 4;
/// Lets the held task of this number go on.
pub const RELEASE: u64 = 5;
/// Waits until the task of this number has begun.
pub const AWAIT: u64 = 6;
/// Drops the pool; with 1, in a body that panics.
pub const DROP: u64 = 7;
/// `join`.
pub const JOIN: u64 = 8;
/// How many threads there are besides the caller.
pub const THREADS: u64 = 9;
/// What the last of the tasks that write has written, by a plain load.
pub const WRITTEN: u64 = 10;
/// From here on another thread waits for the result of the task of this number.
pub const ELSEWHERE: u64 = 11;
/// Waits for the thread that waits for the task of this number; what came back is that of [`RESULT`].
pub const COLLECT: u64 = 12;
/// Submits so many tasks that leave nothing on record.
pub const MANY: u64 = 13;
/// How many of those have run, and how many before one that came earlier.
pub const MANY_RAN: u64 = 14;
/// As [`MAP`]; whoever asks for an input waits for a task of the same pool first.
pub const MAP_FED: u64 = 15;

/// What a task does besides giving back [`value`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Nothing.
    Plain,
    /// Panics with a text that names it: a `String`.
    Panic,
    /// The same with a text that is the same for all: a `&str`.
    PanicPlain,
    /// Panics with a value that is no text.
    PanicNumber,
    /// Waits until so many tasks that do this are at work at once.
    Gather(u64),
    /// Waits until its caller lets it go on.
    Hold,
    /// Waits until so many tasks have ended.
    HoldUntil(u64),
    /// Submits a plain task, whose number is larger by 100, to its own pool.
    Nest,
    /// Makes a plain store of its number.
    Write,
    /// [`Task::Nest`], and then [`Task::Hold`].
    NestHold,
    /// Panics with a text of two lines.
    PanicLines,
    /// Keeps whoever waits for it waiting for a century.
    Rest,
}

impl Task {
    /// One number.
    pub const fn word(self) -> u64 {
        match self {
            Task::Plain => 0,
            Task::Panic => 1,
            Task::PanicNumber => 2,
            Task::Gather(count) => 3 + 16 * count,
            Task::Hold => 4,
            Task::HoldUntil(count) => 5 + 16 * count,
            Task::Nest => 6,
            Task::Write => 7,
            Task::PanicPlain => 8,
            Task::NestHold => 9,
            Task::PanicLines => 10,
            Task::Rest => 11,
        }
    }

    /// Reads [`Task::word`].
    pub const fn from_word(word: u64) -> Task {
        match word % 16 {
            1 => Task::Panic,
            2 => Task::PanicNumber,
            3 => Task::Gather(word / 16),
            4 => Task::Hold,
            5 => Task::HoldUntil(word / 16),
            6 => Task::Nest,
            7 => Task::Write,
            8 => Task::PanicPlain,
            9 => Task::NestHold,
            10 => Task::PanicLines,
            11 => Task::Rest,
            _ => Task::Plain,
        }
    }

    fn told(self) -> String {
        match self {
            Task::Plain => "returns".into(),
            Task::Panic | Task::PanicPlain | Task::PanicNumber | Task::PanicLines => "panics".into(),
            Task::Gather(count) => format!("waits until {count} tasks are at work"),
            Task::Hold => "is held".into(),
            Task::HoldUntil(count) => format!("waits until {count} tasks have ended"),
            Task::Nest => "submits another task".into(),
            Task::NestHold => "submits another task and is held".into(),
            Task::Write => "writes".into(),
            Task::Rest => "takes a century".into(),
        }
    }
}

/// What the task of this number gives back.
pub const fn value(id: u64) -> u64 {
    id * 7 + 3
}

/// Two numbers for what came of a task: 0 and its value, or 1 and 0 if it panicked; the message of the panic is on record
/// as [`MESSAGE`].
pub fn outcome(result: Result<u64, String>) -> ([u64; 2], Option<String>) {
    match result {
        Ok(value) => ([0, value], None),
        Err(message) => ([1, 0], Some(message)),
    }
}

/// The text of [`Task::PanicPlain`].
pub const PLAIN_TEXT: &str = "a task panics on purpose";

/// The text of [`Task::PanicLines`].
pub const TWO_LINES: &str = "a task panics on purpose\nand says more";

/// The text of [`Task::Panic`].
pub fn text(id: u64) -> String {
    format!("task {id} panics on purpose")
}

/// A task begins; args: its number. The thread is the world's.
pub const BEGINS: u64 = 1;
/// A task ends, well or not; args: its number.
pub const ENDS: u64 = 2;
/// A task waited at a gate in vain; args: its number.
pub const IN_VAIN: u64 = 3;
/// The message of a panic that a result brought; text.
pub const MESSAGE: u64 = 4;

/// A call as a student would write it.
pub fn call(op: Op) -> String {
    let [code, a, b] = op;
    match code {
        NEW if b > 0 => format!("ThreadPool::new({a}), where the system refuses thread {b}"),
        NEW => format!("ThreadPool::new({a})"),
        SUBMIT => format!("submit(task {a}, which {})", Task::from_word(b).told()),
        RESULT => format!("task {a}: result()"),
        IS_DONE => format!("task {a}: is_done()"),
        MAP | MAP_FED => {
            let (first, count) = map_of(a);
            let fed = if code == MAP_FED { ", each after another task" } else { "" };
            format!("map({count} inputs from task {first} on{fed})")
        }
        ELSEWHERE => format!("another thread calls task {a}: result()"),
        COLLECT => format!("task {a}: result() of the other thread"),
        MANY => format!("submits {a} tasks"),
        MANY_RAN => "counts those tasks".into(),
        RELEASE => format!("lets task {a} go on"),
        AWAIT => format!("waits until task {a} has begun"),
        DROP if a == 1 => "a panic of the owner, which drops the pool".into(),
        DROP => "drop(pool)".into(),
        JOIN => "join()".into(),
        THREADS => "counts threads".into(),
        _ => "a plain load".into(),
    }
}

/// The first number and how many, in a call of [`MAP`].
pub const fn map_of(word: u64) -> (u64, u64) {
    (word >> 16, word & 0xffff)
}

/// What came back.
pub fn result(op: Op, result: &[u64]) -> String {
    let one = |pair: &[u64; 2]| match pair {
        [0, value] => format!("Ok({value})"),
        _ => "Err(TaskPanic)".to_owned(),
    };
    match (op[0], result) {
        (NEW, [0]) => " -> Ok".into(),
        (NEW, [1]) => " -> Err(NoThreads)".into(),
        (NEW, _) => " -> Err(Spawn)".into(),
        (RESULT | COLLECT | MAP | MAP_FED, pairs) => {
            let all: Vec<String> = pairs.as_chunks::<2>().0.iter().map(one).collect();
            if matches!(op[0], RESULT | COLLECT) {
                format!(" -> {}", all.concat())
            } else {
                format!(" -> [{}]", all.join(", "))
            }
        }
        (IS_DONE, [done]) => format!(" -> {}", *done == 1),
        (MANY_RAN, [ran, late]) => format!(" -> {ran} have run, {late} out of turn"),
        (THREADS | WRITTEN, [number]) => format!(" -> {number}"),
        _ => String::new(),
    }
}
