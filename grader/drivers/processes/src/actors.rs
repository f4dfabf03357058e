//! Actors: processes that the caller forks and that use one tool, each by a list of calls, and a notebook that they share.
//!
//! What an actor has noted stays when it is killed. Knows neither tools nor what is right.

use crate::session::{Question, checkpoint, log, log_text, play_call};
use crate::{faults, gate};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{Signal, kill};
use nix::sys::time::TimeValLike;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::Pid;
use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::yield_now;
use std::time::Duration;
use toolkit::shm::Region;
use wire::Challenge;
use wire::actors::{self as words, Op};

/// How one part's tool is made and used.
pub trait Part {
    /// The tool, as all actors share it.
    type Tool;

    /// Makes the tool, before anybody is forked.
    ///
    /// # Errors
    ///
    /// Why it could not be made.
    fn make(&self, from: &[u64]) -> Result<Self::Tool, String>;

    /// Plays the calls of one actor, by [`Actor::each`].
    fn act(&self, tool: &Self::Tool, actor: &Actor<'_>);

    /// Looks at the tool once all children have ended.
    fn look(&self, _tool: &Self::Tool) {}
}

/// A part behind its adapter, as a question that the session can serve.
#[derive(Debug)]
pub struct Cast<P>(pub P);

impl<P: Part> Question for Cast<P> {
    fn play(&self, challenge: &Challenge) -> Result<(), String> {
        if challenge.scene != words::SCENE {
            return Err(format!("no scene of this part: {}", challenge.scene));
        }
        let notes = Notes::new().map_err(|error| format!("no memory for notes: {error}"))?;
        play_call(0, || play(&self.0, &challenge.words, &notes));
        notes.tell();
        Ok(())
    }
}

fn play<P: Part>(part: &P, words: &[Vec<u64>], notes: &Notes) {
    let tool = match part.make(words.first().map_or(&[], Vec::as_slice)) {
        Ok(tool) => tool,
        Err(why) => return log_text(words::NO_TOOL, &[], &why),
    };
    let actor = |number: usize, pids| Actor {
        number: number as u64,
        ops: words::ops(words, number),
        place: Cell::new(0),
        pids,
        notes,
    };
    let act = |actor: &Actor<'_>| {
        catch_unwind(AssertUnwindSafe(|| part.act(&tool, actor))).map_err(|payload| {
            notes.write(words::PANICKED, [actor.number, actor.place.get(), 0, 0], text(&*payload));
            payload
        })
    };
    let mut pids = Vec::new();
    for number in 1..words.len().saturating_sub(1) {
        match toolkit::fork(|| act(&actor(number, &[])).map_or(101, |()| 0)) {
            Ok(pid) => pids.push(pid),
            Err(error) => {
                log_text(words::NO_FORK, &[number as u64], &error.to_string());
                break;
            }
        }
    }
    let led = act(&actor(0, &pids));
    for (number, pid) in (1..).zip(pids) {
        match end(pid) {
            Some(WaitStatus::Exited(_, code)) => {
                log(words::ENDED, &[number, 0, u64::from(code.cast_unsigned())])
            }
            Some(WaitStatus::Signaled(_, signal, _)) => log(words::ENDED, &[number, 1, signal as u64]),
            _ => {}
        }
    }
    match led {
        Ok(()) => part.look(&tool),
        Err(payload) => resume_unwind(payload),
    }
}

/// Waits for a child, and says how it ended; `None` if somebody else has waited for it.
fn end(pid: Pid) -> Option<WaitStatus> {
    faults::without(|| {
        loop {
            match waitpid(pid, None) {
                Err(nix::Error::EINTR) => {}
                end => return end.ok(),
            }
        }
    })
}

fn text(payload: &(dyn Any + Send)) -> &str {
    let string = || payload.downcast_ref::<String>().map(String::as_str);
    payload.downcast_ref::<&str>().copied().or_else(string).unwrap_or("panic without a message")
}

/// Who plays a list of calls.
#[derive(Debug)]
pub struct Actor<'a> {
    /// 0 for the caller.
    pub number: u64,
    ops: Vec<Op>,
    /// Of the call that is played.
    place: Cell<u64>,
    /// The children, if this is the caller.
    pids: &'a [Pid],
    notes: &'a Notes,
}

