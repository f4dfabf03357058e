//! Everything that a schedule knows: threads, objects, virtual time, trace.
//!
//! Plain data and the changes that keep it consistent. Knows nothing of operating-system threads or of waiting.

use std::sync::Arc;

use crate::chance::Chance;
use crate::clock::VectorClock;
use crate::explore::{Clock, Options, Schedule};
use crate::fault::Failure;
use crate::hook::SharedHook;
use crate::memory::{Total, View};
use crate::names::Site;
use crate::object::{Kind, Object, ObjectId, ObjectIndex};
use crate::probe::ThreadRef;
use crate::rng::Rng;
use crate::trace::{Detail, Step};

/// What a thread that cannot go on is waiting for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wait {
    /// To have a lock for itself.
    Lock(ObjectIndex),
    /// To read under a lock.
    Shared(ObjectIndex),
    /// A notification.
    Condvar(ObjectIndex),
    /// A change of a channel, a barrier or an initialisation.
    Change(ObjectIndex),
    /// The end of a thread.
    Join(ThreadRef),
    /// The end of what a thread was spawned to do; its thread-local values may still be there.
    Return(ThreadRef),
    /// An unpark.
    Park,
    /// Time alone.
    Sleep,
}

/// Whether a thread can go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Status {
    Ready,
    Blocked(Wait),
    Finished,
}

/// Why a wait ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Woken {
    /// What the thread waited for came, by the doing of this thread.
    By(ThreadRef),
    /// Its time was up.
    Expired,
    /// For no reason, as the standard library allows.
    Spuriously,
}

/// One thread of the schedule.
#[derive(Debug)]
pub(crate) struct Thread {
    pub(crate) status: Status,
    /// Whether it has done what it was spawned for.
    pub(crate) has_returned: bool,
    pub(crate) given_name: Option<Arc<str>>,
    /// The schedule does not wait for its end.
    pub(crate) is_daemon: bool,
    pub(crate) view: View,
    /// When a timed wait ends, in virtual nanoseconds.
    pub(crate) deadline: Option<u64>,
    pub(crate) woken: Woken,
    /// Where its latest operation was called.
    pub(crate) site: Site,
    pub(crate) spawned_at: Site,
    /// An unpark that no park has used yet.
    pub(crate) token: bool,
    pub(crate) token_clock: VectorClock,
    /// Sleeps and expired timed waits since the last wait that something else ended.
    pub(crate) idle_turns: u32,
    /// Looks at atomics, locks and threads since the last one that changed or found something.
    pub(crate) looks: u32,
    /// The panic that is unwinding it at the moment.
    pub(crate) unwinding: Option<Box<str>>,
    /// Whether its panics are meant, and so are no failure.
    pub(crate) means_to_panic: bool,
    /// What it waits for, in words of whoever wrote the wait.
    pub(crate) purpose: Option<&'static str>,
    /// Whether it goes before all that do not hurry.
    pub(crate) hurries: bool,
}

/// At least so many of the latest steps are kept: longer runs take no more memory.
const MOST_STEPS_KEPT: usize = 20_000;

/// How a schedule ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    Passed,
    Failed(Failure),
}

