//! Reader-writer locks: upgrades, gaps between read and write, turnstiles, writers that give up.

use interleave::Fault::{Deadlock, LostWakeUp, Panic, SelfDeadlock};
use interleave_std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use interleave_std::sync::{Arc, Condvar, Mutex, RwLock, RwLockWriteGuard};
use interleave_std::thread;
use interleave_std::time::Duration;

use crate::case::{Case, bug, correct};

/// Two threads want the same free seat; exactly one may think that it has it.
fn claim_seat(look_again: bool) {
    let (seat, winners) = (RwLock::new(None), AtomicUsize::new(0));
    thread::scope(|scope| {
        for me in 0..2 {
            let (seat, winners) = (&seat, &winners);
            scope.spawn(move || {
                if seat.read().unwrap().is_none() {
                    let mut seat = seat.write().unwrap();
                    if seat.is_none() || !look_again {
                        *seat = Some(me);
                        winners.fetch_add(1, SeqCst);
                    }
                }
            });
        }
    });
    assert_eq!(winners.into_inner(), 1, "the seat was given away twice");
}

/// A home-made lock whose readers can become the writer once all other readers have gone.
#[derive(Default)]
struct Upgradable {
    /// Readers inside, and whether one of them is to become the writer.
    state: Mutex<(usize, bool)>,
    changed: Condvar,
}

impl Upgradable {
    fn read(&self) {
        let state = self.state.lock().unwrap();
        self.changed.wait_while(state, |state| state.1).unwrap().0 += 1;
    }

    /// Waits until the caller is the only one left inside.
    fn upgrade(&self) -> bool {
        let state = self.state.lock().unwrap();
        drop(self.changed.wait_while(state, |state| state.0 > 1).unwrap());
        true
    }

    /// Does so for the first who asks.
    fn try_upgrade(&self) -> bool {
        let mut state = self.state.lock().unwrap();
        if state.1 {
            return false;
        }
        state.1 = true;
        drop(self.changed.wait_while(state, |state| state.0 > 1).unwrap());
        true
    }

    fn leave(&self, upgraded: bool) {
        let mut state = self.state.lock().unwrap();
        state.0 -= 1;
        if upgraded {
            state.1 = false;
        }
        self.changed.notify_all();
    }
}

fn two_upgraders(upgrade: fn(&Upgradable) -> bool) {
    let (lock, writer) = (Upgradable::default(), AtomicUsize::new(0));
    let work = || loop {
        lock.read();
        let upgraded = upgrade(&lock);
        if upgraded {
            assert_eq!(writer.fetch_add(1, SeqCst), 0, "two writers");
            writer.fetch_sub(1, SeqCst);
        }
        lock.leave(upgraded);
        if upgraded {
            return;
        }
    };
    thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
}

/// What one thread has written, it reads back a moment later.
fn write_then_read(write_then_read: fn(&RwLock<usize>, usize) -> usize) {
    let number = RwLock::new(0);
    thread::scope(|scope| {
        for mine in 1..=2 {
            let number = &number;
            scope.spawn(move || {
                assert_eq!(write_then_read(number, mine), mine, "somebody else wrote in between");
            });
        }
    });
}

fn through_a_gap(number: &RwLock<usize>, mine: usize) -> usize {
    *number.write().unwrap() = mine;
    *number.read().unwrap()
}

fn by_downgrade(number: &RwLock<usize>, mine: usize) -> usize {
    let mut guard = number.write().unwrap();
    *guard = mine;
    *RwLockWriteGuard::downgrade(guard)
}

/// A reader asks a helper that reads the same lock, while a writer may have queued up in between.
fn read_within_read(pass_the_guard: bool) {
    let numbers = RwLock::new(vec![1, 2, 3]);
    thread::scope(|scope| {
        scope.spawn(|| numbers.write().unwrap().push(4));
        let outer = numbers.read().unwrap();
        let len = if pass_the_guard { outer.len() } else { numbers.read().unwrap().len() };
        assert_eq!(len, outer.len());
    });
}

/// A permit that one thread may take and another give back.
#[derive(Default)]
struct Gate {
    shut: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn shut(&self) {
        *self.opened.wait_while(self.shut.lock().unwrap(), |shut| *shut).unwrap() = true;
    }

    fn open(&self) {
        *self.shut.lock().unwrap() = false;
        self.opened.notify_one();
    }
}

/// Readers share the room; the turnstile keeps later readers behind a writer that waits for the room.
fn turnstile(turnstile_first: bool) {
    let (turnstile, room, readers) = (Gate::default(), Gate::default(), Mutex::new(0));
    let inside = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let (first, second) = if turnstile_first { (&turnstile, &room) } else { (&room, &turnstile) };
            first.shut();
            second.shut();
            inside.store(true, SeqCst);
            inside.store(false, SeqCst);
            turnstile.open();
            room.open();
        });
        for _ in 0..2 {
            scope.spawn(|| {
                turnstile.shut();
                let mut count = readers.lock().unwrap();
                if *count == 0 {
                    room.shut();
                }
                *count += 1;
                drop(count);
                turnstile.open();
                assert!(!inside.load(SeqCst), "a reader is in the room with the writer");
                let mut count = readers.lock().unwrap();
                *count -= 1;
                if *count == 0 {
                    room.open();
                }
            });
        }
    });
}

