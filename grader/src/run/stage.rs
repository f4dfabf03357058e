//! The judge's side of a trial: one respondent that may start processes, its reaper, and the gates.
//!
//! Receives whatever comes (replies, check-ins, notices, output) and writes it down with the sender
//! that the kernel names. Every wait ends: by what it waits for, by the respondent's end, by a proof
//! that nothing can come, or by the judge's patience. What is done when is in `conduct`.

use super::enclosures::{Admission, Enclosures};
use super::ending::{Ending, Excess, Talk};
use super::link::{self, Parcel};
use super::printed::Printed;
use super::respondent::Respondent;
use crate::error::{GraderError, Result};
use crate::observe::{Look, People, Still};
use crate::sandbox::Limits;
use crate::trial::{Event, Leftovers, Seen, Trace, Who};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{self, MsgFlags};
use nix::sys::stat::{SFlag, fstat};
use nix::time::{ClockId, clock_gettime};
use procs::Member;
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};
use wire::{Challenge, CheckIn, MAX_MESSAGE_BYTES, Reply, Request};

/// How long the judge waits for a message before it looks: so long at least, and so many times as long as its last look took of
/// a processor. Of sixty processes a look takes milliseconds, which they could use themselves.
const LOOK_EVERY: Duration = Duration::from_millis(5);
const WAIT_FOR_LOOK: u32 = 4;
/// It waits no longer than this, whatever the last look took.
const LONGEST_WAIT: Duration = Duration::from_millis(40);

/// The longest trial. A machine that is too busy for this gets a doubt, never a verdict.
const PATIENCE: Duration = Duration::from_secs(60);
/// Nothing that an answer could do.
const REAPER_GONE: &str = "the process that watches over the run was ended from outside";

/// How much processor time those may use that the judge waits for to become quiet. Each time that they have used it up they get half
/// of that the next time: whoever asks again and again would come to the end of its limit before the script does.
const WORKS_ON_NS: u64 = 300_000_000;

/// The longest trace. What is seen is kept until the trial is judged, and the judge's memory is not the
/// answer's to fill. The longest traces of the reference solutions have 53
/// events and 300 entries.
const MOST_EVENTS: usize = 2_000;
const MOST_ENTRIES: usize = 20_000;

/// A task that waits at its gate.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) who: Who,
    pub(super) task: u64,
    key: File,
}

/// Why a wait is over.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Waited {
    /// It has come.
    Come,
    /// It can never come.
    InVain,
    /// The scene is over, or the respondent has gone.
    Over,
}

pub(super) struct Stage<'a> {
    respondent: Respondent<'a>,
    driver: OwnedFd,
    rendezvous: OwnedFd,
    /// Full at first, so that writers wait; read only when a step says so.
    pub(super) records: OwnedFd,
    /// Whether the message socket is read all the time.
    pub(super) lets_writers_go: bool,
    limits: Limits,
    pub(super) people: People,
    still: Still,
    pub(super) held: Vec<Held>,
    pub(super) at_checkpoint: Option<u64>,
    /// What was seen so far.
    pub(super) trace: Trace,
    began: u64,
    started: Instant,
    /// How long it is to the next look.
    pace: Duration,
    /// Time on a processor of everybody who lived at the last look.
    worked_ns: u64,
    /// How often it was waited in vain for them to become quiet.
    restless: u32,
    /// The scene has come to its end.
    pub(super) returned: bool,
    descriptors: usize,
    /// Whether the driver has said anything yet.
    was_heard: bool,
    printed: Printed,
}

/// The monotonic clock of the machine, in nanoseconds: the same for all processes.
fn now_ns() -> u64 {
    clock(ClockId::CLOCK_MONOTONIC).as_nanos() as u64
}

fn clock(which: ClockId) -> Duration {
    clock_gettime(which).map_or(Duration::ZERO, Duration::from)
}

