//! Several processes that use one tool: the caller plays its calls, and starts children that play theirs.
//!
//! Knows neither tool nor right answers. What comes of a call is told to the judge over the gate, from the process that made it.

use super::super::words::players::{self as words, Call, Told};
use crate::refusal::limit;
use crate::session::{calls, checkpoint, drop_in_a_panic, play_call};
use crate::{faults, gate};
use nix::sys::resource::Resource;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;
use std::panic::{AssertUnwindSafe, catch_unwind};
use wire::Challenge;

/// Writes the part of an adapter that tells what a `LinkError` of the answer's is.
#[macro_export]
macro_rules! q5_link_told {
    ($answer:ident) => {
        fn told(error: $answer::link_error::LinkError) -> $crate::q5_sharing_data::words::players::Told {
            use $answer::link_error::LinkError;
            use $crate::q5_sharing_data::words::pipe as links;
            let (kind, detail) = match error {
                LinkError::Disconnected => (links::DISCONNECTED, 0),
                LinkError::TimedOut => (links::TIMED_OUT, 0),
                LinkError::Truncated => (links::TRUNCATED, 0),
                LinkError::Undecodable(_) => (links::UNDECODABLE, 0),
                LinkError::Os(error) => (links::OS, error as i32 as u64),
            };
            $crate::q5_sharing_data::words::players::Told::new(kind, detail)
        }
    };
}

/// A tool with which calls are made.
pub trait Part {
    /// This process is a child now, and plays these calls: it lets go what only others use.
    fn enter(&mut self, player: u64);
    /// Makes a call. Whether it went well or not, what came of it is told.
    fn act(&mut self, code: u64, args: &[u64]) -> Result<Told, Told>;
    /// Drops everything.
    fn leave(&mut self);
}

/// Plays the scene as the caller.
///
/// # Errors
///
/// If it is no list of calls.
pub fn play(part: &mut dyn Part, challenge: &Challenge) -> Result<(), String> {
    let calls = calls(challenge, Call::from_words)?;
    let mut children: Vec<(u64, Pid)> = Vec::new();
    for (place, call) in calls.iter().enumerate().filter(|(_, call)| call.player == 0) {
        play_call(place as u64, || act(part, &calls, place, call, &mut children));
    }
    part.leave();
    limit(Resource::RLIMIT_NOFILE, None);
    children.into_iter().for_each(|(_, child)| wait_for(child));
    Ok(())
}

fn act(part: &mut dyn Part, calls: &[Call], place: usize, call: &Call, children: &mut Vec<(u64, Pid)>) {
    let first = call.args.first().copied().unwrap_or_default();
    match call.code {
        words::START => children.extend(start(part, calls, place, call).map(|child| (first, child))),
        words::WAIT => {
            if let Some(at) = children.iter().position(|(player, _)| *player == first) {
                wait_for(children.remove(at).1);
            }
        }
        words::CHECKPOINT => checkpoint(first),
        _ => play_one(part, place, call),
    }
}

/// Starts the player that a call names.
fn start(part: &mut dyn Part, calls: &[Call], place: usize, call: &Call) -> Option<Pid> {
    let player = call.args.first().copied().unwrap_or_default();
    let child = toolkit::fork(|| play_child(part, calls, player)).ok();
    if child.is_none() {
        gate::wait(Told::new(words::THREADS, 0).task(place));
    }
    child
}

fn play_child(part: &mut dyn Part, calls: &[Call], player: u64) -> i32 {
    part.enter(player);
    for (place, call) in calls.iter().enumerate().filter(|(_, call)| call.player == player) {
        match call.code {
            words::LEAVE => return 0, // the caller's memory is not dropped here either
            words::START => _ = start(part, calls, place, call),
            _ => play_one(part, place, call),
        }
    }
    part.leave();
    0
}

/// What every player can do.
fn play_one(part: &mut dyn Part, place: usize, call: &Call) {
    let first = call.args.first().copied().unwrap_or_default();
    let told = match call.code {
        words::FAULTS => {
            faults::set(u32::try_from(first).unwrap_or_default());
            return;
        }
        words::HOLD => {
            gate::wait(first);
            return;
        }
        words::FEW_FILES => {
            let open = std::fs::read_dir("/proc/self/fd").map_or(0, |all| all.count() as u64);
            return limit(Resource::RLIMIT_NOFILE, Some(open - 1 + first));
        }
        words::FILES => return limit(Resource::RLIMIT_NOFILE, None),
        words::BLOCK_TERM => {
            let _ = SigSet::from(Signal::SIGTERM).thread_block();
            return;
        }
        _ => match catch_unwind(AssertUnwindSafe(|| part.act(call.code, &call.args))) {
            Ok(Ok(told) | Err(told)) => told,
            Err(_) => Told::new(words::PANICKED, 0),
        },
    };
    if call.tells || told.kind == words::PANICKED {
        limit(Resource::RLIMIT_NOFILE, None); // or there may be none for the gate
        gate::wait(told.task(place));
    }
}

/// Drops this with these faults, and with those of before afterwards.
pub(super) fn drop_amid<T>(mode: u64, what: T) {
    let before = faults::set(u32::try_from(mode).unwrap_or_default());
    drop(what);
    faults::set(before);
}

/// Lets `held` go: if that is asked for by [`words::UNWINDS`], as what a body owns when it panics.
pub fn let_go<T>(held: T, how: &[u64]) {
    if how == [words::UNWINDS] {
        drop_in_a_panic(held);
    }
}

fn wait_for(child: Pid) {
    while faults::without(|| waitpid(child, None)) == Err(nix::Error::EINTR) {}
}
