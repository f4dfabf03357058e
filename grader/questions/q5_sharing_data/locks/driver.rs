//! Question 5, `locks`: several processes use a lock, a semaphore, or a condition, call by call.

use super::super::words::locks as words;
use crate::actors::{Actor, Cast, Part};
use crate::session::serve;
use std::mem::replace;
use std::num::NonZeroUsize;
use std::sync::atomic::Ordering;
use wire::actors::Op;

/// Whatever gives something back when it is dropped.
pub trait Gives {}
impl<T> Gives for T {}
/// A guard of an answer.
pub type Guard<'a> = Box<dyn Gives + 'a>;

/// A lock of an answer.
pub trait Lock {
    /// The guard, and whether the last holder died.
    fn lock(&self) -> (bool, Guard<'_>);
    /// The same, if it is free.
    fn try_lock(&self) -> Option<(bool, Guard<'_>)>;
}

/// A semaphore of an answer.
pub trait Semaphore {
    /// A permit.
    fn acquire(&self) -> Guard<'_>;
    /// A permit, if there is one.
    fn try_acquire(&self) -> Option<Guard<'_>>;
    /// How many are free.
    fn available(&self) -> usize;
}

/// A condition of an answer.
pub trait Condition {
    /// The guard, and whether the last holder died.
    fn lock(&self) -> (bool, Box<dyn Inside<'_> + '_>);
}

/// The guard of a condition of an answer.
pub trait Inside<'a> {
    /// Waits.
    fn wait(self: Box<Self>) -> (bool, Box<dyn Inside<'a> + 'a>);
    /// Lets one go on.
    fn notify_one(&self);
    /// Lets all go on.
    fn notify_all(&self);
}

/// What makes a tool of an answer.
pub type Makes<T> = fn() -> nix::Result<Box<T>>;

/// The tools of an answer, behind adapters.
#[derive(Debug, Clone, Copy)]
pub struct Driver {
    /// Makes a lock.
    pub lock: Makes<dyn Lock>,
    /// Makes a semaphore.
    pub semaphore: fn(NonZeroUsize) -> nix::Result<Box<dyn Semaphore>>,
    /// Makes a condition.
    pub condition: Makes<dyn Condition>,
}

/// Serves the judge with an answer.
pub fn run(driver: Driver) {
    serve(&Cast(driver));
}

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q5_locks {
    ($answer:ident) => {
        use $answer::api::HolderDied;
        use $answer::processes::locks as tool;
        use $crate::q5_sharing_data::driver::locks as driver;

        struct Lock(tool::ProcessLock);
        struct Semaphore(tool::ProcessSemaphore);
        struct Condition(tool::ProcessCondition);
        struct Inside<'a>(tool::ConditionGuard<'a>);

        impl driver::Lock for Lock {
            fn lock(&self) -> (bool, driver::Guard<'_>) {
                match self.0.lock() {
                    Ok(guard) => (false, Box::new(guard)),
                    Err(HolderDied(guard)) => (true, Box::new(guard)),
                }
            }

            fn try_lock(&self) -> Option<(bool, driver::Guard<'_>)> {
                match self.0.try_lock() {
                    Ok(guard) => Some((false, Box::new(guard?))),
                    Err(HolderDied(guard)) => Some((true, Box::new(guard))),
                }
            }
        }

        impl driver::Semaphore for Semaphore {
            fn acquire(&self) -> driver::Guard<'_> {
                Box::new(self.0.acquire())
            }

            fn try_acquire(&self) -> Option<driver::Guard<'_>> {
                Some(Box::new(self.0.try_acquire()?))
            }

            fn available(&self) -> usize {
                self.0.available()
            }
        }

        fn inside<'a>(
            locked: Result<tool::ConditionGuard<'a>, HolderDied<tool::ConditionGuard<'a>>>,
        ) -> (bool, Box<dyn driver::Inside<'a> + 'a>) {
            match locked {
                Ok(guard) => (false, Box::new(Inside(guard))),
                Err(HolderDied(guard)) => (true, Box::new(Inside(guard))),
            }
        }

        impl driver::Condition for Condition {
            fn lock(&self) -> (bool, Box<dyn driver::Inside<'_> + '_>) {
                inside(self.0.lock())
            }
        }

        impl<'a> driver::Inside<'a> for Inside<'a> {
            fn wait(self: Box<Self>) -> (bool, Box<dyn driver::Inside<'a> + 'a>) {
                inside(self.0.wait())
            }

            fn notify_one(&self) {
                self.0.notify_one();
            }

            fn notify_all(&self) {
                self.0.notify_all();
            }
        }

        fn main() {
            driver::run(driver::Driver {
                lock: || Ok(Box::new(Lock(tool::ProcessLock::new()?))),
                semaphore: |permits| Ok(Box::new(Semaphore(tool::ProcessSemaphore::new(permits)?))),
                condition: || Ok(Box::new(Condition(tool::ProcessCondition::new()?))),
            })
        }
    };
}