impl<'a> Stage<'a> {
    /// Starts the reaper and, through it, the respondent.
    pub(super) fn start(enclosures: &'a Enclosures<'a>, program: &Path, limits: Limits) -> Result<Self> {
        let who = Admission { program, limits, sees_processes: true, many_threads: false };
        let (respondent, first, printed) = Respondent::start(enclosures, who)?;
        let (driver, for_driver) = link::pair()?;
        let (rendezvous, for_tasks) = link::pair()?;
        let (records, for_records) = link::pair()?;
        for socket in [&driver, &rendezvous, &records] {
            link::ask_for_sender(socket)?;
        }
        fill(&for_records)?;
        link::hand_over(&first, &[&for_driver, &for_tasks, &for_records])?;
        drop((for_driver, for_tasks, for_records));
        let people = People::new(respondent.reaper_pid, respondent.pid);
        Ok(Self {
            respondent,
            driver,
            rendezvous,
            records,
            lets_writers_go: false,
            limits,
            people,
            still: Still::default(),
            held: Vec::new(),
            at_checkpoint: None,
            trace: Trace::default(),
            began: now_ns(),
            started: Instant::now(),
            pace: LOOK_EVERY,
            worked_ns: 0,
            restless: 0,
            returned: false,
            descriptors: 0,
            was_heard: false,
            printed,
        })
    }

    /// Has the scene played; what comes of it is received by the waits.
    pub(super) fn begin(&mut self, challenge: &Challenge) -> Talk<()> {
        self.send(&Request::Start(challenge.clone()))?;
        // The driver says that it stands at the door: from here on descriptors are counted.
        match self.wait_until(|stage| stage.at_checkpoint == Some(0))? {
            Waited::Come => {}
            _ => return Err(self.gone()),
        }
        self.descriptors = procs::descriptors(self.people.caller).len();
        self.at_checkpoint = None;
        self.send(&Request::Explore { count: 1, stop_at_failure: false })
    }

    pub(super) fn send(&mut self, request: &Request) -> Talk<()> {
        let sent = socket::send(self.driver.as_raw_fd(), &request.to_bytes(), MsgFlags::MSG_NOSIGNAL);
        if sent.is_ok() { Ok(()) } else { Err(self.gone()) }
    }

    /// Writes down what was seen.
    pub(super) fn note(&mut self, seen: Seen) {
        let at_ns = now_ns().saturating_sub(self.began);
        self.trace.events.push(Event { at_ns, seen });
        self.still.progress();
    }

    /// Nanoseconds since the trial began.
    pub(super) fn elapsed_ns(&self) -> u64 {
        now_ns().saturating_sub(self.began)
    }

    /// Waits until `done`, the end of the scene, or a proof that it can never be.
    pub(super) fn wait_until(&mut self, done: impl Fn(&Self) -> bool) -> Talk<Waited> {
        self.still.progress();
        loop {
            if done(self) {
                return Ok(Waited::Come);
            }
            if self.returned || self.is_over() {
                return Ok(Waited::Over);
            }
            if self.pump()? {
                continue;
            }
            match self.look()? {
                Look::Moves | Look::Quiet => {}
                Look::Proven(waits) | Look::Napping(waits) if self.holds_something() => {
                    self.note(Seen::InVain { waits });
                    return Ok(Waited::InVain);
                }
                Look::Proven(waits) => return Err(Ending::Hang { waits }),
                Look::Napping(waits) => return Err(Ending::NapsForEver { waits }),
                Look::Idle(threads) => return Err(Ending::NoEnd { threads }),
            }
        }
    }

    /// Waits until nothing moves any more; no proof is needed for that, so who works on and on is
    /// not waited for.
    pub(super) fn wait_for_quiet(&mut self) -> Talk<()> {
        self.still.progress();
        let before = worked_ns(&self.people.members());
        let most = WORKS_ON_NS >> self.restless.min(10);
        loop {
            if self.is_over() {
                return Ok(());
            }
            // How much comes in is limited.
            if self.pump()? {
                continue;
            }
            match self.look()? {
                Look::Moves if self.worked_ns.saturating_sub(before) > most => {
                    self.restless += 1;
                    return Ok(());
                }
                Look::Moves => {}
                Look::Quiet | Look::Proven(_) | Look::Napping(_) | Look::Idle(_) => return Ok(()),
            }
        }
    }

