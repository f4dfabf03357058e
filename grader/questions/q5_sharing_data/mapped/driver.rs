//! Question 5, `mapped`: several processes open counters in one file, each for itself, and count.

use super::super::words::mapped as words;
use crate::actors::{Actor, Cast, Part};
use crate::faults::{self, room::Moment};
use crate::gate;
use crate::session::serve;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem::replace;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use toolkit::shm::MapError;
use wire::actors::Op;

/// Counters of an answer.
pub trait Counters {
    /// How many.
    fn count(&self) -> usize;
    /// Adds.
    fn add(&self, index: usize, amount: u64) -> u64;
    /// Looks.
    fn get(&self, index: usize) -> u64;
    /// Empties.
    fn take(&self, index: usize) -> u64;
}

/// `open` of an answer.
pub type Opens = fn(&Path, usize) -> Result<Box<dyn Counters>, MapError>;

/// An answer behind its adapter.
#[derive(Debug, Clone, Copy)]
pub struct Driver(pub Opens);

/// Serves the judge with an answer.
pub fn run(opens: Opens) {
    serve(&Cast(Driver(opens)));
}

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q5_mapped {
    ($answer:ident) => {
        use $answer::processes::mapped::MappedCounters;
        use $crate::q5_sharing_data::driver::mapped as driver;

        struct Counters(MappedCounters);

        impl driver::Counters for Counters {
            fn count(&self) -> usize {
                self.0.len()
            }

            fn add(&self, index: usize, amount: u64) -> u64 {
                self.0.add(index, amount)
            }

            fn get(&self, index: usize) -> u64 {
                self.0.get(index)
            }

            fn take(&self, index: usize) -> u64 {
                self.0.take(index)
            }
        }

        fn main() {
            driver::run(|path, count| Ok(Box::new(Counters(MappedCounters::open(path, count)?))))
        }
    };
}

impl Driver {
    fn open(&self, path: &Path, count: u64) -> Result<Box<dyn Counters>, [u64; 2]> {
        (self.0)(path, count as usize).map_err(|error| match error {
            MapError::Foreign => [words::IS_FOREIGN, 0],
            MapError::OtherShape { .. } => [words::HAS_OTHER_SHAPE, 0],
            MapError::Os(error) => [words::OS, error as i32 as u64],
        })
    }
}

impl Part for Driver {
    /// Where the file is: the folder is this run's own.
    type Tool = PathBuf;

    fn make(&self, _from: &[u64]) -> Result<PathBuf, String> {
        Ok(std::env::temp_dir().join("counters"))
    }

    fn act(&self, path: &PathBuf, actor: &Actor<'_>) {
        let mut open: Option<Box<dyn Counters>> = None;
        actor.each(|[code, with, other]: Op| {
            let index = with as usize;
            let counters = || open.as_deref().expect("the counters were opened");
            match code {
                words::OPEN | words::OPEN_NOWHERE => {
                    let nowhere = path.join("no folder").join("counters");
                    let at = if code == words::OPEN { path } else { &nowhere };
                    match self.open(at, with) {
                        Ok(counters) => open = Some(counters),
                        Err(why) => return why,
                    }
                }
                words::CLOSE => open = None,
                words::HOLD => {
                    HOLDS.store(true, Ordering::Relaxed);
                    faults::around_room(hold);
                }
                words::HOLD_CREATION => {
                    HOLDS.store(true, Ordering::Relaxed);
                    faults::before_creation(hold_creation);
                }
                words::REMOVE => std::fs::remove_file(path).expect("the file is there"),
                words::ADD => return [counters().add(index, other), 0],
                words::GET => return [counters().get(index), 0],
                words::TAKE => return [counters().take(index), 0],
                words::LEN => return [counters().count() as u64, 0],
                words::ADD_OFTEN => return [add_often(counters(), actor, index, other), 0],
                words::ADD_TOLD => {
                    for _ in 0..with {
                        counters().add(other as usize, 1);
                        actor.cell(words::DONE).fetch_add(1, Ordering::Relaxed);
                    }
                }
                words::TAKE_OFTEN => return take_often(counters(), actor, index, other),
                words::FILL_OFTEN => return [fill_often(counters(), actor, index, other), 0],
                words::OVERFLOW_OFTEN => overflow_often(counters(), actor, index, other),
                words::DRAIN_OFTEN => return [drain_often(counters(), actor, index), 0],
                words::EMPTY_OFTEN => actor.meet(words::ENOUGH, u64::MAX, || {
                    counters().take(index);
                    false
                }),
                words::ADD_ALL => {
                    let each = (0..counters().count()).step_by(index.max(1));
                    each.for_each(|index| _ = counters().add(index, 1));
                }
                words::WATCH => actor.watch(words::DONE, with, other),
                words::OUTSIDE => {
                    let panics = |work: &dyn Fn() -> u64| catch_unwind(AssertUnwindSafe(work)).is_err();
                    let ways: [&dyn Fn() -> u64; 3] =
                        [&|| counters().add(index, 1), &|| counters().get(index), &|| counters().take(index)];
                    return [ways.iter().filter(|work| panics(**work)).count() as u64, 0];
                }
                words::FOREIGN => {
                    let text = "a letter to somebody else\n".repeat(1 + with as usize / 26);
                    std::fs::write(path, &text.as_bytes()[..index]).expect("the folder is ours");
                }
                words::LOOK => {
                    let bytes = std::fs::read(path).unwrap_or_default();
                    let mut hasher = DefaultHasher::new();
                    bytes.hash(&mut hasher);
                    return [hasher.finish(), bytes.len() as u64];
                }
                _ => panic!("no such call"),
            }
            [0, 0]
        });
    }
}

