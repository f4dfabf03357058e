//! The daemon's adapter: its beats write down when they come and on which thread.

use super::super::words::daemon::{self as words, ON_PURPOSE, Plan};
use crate::script::{Actor, Tool, drop_in_a_panic};
use crate::session::{log, log_text};
use crate::world;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;
use wire::Tally;

/// What is called again and again.
pub type Beat = Box<dyn FnMut() + Send>;

/// An answer's daemon, behind an adapter.
pub trait Daemon {
    /// As in the question; the message of the error.
    ///
    /// # Errors
    ///
    /// As in the question.
    fn stop(self: Box<Self>) -> Result<(), String>;
}

/// How an answer starts a daemon.
#[derive(Debug)]
pub struct Starter(pub fn(Duration, Beat) -> Box<dyn Daemon>);

impl Tool for Starter {
    fn actor(&self) -> Box<dyn Actor + '_> {
        Box::new(Owner { start: self.0, daemons: Vec::new(), beating: Arc::new(Tally::default()) })
    }
}

/// A daemon, until it is stopped, and its beats.
type Started = (Option<Box<dyn Daemon>>, Arc<Count>);

struct Owner {
    start: fn(Duration, Beat) -> Box<dyn Daemon>,
    daemons: Vec<Started>,
    /// The threads on which beats came.
    beating: Arc<Tally>,
}

/// How many beats have begun.
#[derive(Debug, Default)]
struct Count {
    beats: Mutex<u64>,
    came: Condvar,
}

/// What a beat holds: the number of its daemon. Writes down when the beat is dropped.
struct Held(u64);

impl Held {
    /// Borrows all of it, so that the beat holds more than a copy of the number.
    fn daemon(&self) -> u64 {
        self.0
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        log(world::this_thread(), words::BEAT_DROPPED, &[self.0]);
    }
}

impl Owner {
    fn beat(&self, plan: Plan, count: Arc<Count>) -> Beat {
        let (held, owner) = (Held(self.daemons.len() as u64), world::this_thread());
        let beating = Arc::clone(&self.beating);
        Box::new(move || {
            let daemon = held.daemon();
            let me = world::this_thread();
            beating.count(me);
            log(me, words::BEAT, &[daemon, world::now_ns(), (me == owner).into()]);
            let beat = {
                let mut beats = count.beats.lock().unwrap_or_else(PoisonError::into_inner);
                *beats += 1;
                *beats
            };
            count.came.notify_all();
            world::say(&format!("beat {beat} begins"));
            match plan.seconds {
                0 => thread::yield_now(),
                seconds => thread::sleep(Duration::from_secs(seconds)),
            }
            if beat == plan.panic_at {
                fail(me, daemon, plan.payload, beat);
            }
            world::say(&format!("beat {beat} ends"));
            log(me, words::BEAT_ENDED, &[daemon]);
        })
    }

    fn take(&mut self, daemon: u64) -> Option<Box<dyn Daemon>> {
        self.daemons.get_mut(daemon as usize)?.0.take()
    }

    fn look(&self) {
        let me = world::this_thread();
        let beating: Vec<u64> = self.beating.threads().into_iter().filter(|&thread| thread != me).collect();
        let mut threads = world::still_there(&beating);
        threads.extend(world::other_threads());
        threads.sort_unstable();
        threads.dedup();
        let left = self.daemons.iter().filter(|(daemon, _)| daemon.is_some()).count();
        log(me, words::STILL_THERE, &[threads.len() as u64, left as u64]);
    }
}

fn fail(me: u64, daemon: u64, payload: u64, beat: u64) {
    let made = format!("{ON_PURPOSE}, in beat {beat}");
    let text = match payload {
        0 => ON_PURPOSE,
        1 => &made,
        _ => words::NO_TEXT,
    };
    log(me, words::BEAT_PANICS, &[daemon]);
    log_text(me, words::BEAT_PANICS, text);
    match payload {
        0 => panic_any(ON_PURPOSE),
        1 => panic_any(made),
        _ => panic_any(beat),
    }
}

impl Actor for Owner {
    fn perform(&mut self, op: [u64; 3]) -> Vec<u64> {
        match op[0] {
            words::START => {
                let count = Arc::new(Count::default());
                let beat = self.beat(Plan::of(op[2]), Arc::clone(&count));
                let daemon = (self.start)(words::limit(op[1]), beat);
                self.daemons.push((Some(daemon), count));
                Vec::new()
            }
            words::STOP => {
                let stopped = self.take(op[1]).map(Daemon::stop);
                self.look();
                match stopped {
                    Some(Err(message)) => [1].into_iter().chain(message.chars().map(u64::from)).collect(),
                    _ => vec![0],
                }
            }
            words::DROP => {
                let daemon = self.take(op[1]);
                let goes = || if op[2] == 1 { drop_in_a_panic(daemon) } else { drop(daemon) };
                let end = catch_unwind(AssertUnwindSafe(goes));
                self.look();
                if let Err(payload) = end {
                    resume_unwind(payload);
                }
                Vec::new()
            }
            _ => {
                let Some((_, count)) = self.daemons.get(op[1] as usize) else { return Vec::new() };
                let beats = count.beats.lock().unwrap_or_else(PoisonError::into_inner);
                let wait = || drop(count.came.wait_while(beats, |beats| *beats < op[2]));
                world::waiting_for("a beat of the daemon", wait);
                Vec::new()
            }
        }
    }
}

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q6_daemon {
    ($answer:ident) => {
        use $crate::q6_failures::driver::daemon as driver;
        use $crate::q6_failures::words::daemon as words;

        struct Daemon($answer::daemon::Daemon);

        impl driver::Daemon for Daemon {
            fn stop(self: Box<Self>) -> Result<(), String> {
                self.0.stop().map_err(|$answer::api::DaemonPanic { message }| message)
            }
        }

        fn start(every: std::time::Duration, beat: driver::Beat) -> Box<dyn driver::Daemon> {
            Box::new(Daemon($answer::daemon::Daemon::start(every, beat)))
        }

        fn main() {
            $crate::script::serve($crate::script::Kind {
                tool: |_| Box::new(driver::Starter(start)),
                call: words::call,
                result: words::result,
            })
        }
    };
}