    /// Whether the judge itself keeps somebody waiting.
    fn holds_something(&self) -> bool {
        !self.held.is_empty() || self.at_checkpoint.is_some()
    }

    /// One look from outside.
    pub(super) fn look(&mut self) -> Talk<Look> {
        let begun = clock(ClockId::CLOCK_THREAD_CPUTIME_ID);
        let all = self.people.members();
        let taken = clock(ClockId::CLOCK_THREAD_CPUTIME_ID).saturating_sub(begun);
        self.pace = (taken * WAIT_FOR_LOOK).clamp(LOOK_EVERY, LONGEST_WAIT);
        self.worked_ns = worked_ns(&all);
        self.respondent.supervise(&self.limits, &all)?;
        if self.started.elapsed() > PATIENCE {
            return Err(Ending::NoEnd { threads: self.still.describe(&mut self.people) });
        }
        let look = self.still.look(&mut self.people, all);
        // Who sent something and went to sleep right before the look waits for us.
        let moves = !matches!(look, Look::Moves | Look::Quiet) && self.something_is_unread();
        Ok(if moves { Look::Moves } else { look })
    }

    /// Whether a message is on its way to the judge.
    fn something_is_unread(&self) -> bool {
        let records = self.lets_writers_go.then_some(&self.records);
        [&self.rendezvous, &self.driver, &*self.respondent.reaper]
            .into_iter()
            .chain(records)
            .any(link::has_message)
    }

    /// Waits a moment for something to come and takes it in; `false` when nothing came.
    pub(super) fn pump(&mut self) -> Talk<bool> {
        if self.trace.events.len() > MOST_EVENTS {
            let (limit, seen) = (MOST_EVENTS as u64, self.trace.events.len() as u64);
            return Err(Ending::Over { what: Excess::Messages, limit, seen });
        }
        let [stdout, stderr] = self.printed.pipes();
        let mut ready = [
            PollFd::new(self.rendezvous.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.driver.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.respondent.reaper.as_fd(), PollFlags::POLLIN),
            PollFd::new(stdout, PollFlags::POLLIN),
            PollFd::new(stderr, PollFlags::POLLIN),
        ];
        let timeout = PollTimeout::try_from(self.pace).unwrap_or(PollTimeout::ZERO);
        let _ = poll(&mut ready, timeout);
        let readable = |fd: &PollFd| fd.revents().is_some_and(|events| events.contains(PollFlags::POLLIN));
        let [tasks, driver, reaper, out, err] = ready.each_ref().map(readable);
        let some_end_is_closed = ready_without_data(&ready);
        let reaper_has_gone = ready_without_data(&ready[2..3]);
        if out || err {
            self.printed.drain(&self.limits)?;
        }
        let mut came = false;
        // First: what was written before a message of the driver's is written down before it.
        while self.lets_writers_go && self.take_record() {
            came = true;
        }
        if tasks && let Some(parcel) = link::receive(&self.rendezvous, CheckIn::MAX_BYTES) {
            self.check_in(parcel)?;
            came = true;
        }
        if driver && let Some(parcel) = link::receive(&self.driver, MAX_MESSAGE_BYTES) {
            self.reply(&parcel)?;
            came = true;
        }
        if reaper {
            came |= self.respondent.take_notice();
        }
        if !came && reaper_has_gone && self.respondent.ended.is_none() {
            // It tells of the end before it goes: somebody else has ended it, or the box around it.
            return Err(Ending::Confused(REAPER_GONE.to_owned()));
        }
        if !came && some_end_is_closed {
            // Ends that are closed are ready all the time.
            std::thread::sleep(self.pace);
        }
        Ok(came)
    }

