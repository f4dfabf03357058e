//! The judge's side of one talk with one respondent.
//!
//! Sends requests, reads replies, drains what the process prints, and looks at the process from
//! outside while nothing comes. Every wait has an end: a message, the end of the process, a limit,
//! a proof, or the judge's patience.

use super::enclosures::{Admission, Enclosures};
use super::ending::{Ending, Talk};
use super::link;
use super::printed::Printed;
use super::respondent::{Ended, Respondent};
use super::watch::{LOOK_EVERY, Sight, Watch, describe_threads, prove_hang};
use crate::error::Result;
use crate::experiment::World;
use crate::sandbox::Limits;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{self, MsgFlags};
use procs::Task;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};
use wire::{Challenge, Entry, MAX_MESSAGE_BYTES, Reply, Request, Run, Schedule};

/// How long threads that are just ending get until they are gone.
const GRACE: Duration = Duration::from_secs(2);

pub(super) struct Session<'a> {
    respondent: Respondent<'a>,
    socket: OwnedFd,
    limits: Limits,
    watch: Watch,
    world: World,
    /// Those that were open at the door.
    descriptors: Vec<u32>,
    gates: Vec<Gate>,
    /// How often each thread has come to a gate in this run.
    visits: BTreeMap<u64, u64>,
    stalled: Vec<Entry>,
    has_stalled: bool,
    /// Whether the driver has said anything yet.
    was_heard: bool,
    /// How many bytes it may still send until something is asked again.
    room: u64,
    printed: Printed,
}

/// How many bytes a respondent may send for one run, on average; the most that was seen of an honest one
/// are 26 KB. What it sends is kept until the check is decided, and the judge's memory is not its to fill.
const RUN_BYTES: u64 = 64 * 1024;

/// Why nobody goes on in the model world, where the explorer always lets somebody.
const UNKNOWN_LOCK: &str = "the explorer lets a thread go on, and it does not: it may hold, or wait for, a lock of std that \
                            has no model, such as that of `stdout`, of `stderr` or of a file";

/// A thread that waits at a gate.
struct Gate {
    thread: u64,
    visit: u64,
    key: File,
}

impl<'a> Session<'a> {
    pub(super) fn start(
        enclosures: &'a Enclosures<'a>,
        program: &Path,
        world: World,
        limits: Limits,
        hurry: bool,
    ) -> Result<Self> {
        let many_threads = world == World::Model;
        let who = Admission { program, limits, sees_processes: false, many_threads };
        let (respondent, first, printed) = Respondent::start(enclosures, who)?;
        let (socket, for_driver) = link::pair()?;
        link::hand_over(&first, &[&for_driver])?;
        let watch = Watch::new(respondent.pid, hurry);
        Ok(Self {
            respondent,
            socket,
            limits,
            watch,
            world,
            descriptors: Vec::new(),
            gates: Vec::new(),
            visits: BTreeMap::new(),
            stalled: Vec::new(),
            has_stalled: false,
            was_heard: false,
            room: RUN_BYTES,
            printed,
        })
    }

    /// Makes the respondent ready for a challenge.
    pub(super) fn begin(&mut self, challenge: &Challenge) -> Talk<()> {
        self.send(&Request::Start(challenge.clone()))?;
        match self.receive()? {
            Reply::Checkpoint { number: 0 } => {}
            other => return Err(unexpected(other)),
        }
        // From the first time at the door descriptors are counted: before that a process may still be on its way into the program.
        if self.descriptors.is_empty() {
            self.descriptors = procs::descriptors(self.respondent.pid);
        }
        Ok(())
    }

    /// Has the challenge played `count` times and adds the runs.
    pub(super) fn explore(&mut self, count: u32, stop_at_failure: bool, runs: &mut Vec<Run>) -> Talk<()> {
        self.visits.clear();
        self.room = RUN_BYTES * (u64::from(count) + 16);
        self.send(&Request::Explore { count, stop_at_failure })?;
        loop {
            match self.receive()? {
                Reply::Ran(mut some) => {
                    if let Some(last) = some.last_mut() {
                        last.entries.append(&mut self.stalled);
                    }
                    runs.append(&mut some);
                }
                Reply::Explored => return Ok(()),
                Reply::Ended { threads } => {
                    let alive = self.still_there(&threads);
                    self.send(&Request::Ended { alive })?;
                }
                other => return Err(unexpected(other)),
            }
        }
    }

