//! The adapter of jobs in threads. The jobs write down where they run, and meet each other. Judges nothing.

use super::super::words::threads::{self as words, Job};
use crate::script::{Actor, Tool};
use crate::session::{log, log_text};
use crate::world;
use std::panic::panic_any;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use wire::script::Op;

/// What came of a job, as two numbers, and its text.
pub type Outcome = ([u64; 2], String);

/// `in_threads` of an answer.
pub type Answer = fn(&[&(dyn Fn() -> u64 + Sync)]) -> Vec<Outcome>;

/// The jobs of a script, and the answer that runs them.
#[derive(Debug)]
pub struct Jobs {
    answer: Answer,
    jobs: Vec<Job>,
    /// What each has written.
    cells: Vec<AtomicU64>,
}

impl Jobs {
    /// These jobs.
    #[must_use]
    pub fn new(words: &[u64], answer: Answer) -> Self {
        let cells = words.iter().map(|_| AtomicU64::new(0)).collect();
        Self { answer, jobs: words.iter().map(|&word| Job::from_word(word)).collect(), cells }
    }
}

impl Tool for Jobs {
    fn actor(&self) -> Box<dyn Actor + '_> {
        Box::new(Caller(self))
    }
}

struct Caller<'a>(&'a Jobs);

/// What the jobs of one call share.
#[derive(Default)]
struct Board {
    /// How many have come to gather, and how many have ended.
    state: Mutex<(u64, u64)>,
    changed: Condvar,
}

/// Longer than any wait of an honest answer.
const AN_HOUR: Duration = Duration::from_secs(3600);

impl Board {
    fn lock(&self) -> MutexGuard<'_, (u64, u64)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it came to be so within an hour.
    fn wait(&self, is_so: impl Fn(&(u64, u64)) -> bool) -> bool {
        let waited = self.changed.wait_timeout_while(self.lock(), AN_HOUR, |state| !is_so(state));
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    fn come(&self) {
        self.lock().0 += 1;
        self.changed.notify_all();
    }

    fn end(&self) {
        self.lock().1 += 1;
        self.changed.notify_all();
    }

    /// Does what the job at this place is to do.
    fn run(&self, place: u64, job: Job, cell: &AtomicU64) -> u64 {
        let me = world::this_thread();
        log(me, words::BEGINS, &[place]);
        world::say(&format!("job {place} begins"));
        let in_time = match job {
            Job::Gather(count) => {
                self.come();
                self.wait(|state| state.0 >= count)
            }
            Job::GatherForEver(count) => {
                self.come();
                drop(self.changed.wait_while(self.lock(), |state| state.0 < count));
                true
            }
            Job::HoldUntil(count) => self.wait(|state| state.1 >= count),
            _ => true,
        };
        if !in_time {
            log(me, words::IN_VAIN, &[place]);
            world::say(world::IN_VAIN);
        }
        match job {
            Job::Write => drop(cell.fetch_add(words::value(place), Relaxed)),
            Job::Sleep(seconds) => thread::sleep(Duration::from_secs(seconds)),
            _ => {}
        }
        log(me, words::ENDS, &[place]);
        world::say(&format!("job {place} ends"));
        self.end();
        match job {
            Job::Panic => panic!("{}", words::text(place)),
            Job::PanicPlain => panic_any(words::PLAIN_TEXT),
            Job::PanicNumber => panic_any(place),
            _ => words::value(place),
        }
    }
}

impl Actor for Caller<'_> {
    fn perform(&mut self, [what, first, count]: Op) -> Vec<u64> {
        let all = self.0;
        if what == words::WRITTEN {
            return all.cells.iter().map(|cell| cell.load(Relaxed)).collect();
        }
        let board = Board::default();
        let places = first..first + count;
        let own: Vec<_> = places
            .map(|place| {
                let board = &board;
                move || {
                    let at = usize::try_from(place).unwrap_or(usize::MAX);
                    board.run(place, all.jobs[at], &all.cells[at])
                }
            })
            .collect();
        let jobs: Vec<&(dyn Fn() -> u64 + Sync)> = own.iter().map(|job| job as _).collect();
        let me = world::this_thread();
        log(me, words::CALLED, &[]);
        let outcomes = (all.answer)(&jobs);
        let tell = |([kind, number], text): Outcome| {
            if kind == words::PANICKED {
                log_text(me, words::MESSAGE, &text);
            }
            [kind, number]
        };
        outcomes.into_iter().flat_map(tell).collect()
    }
}

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q1_threads {
    ($answer:ident) => {
        use $answer::api::Outcome;
        use $crate::q1_threads_or_processes::driver::threads as driver;
        use $crate::q1_threads_or_processes::words::threads as words;

        fn answer(jobs: &[&(dyn Fn() -> u64 + Sync)]) -> Vec<driver::Outcome> {
            let told = |outcome| match outcome {
                Outcome::Done(number) => ([words::DONE, number], String::new()),
                Outcome::Panicked(text) => ([words::PANICKED, 0], text),
                Outcome::Killed(signal) => ([words::KILLED, signal as u32 as u64], String::new()),
                Outcome::Exited(code) => ([words::EXITED, code as u32 as u64], String::new()),
            };
            $answer::threads::in_threads(jobs).into_iter().map(told).collect()
        }

        fn main() {
            $crate::script::serve($crate::script::Kind {
                tool: |words| Box::new(driver::Jobs::new(words, answer)),
                call: words::call,
                result: words::result,
            })
        }
    };
}