    fn check_in(&mut self, mut parcel: Parcel) -> Talk<()> {
        let (Ok(check_in), Some(pid), Some(key), true) = (
            CheckIn::from_bytes(&parcel.bytes),
            parcel.sender,
            parcel.keys.pop(),
            parcel.keys.is_empty() && !parcel.cut,
        ) else {
            return Err(Ending::Nonsense);
        };
        // A look may fall into the moment in which its parent ends; the next ones do not.
        let mut looks = 0;
        while !self.people.has(pid) {
            looks += 1;
            if procs::state(pid).is_none() {
                // Killed right after it came, as `terminate` does with queued tasks: nobody waits for us.
                return Ok(());
            }
            if looks == 3 {
                return Err(Ending::Nonsense);
            }
        }
        // The sender waits for us; what is no pipe is no gate.
        let is_pipe = fstat(&key).is_ok_and(|about| {
            SFlag::from_bits_truncate(about.st_mode & SFlag::S_IFMT.bits()) == SFlag::S_IFIFO
        });
        if !is_pipe {
            return Err(Ending::Nonsense);
        }
        let _ = fcntl(&key, FcntlArg::F_SETFL(OFlag::O_NONBLOCK));
        let who = self.people.name(pid);
        let thread = procs::thread_called(pid, check_in.thread).unwrap_or_default().into();
        self.held.push(Held { who, task: check_in.task, key });
        let held = self.held.len();
        self.note(Seen::Arrived { who, task: check_in.task, thread, held });
        Ok(())
    }

    fn reply(&mut self, parcel: &Parcel) -> Talk<()> {
        if parcel.sender != Some(self.people.caller) || parcel.cut || !parcel.keys.is_empty() {
            return Err(Ending::Nonsense);
        }
        self.was_heard = true;
        match Reply::from_bytes(&parcel.bytes) {
            Ok(Reply::Checkpoint { number }) => {
                self.at_checkpoint = Some(number);
                self.note(Seen::Checkpoint(number));
            }
            Ok(Reply::Ran(runs)) => {
                self.trace.entries.extend(runs.into_iter().flat_map(|run| run.entries));
                if self.trace.entries.len() > MOST_ENTRIES {
                    return Err(Ending::Nonsense);
                }
            }
            Ok(Reply::Explored) => {
                self.returned = true;
                self.note(Seen::Returned);
            }
            Ok(Reply::Confused(why)) => return Err(Ending::Confused(why)),
            _ => return Err(Ending::Nonsense),
        }
        Ok(())
    }

    /// Opens a gate.
    pub(super) fn open(&mut self, place: usize) {
        if place >= self.held.len() {
            return;
        }
        let mut held = self.held.remove(place);
        let addend = 1 + link::fresh_bits() % 1_000_000;
        // Written down first: what comes of it must not seem to come before it.
        self.note(Seen::Opened { who: held.who, task: held.task, addend });
        let _ = held.key.write_all(&addend.to_le_bytes());
    }

    /// Takes in one record from the message socket, if there is one that the answer wrote.
    pub(super) fn take_record(&mut self) -> bool {
        if self.trace.events.len() > MOST_EVENTS {
            return false; // whoever writes faster than we read must not keep us here
        }
        let Some(parcel) = link::receive(&self.records, 1024) else { return false };
        let Some(pid) = parcel.sender.filter(|&pid| pid != std::process::id()) else { return true };
        let who = self.people.name(pid);
        let text: String = String::from_utf8_lossy(&parcel.bytes).chars().take(200).collect();
        self.note(Seen::Record { who, text });
        true
    }

    /// The respondent has gone too early: why?
    pub(super) fn gone(&mut self) -> Ending {
        for _ in 0..400 {
            if self.is_over() || self.pump().is_err() {
                break;
            }
        }
        match &self.respondent.ended {
            Some(ended) => {
                self.respondent.left_early(ended.status, &self.limits, &self.printed, self.was_heard)
            }
            None => Ending::Nonsense,
        }
    }