    /// Whether any thread has waited at a gate in vain.
    pub(super) fn has_stalled(&self) -> bool {
        self.has_stalled
    }

    /// Has one schedule told.
    pub(super) fn tell(&mut self, schedule: Schedule) -> Talk<(Run, Vec<String>)> {
        self.room = 64 * RUN_BYTES; // a story is long
        self.send(&Request::Tell(schedule))?;
        let run = match self.receive()? {
            Reply::Ran(mut runs) => runs.pop().ok_or(Ending::Nonsense)?,
            other => return Err(unexpected(other)),
        };
        match self.receive()? {
            Reply::Story(lines) => Ok((run, lines)),
            other => Err(unexpected(other)),
        }
    }

    /// The threads besides the first that are still there, after a grace for those just ending.
    pub(super) fn leftover_threads(&mut self) -> Vec<String> {
        let pid = self.respondent.pid;
        // In the model world the engine itself looks after threads that are left behind.
        if self.world == World::Model {
            return Vec::new();
        }
        let left = wait_for_threads(|| procs::tasks(pid).into_iter().filter(|task| task.id != pid).collect());
        left.into_iter().map(|task| format!("a thread named `{}` is still there", task.name)).collect()
    }

    /// Closes the session: the token must come back, nothing may be left, the exit must be clean.
    pub(super) fn close(&mut self) -> Talk<()> {
        let pid = self.respondent.pid;
        if procs::has_had_children(pid) {
            self.abandon();
            return Err(Ending::StartedProcess);
        }
        // A process that was asked for nothing has stood at no door.
        let most = self.descriptors.len();
        let open = if most > 0 { descriptors_at_rest(pid, most) } else { Vec::new() };
        if open.len() > most {
            let is_new = |number: &&u32| !self.descriptors.contains(number);
            let what =
                open.iter().filter(is_new).map(|&number| procs::descriptor_kind(pid, number)).collect();
            self.abandon();
            return Err(Ending::FdLeak { count: open.len() - most, what });
        }
        let token = link::fresh_bits();
        self.room = RUN_BYTES;
        self.send(&Request::Close { token })?;
        match self.receive()? {
            Reply::Closed { token: echoed } if echoed == token => {}
            other => return Err(unexpected(other)),
        }
        // The process has nothing left to do but to leave.
        let ended = self.wait_for_end();
        if self.respondent.shared_memory() > 0 {
            self.abandon();
            return Err(Ending::ShmLeak);
        }
        let closed = match ended {
            Some(Ended { status, strays: 0 }) if status.success() => Ok(()),
            Some(ended) if ended.status.success() => Err(Ending::StartedProcess),
            Some(ended) => {
                Err(self.respondent.left_early(ended.status, &self.limits, &self.printed, self.was_heard))
            }
            None => Err(Ending::NoEnd { threads: describe_threads(pid) }),
        };
        self.abandon();
        closed
    }

    /// Ends the process at once.
    pub(super) fn abandon(&mut self) {
        self.respondent.finish();
    }

    fn send(&mut self, request: &Request) -> Talk<()> {
        match socket::send(self.socket.as_raw_fd(), &request.to_bytes(), MsgFlags::MSG_NOSIGNAL) {
            Ok(_) => Ok(()),
            Err(_) => Err(self.gone()),
        }
    }

    /// Waits for the next reply that is not about gates.
    fn receive(&mut self) -> Talk<Reply> {
        loop {
            if self.something_to_read()? {
                let Some((bytes, key)) = self.read_message()? else { return Err(self.gone()) };
                self.watch.progress();
                self.was_heard = true;
                match self.room.checked_sub(bytes.len() as u64 + 16) {
                    Some(room) => self.room = room,
                    None => return Err(self.stop(Ending::Nonsense)),
                }
                match (Reply::from_bytes(&bytes), key) {
                    (Ok(Reply::Arrived { thread, visit }), Some(key)) => {
                        self.visits.insert(thread, visit);
                        self.gates.push(Gate { thread, visit, key });
                        self.open_met();
                    }
                    (Ok(reply), None) => return Ok(reply),
                    _ => return Err(self.stop(Ending::Nonsense)),
                }
                continue;
            }
            self.look()?;
        }
    }

