//! Caches with one computation at a time, and cells for one value that somebody waits for.

use std::collections::HashMap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Wake, Waker};

use interleave::Fault::{Deadlock, LostWakeUp, Panic, SelfDeadlock};
use interleave_std::panic::{AssertUnwindSafe, catch_unwind};
use interleave_std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::*};
use interleave_std::sync::{Arc, Condvar, Mutex, OnceLock, RwLock};
use interleave_std::thread::{self, Thread};

use crate::case::{Case, bug, correct};

/// Two ask for the same square, which is to be computed once.
fn computed_once(get: fn(&Cache, u32) -> u32) {
    let cache = Cache::default();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| assert_eq!(get(&cache, 3), 9));
        }
    });
    assert_eq!(cache.computations.into_inner(), 1, "computed more than once");
}

#[derive(Default)]
struct Cache {
    squares: RwLock<HashMap<u32, u32>>,
    under_way: Mutex<HashMap<u32, Arc<OnceLock<u32>>>>,
    computations: AtomicUsize,
}

impl Cache {
    fn compute(&self, number: u32) -> u32 {
        self.computations.fetch_add(1, Relaxed);
        number * number
    }

    fn look_then_compute(&self, number: u32) -> u32 {
        let found = self.squares.read().unwrap().get(&number).copied();
        found.unwrap_or_else(|| {
            let square = self.compute(number);
            self.squares.write().unwrap().insert(number, square);
            square
        })
    }

    fn look_again_then_compute(&self, number: u32) -> u32 {
        let found = self.squares.read().unwrap().get(&number).copied();
        found.unwrap_or_else(|| {
            *self.squares.write().unwrap().entry(number).or_insert_with(|| self.compute(number))
        })
    }

    fn by_cell(&self, number: u32) -> u32 {
        let cell = Arc::clone(self.under_way.lock().unwrap().entry(number).or_default());
        *cell.get_or_init(|| self.compute(number))
    }

    /// Once the cell is full it is taken out, and the square put into the table: before that, or after it.
    fn by_cell_and_table(&self, number: u32, careful: bool) -> u32 {
        let found = self.squares.read().unwrap().get(&number).copied();
        if let Some(square) = found {
            return square;
        }
        let cell = Arc::clone(self.under_way.lock().unwrap().entry(number).or_default());
        let square = *cell.get_or_init(|| {
            // Somebody may have finished since the look above.
            let found = if careful { self.squares.read().unwrap().get(&number).copied() } else { None };
            found.unwrap_or_else(|| self.compute(number))
        });
        let take_out = || drop(self.under_way.lock().unwrap().remove(&number));
        if !careful {
            take_out();
            thread::yield_now();
        }
        self.squares.write().unwrap().insert(number, square);
        if careful {
            take_out();
        }
        square
    }
}

/// The number of ways up a stair by one or two steps at a time, remembered in a table.
fn ways(table: &Mutex<HashMap<u32, u32>>, steps: u32, hold: bool) -> u32 {
    if steps < 2 {
        return 1;
    }
    let guard = table.lock().unwrap();
    if let Some(found) = guard.get(&steps) {
        return *found;
    }
    let kept = hold.then_some(guard);
    let sum = ways(table, steps - 1, hold) + ways(table, steps - 2, hold);
    drop(kept);
    table.lock().unwrap().insert(steps, sum);
    sum
}

fn two_stairs(hold: bool) {
    let table = Mutex::new(HashMap::new());
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(ways(&table, 2, hold), 2));
        assert_eq!(ways(&table, 3, hold), 3);
    });
}

/// One computes while others wait for it. The first computation fails.
#[derive(Default)]
struct Flight {
    state: Mutex<State>,
    changed: Condvar,
    tries: AtomicUsize,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Empty,
    UnderWay,
    Landed(u32),
}

struct Landing<'a> {
    flight: &'a Flight,
    state: State,
}

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        *self.flight.state.lock().unwrap() = self.state;
        self.flight.changed.notify_all();
    }
}