    /// Looks at what is left after the scene.
    pub(super) fn count_leftovers(&mut self) -> Talk<()> {
        let mut census = self.people.census();
        if census.threads > 1 || !census.children.is_empty() || !census.others.is_empty() {
            // Threads and processes that are just ending get until nothing moves any more.
            self.wait_for_quiet()?;
            census = self.people.census();
        }
        self.trace.left = Leftovers {
            processes: census.children.len() + census.others.len(),
            zombies: census.zombies.len(),
            descriptors: census.descriptors.saturating_sub(self.descriptors),
            threads: census.threads.saturating_sub(1),
            shared_memory: self.respondent.shared_memory(),
        };
        Ok(())
    }

    /// The same after everybody was killed: only memory with a name can be left.
    pub(super) fn count_shared_memory(&mut self) {
        self.trace.left.shared_memory = self.respondent.shared_memory();
    }

    /// Closes the session: the token must come back, the exit must be clean.
    pub(super) fn close(&mut self) -> Talk<()> {
        let token = link::fresh_bits();
        self.send(&Request::Close { token })?;
        let mut echoed = None;
        while !self.is_over() {
            if let Some(parcel) = link::receive(&self.driver, MAX_MESSAGE_BYTES) {
                match Reply::from_bytes(&parcel.bytes) {
                    Ok(Reply::Closed { token }) if echoed.is_none() => echoed = Some(token),
                    _ => return Err(Ending::Nonsense),
                }
            } else if !self.pump_reaper()? && self.started.elapsed() > PATIENCE {
                return Err(Ending::NoEnd { threads: self.still.describe(&mut self.people) });
            }
        }
        let left_open = link::receive(&self.driver, MAX_MESSAGE_BYTES);
        if let (None, Some(parcel)) = (echoed, left_open)
            && let Ok(Reply::Closed { token }) = Reply::from_bytes(&parcel.bytes)
        {
            echoed = Some(token);
        }
        match &self.respondent.ended {
            Some(ended) if ended.status.success() && echoed == Some(token) => Ok(()),
            Some(ended) => {
                Err(self.respondent.left_early(ended.status, &self.limits, &self.printed, self.was_heard))
            }
            None => Err(Ending::Nonsense),
        }
    }

    /// Waits a moment for the reaper alone.
    fn pump_reaper(&mut self) -> Talk<bool> {
        self.printed.drain(&self.limits)?;
        let mut ready = [
            PollFd::new(self.respondent.reaper.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.driver.as_fd(), PollFlags::POLLIN),
        ];
        let timeout = PollTimeout::try_from(LOOK_EVERY).unwrap_or(PollTimeout::ZERO);
        let _ = poll(&mut ready, timeout);
        Ok(self.respondent.take_notice())
    }

    /// Whether the respondent has ended.
    pub(super) fn is_over(&self) -> bool {
        self.respondent.ended.is_some()
    }

    /// Ends everything, and returns what was seen.
    pub(super) fn finish(mut self) -> Trace {
        self.respondent.finish();
        self.trace
    }
}

/// Time on a processor of all of them.
fn worked_ns(all: &[Member]) -> u64 {
    all.iter().map(Member::cpu_ns).sum()
}

/// Whether some end is closed, so that waiting on it returns at once.
fn ready_without_data(ready: &[PollFd<'_>]) -> bool {
    let closed = PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL;
    ready.iter().any(|fd| fd.revents().is_some_and(|events| events.intersects(closed)))
}

/// Fills a socket with records of our own, so that whoever writes to it waits.
fn fill(socket: &OwnedFd) -> Result<()> {
    socket::setsockopt(socket, nix::sys::socket::sockopt::SndBuf, &4096)
        .map_err(|error| GraderError::machine(format!("failed to prepare a socket: {error}")))?;
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
    while socket::send(socket.as_raw_fd(), &[0], flags).is_ok() {}
    Ok(())
}