    /// Waits a moment for a message, draining the pipes; `false` when nothing came.
    fn something_to_read(&mut self) -> Talk<bool> {
        let deadline = Instant::now() + LOOK_EVERY;
        loop {
            let wait = deadline.saturating_duration_since(Instant::now());
            let timeout = PollTimeout::try_from(wait.as_millis() as i32 + 1).unwrap_or(PollTimeout::ZERO);
            let [stdout, stderr] = self.printed.pipes();
            let mut ready = [
                PollFd::new(self.socket.as_fd(), PollFlags::POLLIN),
                PollFd::new(stdout, PollFlags::POLLIN),
                PollFd::new(stderr, PollFlags::POLLIN),
            ];
            let _ = poll(&mut ready, timeout);
            let seen: Vec<PollFlags> =
                ready.iter().map(|fd| fd.revents().unwrap_or(PollFlags::empty())).collect();
            if seen[1].contains(PollFlags::POLLIN) || seen[2].contains(PollFlags::POLLIN) {
                self.drain()?;
            }
            if seen[0].intersects(PollFlags::POLLIN | PollFlags::POLLHUP | PollFlags::POLLERR) {
                return Ok(true);
            }
            if Instant::now() >= deadline {
                return Ok(false);
            }
            if seen[1].contains(PollFlags::POLLHUP) && seen[2].contains(PollFlags::POLLHUP) {
                // Closed pipes are ready all the time; the socket tells whether the process lives.
                let mut socket = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
                let _ = poll(&mut socket, timeout);
            }
        }
    }

    /// Reads and counts what the process prints; keeps the end of its complaints.
    fn drain(&mut self) -> Talk<()> {
        self.printed.drain(&self.limits).map_err(|ending| self.stop(ending))
    }

    /// One message and, if one came along, the key of a gate. `None` at the end.
    fn read_message(&mut self) -> Talk<Option<(Vec<u8>, Option<File>)>> {
        let Some(mut parcel) = link::receive(&self.socket, MAX_MESSAGE_BYTES) else { return Ok(None) };
        if parcel.cut || parcel.keys.len() > 1 {
            return Err(self.stop(Ending::Nonsense));
        }
        Ok(Some((parcel.bytes, parcel.keys.pop())))
    }

    /// Looks at the process from outside.
    fn look(&mut self) -> Talk<()> {
        let all = if self.respondent.wants_all() {
            procs::members_below(self.respondent.reaper_pid)
        } else {
            procs::member(self.respondent.pid).into_iter().collect()
        };
        if all.len() > 1 {
            return Err(self.stop(Ending::StartedProcess));
        }
        if let Err(ending) = self.respondent.supervise(&self.limits, &all) {
            return Err(self.stop(ending));
        }
        match self.watch.look() {
            Sight::GoesOn => Ok(()),
            Sight::Idle => {
                let mut threads = describe_threads(self.respondent.pid);
                if self.world == World::Model {
                    threads.push(UNKNOWN_LOCK.to_owned());
                }
                Err(self.stop(Ending::NoEnd { threads }))
            }
            Sight::Standstill(tasks) if !self.gates.is_empty() => {
                let others = tasks.iter().any(|task| {
                    let own = u64::from(procs::own_number(self.respondent.pid, task.id));
                    let waits = self.gates.iter().any(|gate| gate.thread == own);
                    !waits && task.id != self.respondent.pid
                });
                self.open_in_vain(if others { 3 } else { 0 });
                Ok(())
            }
            Sight::Standstill(_) if self.world == World::Model => Ok(()),
            Sight::Standstill(tasks) => match prove_hang(self.respondent.pid, &tasks) {
                Some(waits) => Err(self.stop(Ending::Hang { waits })),
                None => Ok(()),
            },
        }
    }