/// Only at its first.
fn hold_creation() {
    if HOLDS.swap(false, Ordering::Relaxed) {
        gate::wait(words::BEFORE_CREATION);
    }
}

/// Whether this process is to be held where it makes a file, or room in it.
static HOLDS: AtomicBool = AtomicBool::new(false);

/// Only at its first: what else it does with lengths is its own business.
fn hold(moment: Moment) {
    let task = match moment {
        Moment::Before if HOLDS.load(Ordering::Relaxed) => words::BEFORE_ROOM,
        Moment::After if HOLDS.swap(false, Ordering::Relaxed) => words::AFTER_ROOM,
        _ => return,
    };
    gate::wait(task);
}

/// Adds one to a counter until others have added in between, but not often, so many times; how often it has added.
fn add_often(counters: &dyn Counters, actor: &Actor<'_>, index: usize, meetings: u64) -> u64 {
    let (mut added, mut last, mut found) = (0, u64::MAX, 0_u64);
    actor.meet(words::ENOUGH, meetings, || {
        let before = counters.add(index, 1);
        let by_others = before.wrapping_sub(last).wrapping_sub(1);
        (added, last, found) = (added + 1, before, found.wrapping_add(before));
        (1..=words::CLOSE_BY).contains(&by_others)
    });
    actor.cell(words::FOUND).fetch_add(found, Ordering::Relaxed);
    added
}

/// As the only one who adds.
fn fill_often(counters: &dyn Counters, actor: &Actor, index: usize, meetings: u64) -> u64 {
    let (mut wrong, mut was_full) = (0, false);
    actor.meet(words::ENOUGH, meetings, || {
        let was_taken = counters.add(index, words::HALF) == 0;
        let met = was_full && was_taken;
        let found = counters.add(index, 1);
        wrong += u64::from(was_taken && found != words::HALF && found != 0);
        was_full = found != 0;
        met
    });
    wrong
}

/// Beside [`drain_often`].
fn overflow_often(counters: &dyn Counters, actor: &Actor<'_>, index: usize, meetings: u64) {
    let mut was_full = false;
    actor.meet(words::ENOUGH, meetings, || {
        let was_taken = counters.add(index, words::MORE_THAN_HALF) == 0;
        replace(&mut was_full, !was_taken) && was_taken
    });
}

/// How often a take gave what the other never leaves.
fn drain_often(counters: &dyn Counters, actor: &Actor<'_>, index: usize) -> u64 {
    let mut strange = 0;
    actor.meet(words::ENOUGH, u64::MAX, || {
        strange += u64::from(![0, words::MORE_THAN_HALF, u64::MAX].contains(&counters.take(index)));
        false
    });
    strange
}

/// Adds one to a counter and empties it, until others have added in between, but not often, so many times; how much it has taken beyond
/// what it had added, and how often it found nothing right after it had added.
fn take_often(counters: &dyn Counters, actor: &Actor<'_>, index: usize, meetings: u64) -> [u64; 2] {
    let (mut all, mut in_vain) = (0_u64, 0);
    actor.meet(words::ENOUGH, meetings, || {
        counters.add(index, 1);
        let taken = counters.take(index);
        all = all.wrapping_add(taken).wrapping_sub(1);
        in_vain += u64::from(taken == 0);
        (2..=words::CLOSE_BY).contains(&taken)
    });
    [all, in_vain]
}
