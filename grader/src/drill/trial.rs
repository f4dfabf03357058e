//! One program of the table in one box, started as answers are: behind a reaper, with a socket as a driver
//! has.
//!
//! Knows how an outcome shows, not whether it is the right one.

use super::boxes::{Seen, Walls};
use super::program::Program;
use super::victims::{Services, Victims};
use crate::error::Result;
use crate::report;
use crate::run::enclosure::{Enclosure, Guest};
use crate::run::link;
use crate::sandbox::{self, Limits, Order, Sandbox, Slot};
use crate::scratch::Scratch;
use hostile::{Attack, Witness};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use std::io::{ErrorKind, Read};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::{Duration, Instant};
use wire::Notice;

/// Only against a program or a reaper that hangs; nothing is measured by it.
const PATIENCE: Duration = Duration::from_secs(120);

/// How much is kept of what a program prints, in bytes.
const KEPT_BYTES: usize = 64 * 1024;

/// What all programs share.
pub(super) struct Trial<'a> {
    pub(super) sandbox: &'a Sandbox,
    pub(super) program: &'a Program,
    pub(super) services: &'a Services,
}

/// How a program has ended.
#[derive(Debug, Default)]
struct End {
    /// As the reaper tells it; nothing if it does not.
    status: Option<ExitStatus>,
    /// What it printed to standard error.
    text: String,
    /// Whether everything that could print has ended.
    is_silent: bool,
}

impl Trial<'_> {
    /// Runs an attack.
    pub(super) fn attack(&self, attack: &Attack, walls: Walls) -> Result<Seen> {
        let slot = Slot::take(&self.sandbox.layers)?;
        // Where the user is no wall, what belongs to us belongs to the attack's user too.
        let mut victims = Victims::new(&self.program.path, slot.user().filter(|_| !walls.own_user))?;
        let words = ["attack".to_owned(), attack.name.to_owned()];
        let words = words.into_iter().chain(victims.arguments(self.services)).collect();
        let scratch = Scratch::new("attack")?;
        let folder = scratch.path().to_path_buf();
        let mut is_at_peace = true;
        let end = self.run(words, walls, attack.sees_processes, (&slot, &scratch), || {
            is_at_peace = attack.witness != Witness::VictimProcess || victims.dismiss();
        })?;
        drop(scratch);
        let said = end.seen();
        let has_acted = match &said {
            Seen::Reached(_) => true,
            Seen::Stopped(by) => by == "SIGXCPU",
            Seen::Unclear(_) => false,
        };
        let (is_closed, word) = match attack.witness {
            _ if !has_acted => return Ok(said),
            Witness::Itself => return Ok(said),
            Witness::Victims => (victims.are_intact(), "intact"),
            Witness::VictimProcess => (is_at_peace, "at peace"),
            Witness::Folder => (folder.symlink_metadata().is_err(), "gone"),
            Witness::SharedMemory => (!victims.left_memory().exists(), "gone"),
            Witness::Processes => (end.is_silent, "gone"),
            Witness::Reaper => (end.status.is_some(), "alive"),
            Witness::Report => (end.text.lines().all(|line| is_harmless(&report::clean(line))), "cleaned"),
        };
        Ok(if is_closed { Seen::Stopped(word.into()) } else { Seen::Reached(format!("not {word}")) })
    }

    /// Runs a half of a pair, or both, to the end; the ways in which they have met.
    pub(super) fn half(&self, half: &str, arguments: Vec<String>, walls: Walls) -> Result<Seen> {
        let slot = Slot::take(&self.sandbox.layers)?;
        let scratch = Scratch::new("pair")?;
        let mut words = vec!["pair".to_owned(), half.to_owned()];
        words.extend(arguments);
        Ok(self.run(words, walls, true, (&slot, &scratch), || ())?.seen())
    }

    /// Runs an honest program.
    pub(super) fn need(&self, need: &str, walls: Walls) -> Result<Seen> {
        let slot = Slot::take(&self.sandbox.layers)?;
        let scratch = Scratch::new("need")?;
        let words = vec!["need".to_owned(), need.to_owned()];
        Ok(self.run(words, walls, true, (&slot, &scratch), || ())?.seen())
    }

    /// Runs the program to its end; `before_sweep` is called when only processes of the same user are
    /// still to be ended.
    fn run(
        &self,
        words: Vec<String>,
        walls: Walls,
        sees_processes: bool,
        (slot, scratch): (&Slot, &Scratch),
        before_sweep: impl FnOnce(),
    ) -> Result<End> {
        let (enclosure, guest) = self.start(words, walls, sees_processes, (slot, scratch))?;
        Ok(End::of(enclosure, guest, before_sweep))
    }

    /// Starts the program in a box of its own.
    pub(super) fn start(
        &self,
        words: Vec<String>,
        walls: Walls,
        sees_processes: bool,
        (slot, scratch): (&Slot, &Scratch),
    ) -> Result<(Enclosure, Guest)> {
        let sandbox = self.sandbox.with(walls.layers(&self.sandbox.layers));
        slot.give(scratch.path())?;
        let order = Order {
            program: &self.program.path,
            args: words.into_iter().map(Into::into).collect(),
            reads: Vec::new(),
            folder: scratch.path(),
            temporary: scratch.path(),
            limits: Limits::PROCESSES,
            sees_processes,
            compiler: false,
        };
        let enclosure = Enclosure::open(&sandbox, slot, &order.surroundings())?;
        let guest = enclosure.let_in(sandbox::way_in(&sandbox, slot, &order))?;
        Ok((enclosure, guest))
    }
}