impl Actor<'_> {
    /// Plays the calls, one after the other: those that are the same for every tool by itself, all others by `call`. What comes
    /// back is noted.
    pub fn each(&self, mut call: impl FnMut(Op) -> [u64; 2]) {
        for (place, &op) in (0..).zip(&self.ops) {
            self.place.set(place);
            let [a, b] = self.common(op).unwrap_or_else(|| call(op));
            self.notes.write(words::RETURNED, [self.number, place, a, b], "");
        }
    }

    /// A number that all actors share.
    pub fn cell(&self, number: u64) -> &AtomicU64 {
        &self.notes.cells[number as usize % words::CELLS]
    }

    /// Waits until a cell has at least this, or the child that should bring it there is dead.
    pub fn watch(&self, number: u64, least: u64, child: u64) {
        let pid = usize::try_from(child).ok().and_then(|child| self.pids.get(child.checked_sub(1)?).copied());
        while self.cell(number).load(Ordering::Relaxed) < least && pid.is_some_and(is_alive) {
            yield_now();
        }
    }

    /// Repeats a step until it has met others so many times, or somebody has raised the cell, or this process has been on a processor
    /// for [`words::LONGEST`]: on one processor there is next to no meeting. `step` says whether it has met anybody.
    pub fn meet(&self, raised: u64, meetings: u64, mut step: impl FnMut() -> bool) {
        let (raised, mut met) = (self.cell(raised), 0);
        for turn in 1_u64.. {
            met += u64::from(step());
            if met >= meetings {
                raised.store(1, Ordering::Relaxed);
            }
            // How long it was is a question to the system, and costs more than a step.
            let is_over = turn.is_multiple_of(256) && worked() > words::LONGEST;
            if is_over || raised.load(Ordering::Relaxed) > 0 {
                return;
            }
        }
    }

    /// Adds one to a cell so that another who does it at the same time is noticed.
    pub fn count(&self, number: u64) -> u64 {
        let cell = self.cell(number);
        let before = cell.load(Ordering::Relaxed);
        yield_now();
        cell.store(before + 1, Ordering::Relaxed);
        before
    }

    fn common(&self, [code, with, _]: Op) -> Option<[u64; 2]> {
        let child =
            || usize::try_from(with).ok().and_then(|with| self.pids.get(with.checked_sub(1)?).copied());
        match code {
            words::GATE => return Some([gate::wait(with), 0]),
            words::CHECKPOINT => checkpoint(with),
            words::KILL => {
                let _ = kill(child()?, Signal::SIGKILL);
                dead(child()?);
            }
            words::AWAIT => dead(child()?),
            words::LEAVE => leave(with),
            words::COUNT => return Some([self.count(with), 0]),
            words::READ => return Some([self.cell(with).load(Ordering::Relaxed), 0]),
            words::HEIR => {
                let waits = || {
                    gate::wait(with);
                    0
                };
                toolkit::fork(waits).expect("a child");
            }
            words::YIELD => (0..with).for_each(|_| yield_now()),
            _ => return None,
        }
        Some([0, 0])
    }
}

/// How long this process has been on a processor.
fn worked() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("a process may ask about itself");
    let micros =
        [usage.user_time(), usage.system_time()].iter().map(TimeValLike::num_microseconds).sum::<i64>();
    Duration::from_micros(micros.unsigned_abs())
}

/// Waits until a child is dead, and leaves it to be waited for.
fn dead(pid: Pid) {
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
    faults::without(|| while waitid(Id::Pid(pid), flags) == Err(nix::Error::EINTR) {});
}

fn is_alive(pid: Pid) -> bool {
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT | WaitPidFlag::WNOHANG;
    faults::without(|| waitid(Id::Pid(pid), flags)) == Ok(WaitStatus::StillAlive)
}

/// Leaves the process as a program does, with everything that it holds.
#[expect(clippy::exit, clippy::disallowed_methods, reason = "one way for a process to end")]
pub fn leave(code: u64) -> ! {
    std::process::exit(i32::try_from(code).unwrap_or(1))
}

/// The most lines that are kept.
const LINES: usize = 4_096;
/// The numbers of a line: a word, four numbers, the length of a text, and its beginning.
const LINE: usize = 16;
const TEXT: usize = (LINE - 6) * 8;

/// What all actors have noted, in one order, in memory that they share.
#[derive(Debug)]
struct Notes {
    next: Region<AtomicU64>,
    lines: Region<[AtomicU64]>,
    cells: Region<[AtomicU64]>,
}

impl Notes {
    fn new() -> nix::Result<Self> {
        let (next, lines) = (Region::of(AtomicU64::new(0))?, Region::new(LINES * LINE)?);
        Ok(Self { next, lines, cells: Region::new(words::CELLS)? })
    }

    /// What finds no room is lost.
    fn write(&self, word: u64, args: [u64; 4], text: &str) {
        let at = self.next.fetch_add(1, Ordering::Relaxed) as usize;
        let Some(line) = self.lines.get(at * LINE..(at + 1) * LINE) else { return };
        let text = &text.as_bytes()[..text.len().min(TEXT)];
        let letters = text.chunks(8).map(|part| {
            let mut eight = [0; 8];
            eight[..part.len()].copy_from_slice(part);
            u64::from_le_bytes(eight)
        });
        let rest = args.into_iter().chain([text.len() as u64]).chain(letters);
        for (cell, number) in line[1..].iter().zip(rest) {
            cell.store(number, Ordering::Relaxed);
        }
        line[0].store(word, Ordering::Release); // last: a line without it was not finished
    }

    /// Puts all lines on record.
    fn tell(&self) {
        for line in self.lines.chunks(LINE).take(self.next.load(Ordering::Relaxed) as usize) {
            let word = line[0].load(Ordering::Acquire);
            if word == 0 {
                continue; // its writer was killed
            }
            let numbers: Vec<u64> = line[1..].iter().map(|cell| cell.load(Ordering::Relaxed)).collect();
            let letters: Vec<u8> = numbers[5..].iter().flat_map(|number| number.to_le_bytes()).collect();
            let text = &letters[..(numbers[4] as usize).min(TEXT)];
            log_text(word, &numbers[..4], &String::from_utf8_lossy(text));
        }
    }
}