    /// Opens the gates of threads when another thread has come as often.
    fn open_met(&mut self) {
        let visits = &self.visits;
        let met = |gate: &mut Gate| {
            visits.iter().any(|(&thread, &visit)| thread != gate.thread && visit >= gate.visit)
        };
        for mut gate in self.gates.extract_if(.., met) {
            let _ = gate.key.write_all(&[1]);
        }
    }

    /// Opens all gates because nobody else will come, and puts on record why.
    fn open_in_vain(&mut self, why: u64) {
        for mut gate in self.gates.drain(..) {
            self.stalled.push(Entry {
                thread: gate.thread,
                word: Entry::STALLED,
                args: vec![why],
                text: String::new(),
            });
            let _ = gate.key.write_all(&[1]);
        }
        self.has_stalled = true;
        self.watch.progress();
    }

    fn still_there(&self, threads: &[u64]) -> Vec<u64> {
        let pid = self.respondent.pid;
        let own = |task: &Task| u64::from(procs::own_number(pid, task.id));
        let among = |task: &Task| threads.contains(&own(task));
        let left = wait_for_threads(|| procs::tasks(pid).into_iter().filter(among).collect());
        left.iter().map(own).collect()
    }

    /// Waits until a process that is about to leave has left; `None` if it stays.
    fn wait_for_end(&mut self) -> Option<Ended> {
        let pid = self.respondent.pid;
        let left = wait_for_threads(|| procs::tasks(pid));
        // It is gone, so the reaper is about to say how.
        let deadline = Instant::now() + GRACE;
        while left.is_empty() && self.respondent.ended.is_none() && Instant::now() < deadline {
            let mut ready = [PollFd::new(self.respondent.reaper.as_fd(), PollFlags::POLLIN)];
            let _ = poll(&mut ready, PollTimeout::from(100_u8));
            self.respondent.take_notice();
        }
        self.respondent.ended
    }

    /// Ends the process because of `ending`.
    fn stop(&mut self, ending: Ending) -> Ending {
        self.abandon();
        ending
    }

    /// The process has closed its end of the socket: why?
    fn gone(&mut self) -> Ending {
        let _ = self.drain();
        let ended = self.wait_for_end();
        let _ = self.drain();
        let ending = match ended {
            // Whatever it died of, this is what must not be.
            Some(ended) if ended.strays > 0 => Ending::StartedProcess,
            Some(ended) => {
                self.respondent.left_early(ended.status, &self.limits, &self.printed, self.was_heard)
            }
            None => Ending::Nonsense,
        };
        self.stop(ending)
    }
}

fn unexpected(reply: Reply) -> Ending {
    match reply {
        Reply::Confused(why) => Ending::Confused(why),
        _ => Ending::Nonsense,
    }
}

/// Waits until the threads that `look` shows are gone; returns those that stay. A thread that has
/// been joined may be visible for a moment longer, and on a busy machine that moment is long: only
/// threads that stay at rest are taken to stay.
fn wait_for_threads(look: impl Fn() -> Vec<Task>) -> Vec<Task> {
    at_rest(|| {
        let mut left = look();
        left.retain(|task| !matches!(task.state, 'Z' | 'X'));
        (left.is_empty(), left.clone(), left)
    })
}

/// The open descriptors of a process, as soon as there are not more than `most`: code of the C library, or a thread that is just
/// ending, may have one open for a moment, and only what is open when nothing moves has been left open.
fn descriptors_at_rest(pid: u32, most: usize) -> Vec<u32> {
    at_rest(|| {
        let open = procs::descriptors(pid);
        (open.len() <= most, procs::tasks(pid), open)
    })
}

/// Looks again and again, until all is well, or no thread has moved for [`GRACE`], or a minute is over; returns what was seen last. A
/// look says whether all is well, which threads there are, and what was seen.
fn at_rest<T>(look: impl Fn() -> (bool, Vec<Task>, T)) -> T {
    const A_MINUTE: Duration = Duration::from_secs(60);
    let started = Instant::now();
    let mut asleep_since = started;
    loop {
        let (is_well, threads, seen) = look();
        if threads.iter().any(|task| task.state != 'S') {
            asleep_since = Instant::now();
        }
        if is_well || asleep_since.elapsed() >= GRACE || started.elapsed() >= A_MINUTE {
            return seen;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}