impl Flight {
    fn get(&self, land_in_any_case: bool) -> u32 {
        let state = self.state.lock().unwrap();
        let mut state = self.changed.wait_while(state, |state| *state == State::UnderWay).unwrap();
        if let State::Landed(number) = *state {
            return number;
        }
        *state = State::UnderWay;
        drop(state);
        let fails = self.tries.fetch_add(1, SeqCst) == 0;
        if !land_in_any_case {
            assert!(!fails, "the first try fails");
        }
        let mut landing = Landing { flight: self, state: State::Empty };
        assert!(!fails, "the first try fails");
        landing.state = State::Landed(7);
        7
    }
}

fn first_flight_fails(land_in_any_case: bool) {
    let flight = Flight::default();
    let got = thread::scope(|scope| {
        let threads = [(); 2]
            .map(|()| scope.spawn(|| catch_unwind(AssertUnwindSafe(|| flight.get(land_in_any_case))).ok()));
        threads.map(|thread| thread.join().unwrap())
    });
    assert_eq!(got.into_iter().flatten().collect::<Vec<_>>(), [7]);
}

/// A number in a source and its copy in a cache; the source changes while somebody fills the cache.
fn changed_while_filling(look_at_the_version: bool) {
    // Copy, version.
    let (source, cache) = (AtomicU32::new(1), Mutex::new((None, 0)));
    thread::scope(|scope| {
        scope.spawn(|| {
            source.store(2, SeqCst);
            let mut cache = cache.lock().unwrap();
            *cache = (None, cache.1 + 1);
        });
        let version = cache.lock().unwrap().1;
        let number = source.load(SeqCst);
        let mut cache = cache.lock().unwrap();
        if !look_at_the_version || cache.1 == version {
            cache.0 = Some(number);
        }
    });
    let copy = cache.into_inner().unwrap().0;
    assert_ne!(copy, Some(1), "the cache still has what was there before the change");
}

/// A value for one reader, which parks until it is there.
#[derive(Default)]
struct OneShot {
    value: Mutex<Option<u32>>,
    reader: Mutex<Option<Thread>>,
}

impl OneShot {
    fn set(&self, value: u32) {
        *self.value.lock().unwrap() = Some(value);
        if let Some(reader) = self.reader.lock().unwrap().take() {
            reader.unpark();
        }
    }

    fn register(&self) {
        *self.reader.lock().unwrap() = Some(thread::current());
    }

    fn look(&self) -> Option<u32> {
        *self.value.lock().unwrap()
    }
}

fn one_shot(register_first: bool) {
    let shot = OneShot::default();
    thread::scope(|scope| {
        scope.spawn(|| {
            loop {
                if register_first {
                    shot.register();
                }
                if let Some(value) = shot.look() {
                    return assert_eq!(value, 7);
                }
                if !register_first {
                    shot.register();
                }
                thread::park();
            }
        });
        shot.set(7);
    });
}

const EMPTY: u32 = 0;
const WAITING: u32 = 1;
const READY: u32 = 2;

/// The same with one atomic for the state: whoever changes it learns what it was.
fn atomic_one_shot(start_waiting: fn(&AtomicU32) -> bool) {
    let shared = Arc::new((AtomicU32::new(EMPTY), AtomicU32::new(0)));
    let reader = {
        let shared = Arc::clone(&shared);
        thread::spawn(move || {
            let (state, value) = &*shared;
            if start_waiting(state) {
                while state.load(Acquire) != READY {
                    thread::park();
                }
            }
            value.load(Relaxed)
        })
    };
    shared.1.store(7, Relaxed);
    if shared.0.swap(READY, AcqRel) == WAITING {
        reader.thread().unpark();
    }
    assert_eq!(reader.join().unwrap(), 7);
}

fn look_then_store(state: &AtomicU32) -> bool {
    let empty = state.load(Acquire) == EMPTY;
    if empty {
        state.store(WAITING, Release);
    }
    empty
}

fn exchange(state: &AtomicU32) -> bool {
    state.compare_exchange(EMPTY, WAITING, Relaxed, Acquire).is_ok()
}

/// Wakes a thread that polls a future.
struct Unparks(Thread);

impl Wake for Unparks {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(std::sync::Arc::new(Unparks(thread::current())));
    let (mut future, mut context) = (pin!(future), Context::from_waker(&waker));
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        thread::park();
    }
}

/// A value that futures wait for.
#[derive(Default)]
struct Promise {
    state: Mutex<(Option<u32>, Vec<Waker>)>,
}