/// The tools that a scene asks for, by `lock`, `semaphore`, `condition`.
#[expect(missing_debug_implementations, reason = "tools of an answer have none")]
pub struct Tools {
    lock: Option<Box<dyn Lock>>,
    semaphore: Option<Box<dyn Semaphore>>,
    condition: Option<Box<dyn Condition>>,
}

const MISSING: &str = "the scene has made this tool";

impl Part for Driver {
    type Tool = Tools;

    fn make(&self, from: &[u64]) -> Result<Tools, String> {
        let &[lock, permits, condition] = from else { return Err("made from three numbers".into()) };
        let permits = NonZeroUsize::new(permits as usize);
        let made = || {
            Ok(Tools {
                lock: (lock > 0).then(self.lock).transpose()?,
                semaphore: permits.map(self.semaphore).transpose()?,
                condition: (condition > 0).then(self.condition).transpose()?,
            })
        };
        made().map_err(|error: nix::Error| error.to_string())
    }

    fn act(&self, tools: &Tools, actor: &Actor<'_>) {
        let mut held: Option<Guard<'_>> = None;
        let mut permits: Vec<Guard<'_>> = Vec::new();
        let mut inside: Option<Box<dyn Inside<'_> + '_>> = None;
        let lock = || tools.lock.as_deref().expect(MISSING);
        let semaphore = || tools.semaphore.as_deref().expect(MISSING);
        let condition = || tools.condition.as_deref().expect(MISSING);
        actor.each(|[code, with, other]: Op| {
            match code {
                words::LOCK => {
                    let (told, guard) = lock().lock();
                    held = Some(guard);
                    return [told.into(), 0];
                }
                words::TRY_LOCK => {
                    let got = lock().try_lock();
                    let told = got.as_ref().is_some_and(|(told, _)| *told);
                    if let Some((_, guard)) = got {
                        held = Some(guard);
                        return [1, told.into()];
                    }
                }
                words::UNLOCK => held = None,
                words::ACQUIRE => permits.push(semaphore().acquire()),
                words::TRY_ACQUIRE => {
                    let got = semaphore().try_acquire();
                    let has = got.is_some();
                    permits.extend(got);
                    return [has.into(), 0];
                }
                words::RELEASE => drop(permits.pop()),
                words::AVAILABLE => return [semaphore().available() as u64, 0],
                words::ENTER => {
                    let (told, guard) = condition().lock();
                    inside = Some(guard);
                    return [told.into(), 0];
                }
                words::WAIT => {
                    let (told, guard) = inside.take().expect("it was entered").wait();
                    inside = Some(guard);
                    return [told.into(), 0];
                }
                words::WAIT_FOR => {
                    let mut told = false;
                    while actor.cell(words::TURN).load(Ordering::Relaxed) < with {
                        let (now, guard) = inside.take().expect("it was entered").wait();
                        inside = Some(guard);
                        told |= now;
                    }
                    return [told.into(), 0];
                }
                words::RAISE => _ = actor.count(words::TURN),
                words::NOTIFY_ONE => {
                    inside.iter().for_each(|inside| (0..with.max(1)).for_each(|_| inside.notify_one()))
                }
                words::NOTIFY_ALL => inside.iter().for_each(|inside| inside.notify_all()),
                words::EXIT => inside = None,
                words::COUNT_OFTEN => {
                    for _ in 0..with {
                        let _guard = if other == 0 { lock().lock().1 } else { semaphore().acquire() };
                        actor.count(words::COUNTED);
                    }
                }
                words::ASK_OFTEN => actor.meet(words::ENOUGH, u64::MAX, || {
                    semaphore().available();
                    actor.cell(words::ASKED).fetch_add(1, Ordering::Relaxed);
                    false
                }),
                words::TRY_OFTEN => {
                    let (mut refused, mut seen) = (0, 0);
                    actor.meet(words::ENOUGH, with, || {
                        refused += u64::from(semaphore().try_acquire().is_none());
                        let asked = actor.cell(words::ASKED).load(Ordering::Relaxed);
                        let before = replace(&mut seen, asked);
                        before != asked
                    });
                    actor.cell(words::ENOUGH).store(1, Ordering::Relaxed);
                    return [refused, 0];
                }
                words::TAKE_TURNS => {
                    for _ in 0..with {
                        let (_, mut inside) = condition().lock();
                        while actor.cell(words::TURN).load(Ordering::Relaxed) % 2 != other {
                            inside = inside.wait().1;
                        }
                        actor.count(words::TURN);
                        inside.notify_one();
                    }
                }
                _ => panic!("no such call"),
            }
            [0, 0]
        });
    }
}