/// The whole schedule.
pub(crate) struct State {
    pub(crate) threads: Vec<Thread>,
    pub(crate) objects: Vec<Object>,
    labels: Vec<(&'static str, u32)>,
    pub(crate) chance: Chance,
    pub(crate) options: Options,
    /// Whether the schedule makes use of what the standard library leaves open.
    unkind: bool,
    pub(crate) adversarial: bool,
    spurious_left: u32,
    pub(crate) steps: u32,
    pub(crate) switches: u32,
    /// Virtual nanoseconds since the schedule began.
    pub(crate) now: u64,
    pub(crate) sleeps: u32,
    /// How many threads may still be started; no limit without a number.
    pub(crate) threads_left: Option<u32>,
    /// The one order of sequentially consistent stores and fences.
    pub(crate) total: Total,
    pub(crate) trace: Vec<Step>,
    /// How many steps at the beginning of the trace are no longer there.
    pub(crate) steps_forgotten: usize,
    pub(crate) outcome: Option<Outcome>,
    /// What happened may not be the body's own doing: see [`crate::Ran::is_tainted`].
    pub(crate) tainted: bool,
    /// The key of the next hasher, which looks random and is not.
    pub(crate) hash_key: u64,
    /// What the body wants to happen when a thread panics.
    pub(crate) hook: Option<SharedHook>,
    /// What those knew who have changed the hook: the real one stands under a lock.
    pub(crate) hook_clock: VectorClock,
    ready: Vec<u32>,
}

impl State {
    pub(crate) fn new(schedule: Schedule, chance: Chance, options: &Options) -> Self {
        let (unkind, spurious_left) = match &chance {
            Chance::Drawn(..) if schedule.index % 2 == 1 => (true, 2),
            Chance::Drawn(..) => (false, 0),
            // Its own budget says how unkind it may be.
            Chance::Scripted(_) => (true, u32::MAX),
        };
        Self {
            threads: Vec::with_capacity(8),
            objects: Vec::with_capacity(8),
            labels: Vec::with_capacity(4),
            chance,
            unkind,
            adversarial: unkind && options.clock == Clock::Adversarial,
            options: options.clone(),
            spurious_left,
            steps: 0,
            switches: 0,
            now: 0,
            sleeps: 0,
            threads_left: None,
            total: Total::default(),
            trace: Vec::with_capacity(schedule.horizon.min(4096) as usize + 16),
            steps_forgotten: 0,
            outcome: None,
            tainted: false,
            hash_key: Rng::new(schedule.seed, schedule.index).next(),
            hook: None,
            hook_clock: VectorClock::default(),
            ready: Vec::with_capacity(8),
        }
    }

    /// Adds a thread, which starts with what its parent knows.
    pub(crate) fn add_thread(
        &mut self,
        parent: Option<usize>,
        given_name: Option<Arc<str>>,
        site: Site,
    ) -> usize {
        let index = self.threads.len();
        let mut view = View::default();
        if let Some(parent) = parent {
            self.threads[parent].view.clock.tick(parent);
            view.clock = self.threads[parent].view.clock.clone();
            self.threads[parent].view.clock.tick(parent);
        }
        view.clock.tick(index);
        self.chance.add_thread();
        let is_daemon =
            given_name.as_ref().is_some_and(|name| self.options.daemons.iter().any(|it| **it == **name));
        self.threads.push(Thread {
            status: Status::Ready,
            has_returned: false,
            given_name,
            is_daemon,
            view,
            deadline: None,
            woken: Woken::Expired,
            site,
            spawned_at: site,
            token: false,
            token_clock: VectorClock::default(),
            idle_turns: 0,
            looks: 0,
            unwinding: None,
            means_to_panic: false,
            purpose: None,
            hurries: false,
        });
        index
    }

    /// The entry of an object, made at its first use in this schedule.
    pub(crate) fn object(&mut self, epoch: u64, id: &ObjectId, kind: Kind) -> ObjectIndex {
        if let Some(index) = id.index_in(epoch) {
            return index;
        }
        let index = ObjectIndex(self.objects.len() as u32);
        let number = self.next_number(kind.label);
        self.objects.push(Object::new(kind, number));
        id.bind(epoch, index);
        index
    }

    fn next_number(&mut self, label: &'static str) -> u32 {
        match self.labels.iter_mut().find(|(known, _)| *known == label) {
            Some((_, last)) => {
                *last += 1;
                *last
            }
            None => {
                self.labels.push((label, 1));
                1
            }
        }
    }

    pub(crate) fn object_mut(&mut self, index: ObjectIndex) -> &mut Object {
        &mut self.objects[index.0 as usize]
    }

    /// Adds a line to the story.
    pub(crate) fn record(
        &mut self,
        thread: usize,
        verb: &'static str,
        object: Option<ObjectIndex>,
        site: Site,
        detail: Detail,
    ) {
        let thread = ThreadRef(thread as u32);
        if self.trace.len() == 2 * MOST_STEPS_KEPT {
            self.trace.drain(..MOST_STEPS_KEPT);
            self.steps_forgotten += MOST_STEPS_KEPT;
        }
        self.trace.push(Step { thread, verb, object, site, detail });
    }

    /// Passes on what `thread` knows to everybody who takes `object` later.
    pub(crate) fn publish(&mut self, thread: usize, object: ObjectIndex) {
        let clock = &mut self.threads[thread].view.clock;
        self.objects[object.0 as usize].clock.join(clock);
        clock.tick(thread);
    }

    /// Learns what earlier holders of `object` knew.
    pub(crate) fn learn(&mut self, thread: usize, object: ObjectIndex) {
        self.threads[thread].view.clock.join(&self.objects[object.0 as usize].clock);
    }