/// Readers stand back while a writer waits; a writer that loses patience must let them in again.
struct Patient {
    /// Readers inside, writers waiting.
    state: Mutex<(usize, usize)>,
    changed: Condvar,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum GivesUp {
    StillCounted,
    Silently,
    Properly,
}

impl Patient {
    fn read(&self) {
        let state = self.state.lock().unwrap();
        self.changed.wait_while(state, |state| state.1 > 0).unwrap().0 += 1;
    }

    fn end_read(&self) {
        self.state.lock().unwrap().0 -= 1;
        self.changed.notify_all();
    }

    fn try_write(&self, gives_up: GivesUp) {
        let mut state = self.state.lock().unwrap();
        state.1 += 1;
        let patience = Duration::from_millis(10);
        state = self.changed.wait_timeout_while(state, patience, |state| state.0 > 0).unwrap().0;
        if state.0 == 0 || gives_up != GivesUp::StillCounted {
            state.1 -= 1;
        }
        drop(state);
        if gives_up == GivesUp::Properly {
            self.changed.notify_all();
        }
    }
}

fn writer_gives_up(gives_up: GivesUp) {
    let lock = Arc::new(Patient { state: Mutex::default(), changed: Condvar::new() });
    lock.read();
    let writer = {
        let lock = Arc::clone(&lock);
        thread::spawn(move || lock.try_write(gives_up))
    };
    let reader = {
        let lock = Arc::clone(&lock);
        thread::spawn(move || {
            lock.read();
            lock.end_read();
        })
    };
    reader.join().unwrap();
    lock.end_read();
    writer.join().unwrap();
}

/// Two locks read in opposite orders: harmless as long as nobody ever writes.
fn readers_crosswise() {
    let locks = [RwLock::new(1), RwLock::new(2)];
    thread::scope(|scope| {
        for first in 0..2 {
            let locks = &locks;
            scope.spawn(move || {
                let mine = locks[first].read().unwrap();
                let yours = locks[1 - first].read().unwrap();
                assert_eq!(*mine + *yours, 3);
            });
        }
    });
}

/// Whoever cannot write at once leaves a note for the holder.
fn note_for_the_holder() {
    let (lock, notes) = (RwLock::new(0), AtomicUsize::new(0));
    let work = || {
        notes.fetch_add(1, SeqCst);
        if let Ok(mut number) = lock.try_write() {
            *number += notes.swap(0, SeqCst);
        }
    };
    thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    assert_eq!(lock.into_inner().unwrap(), 2, "a note was left lying");
}

pub(crate) const CASES: &[Case] = &[
    // Wrong: both see the free seat under the read lock, and the second writer does not look again.
    bug("rwlock_claim_without_second_look", &[Panic], || claim_seat(false)),
    // Right: reading first is only a hint, the look under the write lock decides.
    correct("rwlock_claim_with_second_look", || claim_seat(true)),
    // Wrong: both are inside as readers, and each waits for the other to leave.
    bug("rwlock_two_upgraders", &[Deadlock, LostWakeUp], || two_upgraders(Upgradable::upgrade)),
    // Right: one flag admits one upgrader, the other leaves and comes back once the writer has gone.
    correct("rwlock_second_upgrader_steps_back", || two_upgraders(Upgradable::try_upgrade)),
    // Wrong: the other writer fits between the write lock and the read lock.
    bug("rwlock_gap_between_write_and_read", &[Panic], || write_then_read(through_a_gap)),
    // Right: a downgrade leaves no gap, readers may come but no writer.
    correct("rwlock_downgrade", || write_then_read(by_downgrade)),
    // Wrong: a writer that queues between the two reads may hold the second one up for ever.
    bug("rwlock_read_within_read", &[Deadlock, SelfDeadlock], || read_within_read(false)),
    // Right: the guard that is there already is enough.
    correct("rwlock_read_once", || read_within_read(true)),
    // Wrong: the writer has the room and wants the turnstile, a reader has the turnstile and wants the room.
    bug("rwlock_turnstile_taken_last", &[Deadlock, LostWakeUp], || turnstile(false)),
    // Right: everybody passes the turnstile first; the room is shut by one thread and opened by another.
    correct("rwlock_turnstile_taken_first", || turnstile(true)),
    // Wrong: the writer loses patience but still counts as waiting, so the reader waits for ever.
    bug("rwlock_writer_gone_but_counted", &[Deadlock, LostWakeUp], || writer_gives_up(GivesUp::StillCounted)),
    // Wrong: the writer no longer counts, but nobody tells the reader that waits for that.
    bug("rwlock_writer_gone_silently", &[Deadlock, LostWakeUp], || writer_gives_up(GivesUp::Silently)),
    // Right: main waits for a reader that waits for a writer that waits for main, but only for 10 ms.
    correct("rwlock_writer_gives_up_properly", || writer_gives_up(GivesUp::Properly)),
    // Right: opposite orders, but read locks never exclude each other and no writer exists.
    correct("rwlock_readers_crosswise", readers_crosswise),
    // Wrong: the note comes after the holder's swap, the holder leaves without another look.
    bug("rwlock_note_left_lying", &[Panic], note_for_the_holder),
];