/// How a future leaves its waker.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leaves {
    WithTheLook,
    AfterTheLook,
    InsteadOfOthers,
}

struct Promised<'a>(&'a Promise, Leaves);

impl Future for Promised<'_> {
    type Output = u32;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<u32> {
        let Self(promise, leaves) = *self;
        let mut state = promise.state.lock().unwrap();
        if let Some(value) = state.0 {
            return Poll::Ready(value);
        }
        match leaves {
            Leaves::WithTheLook => (),
            Leaves::AfterTheLook => {
                drop(state);
                state = promise.state.lock().unwrap();
            }
            Leaves::InsteadOfOthers => state.1.clear(),
        }
        state.1.push(context.waker().clone());
        Poll::Pending
    }
}

impl Promise {
    fn keep(&self, value: u32) {
        let mut state = self.state.lock().unwrap();
        state.0 = Some(value);
        let wakers = std::mem::take(&mut state.1);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }
}

fn promise(waiters: usize, leaves: Leaves) {
    let promise = Promise::default();
    thread::scope(|scope| {
        for _ in 0..waiters {
            scope.spawn(|| assert_eq!(block_on(Promised(&promise, leaves)), 7));
        }
        promise.keep(7);
    });
}

pub(crate) const CASES: &[Case] = &[
    // Wrong: both look, both compute.
    bug("cache_look_then_compute", &[Panic], || computed_once(Cache::look_then_compute)),
    // Right: whoever has the write lock looks again, and computes inside it.
    correct("cache_look_again_then_compute", || computed_once(Cache::look_again_then_compute)),
    // Right: a cell for each number, and the lock of the table is not held while it is filled.
    correct("cache_of_cells", || computed_once(Cache::by_cell)),
    // Wrong: between the cell's removal and the table's entry neither tells that it has been computed.
    bug("cache_cell_gone_before_the_entry", &[Panic], || {
        computed_once(|cache, number| cache.by_cell_and_table(number, false));
    }),
    // Right: the entry is there before the cell goes, and a new cell's initialiser looks at it.
    correct("cache_entry_before_the_cell_goes", || {
        computed_once(|cache, number| cache.by_cell_and_table(number, true));
    }),
    // Wrong: computing needs the table's lock for smaller numbers while it is held for this one.
    bug("cache_computes_under_its_lock", &[SelfDeadlock, Deadlock], || two_stairs(true)),
    // Right: computes without the lock, some numbers perhaps twice.
    correct("cache_computes_without_its_lock", || two_stairs(false)),
    // Wrong: the one who computes dies, and the state says for ever that it is computing.
    bug("flight_never_lands", &[Deadlock, LostWakeUp], || first_flight_fails(false)),
    // Right: lands in any case, and the next one tries.
    correct("flight_lands_in_any_case", || first_flight_fails(true)),
    // Wrong: the old number is read before the change and put into the cache after it.
    bug("cache_filled_with_the_past", &[Panic], || changed_while_filling(false)),
    // Right: not put into the cache if the version has changed since before the reading.
    correct("cache_looks_at_the_version", || changed_while_filling(true)),
    // Wrong: set between the look and the registration.
    bug("one_shot_looks_then_registers", &[Deadlock], || one_shot(false)),
    // Right: registered before the look.
    correct("one_shot_registers_then_looks", || one_shot(true)),
    // Wrong: the store wipes out that it is ready.
    bug("atomic_one_shot_look_then_store", &[Deadlock], || atomic_one_shot(look_then_store)),
    // Right: begins to wait by an exchange that fails if it is ready, and acquires then.
    correct("atomic_one_shot_by_exchange", || atomic_one_shot(exchange)),
    // Wrong: the promise is kept between the look and the waker.
    bug("future_leaves_its_waker_too_late", &[Deadlock], || promise(1, Leaves::AfterTheLook)),
    // Right: looks and leaves its waker under one lock; a wake-up before the park is kept as its token.
    correct("future_leaves_its_waker_with_the_look", || promise(2, Leaves::WithTheLook)),
    // Wrong: the second waiter's waker replaces the first one's.
    bug("future_replaces_another_waker", &[Deadlock], || promise(2, Leaves::InsteadOfOthers)),
];