    /// Counts a look of `thread` that may be one turn of a spin loop.
    pub(crate) fn count_look(&mut self, thread: usize, in_vain: bool) {
        let looks = &mut self.threads[thread].looks;
        *looks = if in_vain { *looks + 1 } else { 0 };
    }

    /// Ends the wait of one thread.
    pub(crate) fn wake(&mut self, thread: usize, why: Woken) {
        let woken = &mut self.threads[thread];
        woken.status = Status::Ready;
        woken.woken = why;
        woken.deadline = None;
    }

    /// Ends every wait that `matches`, by the doing of `waker`.
    pub(crate) fn wake_all(&mut self, waker: usize, matches: impl Fn(Wait) -> bool) {
        let why = Woken::By(ThreadRef(waker as u32));
        for thread in &mut self.threads {
            if matches!(thread.status, Status::Blocked(wait) if matches(wait)) {
                thread.status = Status::Ready;
                thread.woken = why;
                thread.deadline = None;
            }
        }
    }

    /// Moves virtual time on and ends the timed waits that are over by then.
    pub(crate) fn advance_to(&mut self, moment: u64) {
        self.now = self.now.max(moment);
        for thread in &mut self.threads {
            let due = thread.deadline.is_some_and(|deadline| deadline <= self.now);
            if due && matches!(thread.status, Status::Blocked(_)) {
                thread.status = Status::Ready;
                thread.woken = Woken::Expired;
                thread.deadline = None;
            }
        }
    }

    /// The thread that goes next, or nobody if none ever can again. Time moves only when everybody waits.
    pub(crate) fn choose(&mut self, current: usize, yielding: bool) -> Option<usize> {
        // Not again after time has moved on: whoever slept until all had settled must find them settled.
        self.maybe_wake_spuriously();
        loop {
            let mut ready = std::mem::take(&mut self.ready);
            ready.clear();
            let threads = self.threads.iter().zip(0u32..);
            ready
                .extend(threads.filter(|(thread, _)| thread.status == Status::Ready).map(|(_, index)| index));
            let hurries = |thread: u32| self.threads[thread as usize].hurries;
            // Whoever yields lets all others go first, or a loop that looks for something would never end.
            if !yielding && ready.iter().any(|&thread| hurries(thread)) {
                ready.retain(|&thread| hurries(thread));
            }
            let next = (!ready.is_empty())
                .then(|| self.chance.pick(&ready, current as u32, yielding, self.steps) as usize);
            self.ready = ready;
            if next.is_some() {
                return next;
            }
            self.advance_to(self.next_deadline()?);
        }
    }

    fn next_deadline(&self) -> Option<u64> {
        let blocked = self.threads.iter().filter(|thread| matches!(thread.status, Status::Blocked(_)));
        blocked.filter_map(|thread| thread.deadline).min()
    }

    /// A condition variable and `park` may return for no reason; never as the only way to go on.
    fn maybe_wake_spuriously(&mut self) {
        let draws = matches!(self.chance, Chance::Drawn(..));
        if self.spurious_left == 0 || draws && !self.chance.surprise(12) {
            return;
        }
        let may = |thread: &Thread| matches!(thread.status, Status::Blocked(Wait::Condvar(_) | Wait::Park));
        let sleepers = self.threads.iter().filter(|thread| may(thread)).count();
        if sleepers == 0 || !self.threads.iter().any(|thread| thread.status == Status::Ready) {
            return;
        }
        // A script asks only where the answer matters.
        if !draws && !self.chance.surprise(12) {
            return;
        }
        self.spurious_left -= 1;
        let drawn = self.chance.below(sleepers);
        let chosen = (0..self.threads.len()).filter(|&index| may(&self.threads[index])).nth(drawn);
        if let Some(index) = chosen {
            self.wake(index, Woken::Spuriously);
        }
    }

    /// Whether a writer that waits keeps new readers out.
    pub(crate) fn prefers_writers(&mut self) -> bool {
        match &mut self.chance {
            Chance::Drawn(..) => self.unkind,
            Chance::Scripted(script) => {
                script.leave_out();
                false
            }
        }
    }

    /// All threads that wait for a notification of `condvar`.
    pub(crate) fn waiting_on(&self, condvar: ObjectIndex) -> impl Iterator<Item = usize> {
        let waits = move |thread: &Thread| thread.status == Status::Blocked(Wait::Condvar(condvar));
        self.threads.iter().enumerate().filter(move |(_, thread)| waits(thread)).map(|(index, _)| index)
    }
}