/// Whether a line may be shown: nothing in it moves a cursor, and nothing at its beginning is a command.
fn is_harmless(line: &str) -> bool {
    const TURNS: &[char] = &['\u{202a}', '\u{202b}', '\u{202d}', '\u{202e}'];
    let is_command = line.trim_start().starts_with("::") || line.contains("##[");
    !is_command && !line.contains(|c: char| c.is_control() || TURNS.contains(&c))
}

impl End {
    /// Waits for the end of a program, then has the reaper end everything else.
    fn of(enclosure: Enclosure, mut guest: Guest, before_sweep: impl FnOnce()) -> Self {
        let reaper = &enclosure.reaper;
        let mut end = Self::default();
        let mut kept = Vec::new();
        let mut deadline = Instant::now() + PATIENCE;
        let (mut has_told, mut is_reaped) = (false, false);
        while Instant::now() < deadline {
            let mut ready = [PollFd::new(reaper.as_fd(), PollFlags::POLLIN)];
            // A socket that has hung up is always ready: then the wait is for the pipes.
            let _ = poll(&mut ready[usize::from(is_reaped)..], PollTimeout::from(5_u8));
            is_reaped =
                is_reaped || ready[0].revents().is_some_and(|events| events.contains(PollFlags::POLLHUP));
            while let Some(parcel) = link::receive(reaper, Notice::MAX_BYTES) {
                match Notice::from_bytes(&parcel.bytes) {
                    Ok(Notice::Ended { status, .. }) => {
                        let status = u32::try_from(status).unwrap_or_default().cast_signed();
                        end.status = Some(ExitStatus::from_raw(status));
                    }
                    Ok(Notice::Gone { .. }) => is_reaped = true,
                    _ => {}
                }
            }
            let ends = [drain(&mut guest.stdout, &mut Vec::new()), drain(&mut guest.stderr, &mut kept)];
            end.is_silent = ends == [true, true];
            let is_over = end.status.is_some() || is_reaped;
            if is_over && !has_told {
                enclosure.ask_to_clear();
                has_told = true;
                deadline = Instant::now() + PATIENCE;
            }
            if is_over && end.is_silent && is_reaped {
                break;
            }
        }
        before_sweep();
        drop(enclosure);
        end.text = String::from_utf8_lossy(&kept).into_owned();
        end
    }

    /// What the program says of itself, or what ended it.
    fn seen(&self) -> Seen {
        let word = |line: &str, kind: &str| line.strip_prefix(kind).map(str::to_owned);
        for line in self.text.lines().rev() {
            if let Some(evidence) = word(line, "reached: ") {
                return Seen::Reached(evidence);
            }
            if let Some(evidence) = word(line, "stopped: ") {
                return Seen::Stopped(evidence);
            }
        }
        match self.status.and_then(|status| status.signal()) {
            Some(signal) => {
                let name = Signal::try_from(signal).map_or_else(|_| signal.to_string(), |s| s.to_string());
                Seen::Stopped(name)
            }
            None => Seen::Unclear(format!("{:?}, {:?}", self.status, self.text)),
        }
    }
}

/// Takes in what is there. Whether that was the end of it.
fn drain(pipe: &mut impl Read, kept: &mut Vec<u8>) -> bool {
    let mut chunk = [0; 4096];
    loop {
        match pipe.read(&mut chunk) {
            Ok(0) => return true,
            Ok(count) => {
                let room = KEPT_BYTES.saturating_sub(kept.len()).min(count);
                kept.extend_from_slice(&chunk[..room]);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return false,
        }
    }
}
