//! A queue: the caller makes it, its children have it too, and all put and get parcels and tell what came of each call.
//!
//! Judges nothing.

use super::super::words::players::{self, Told};
use super::super::words::process_queue as words;
use super::players::{Part, drop_amid, let_go, play};
use crate::session::Question;
use std::time::Duration;
use wire::Challenge;

pub use super::pipe::{Message, Parcel};

/// A handle to a queue of an answer.
pub trait Queue {
    /// Puts the parcel with this number and length.
    ///
    /// # Errors
    ///
    /// What has been told instead.
    fn put(&mut self, number: u64, bytes: u64) -> Result<(), Told>;

    /// Gets one, within a limit or however long it takes; its digest together with those before.
    ///
    /// # Errors
    ///
    /// What has been told instead.
    fn get(&mut self, limit: Option<Duration>, before: u64) -> Result<u64, Told>;
}

/// An answer, behind an adapter.
#[derive(Debug, Clone, Copy)]
pub struct Driver {
    /// A new queue, or what has been told instead.
    pub new: fn() -> Result<Box<dyn Queue>, Told>,
}

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q5_process_queue {
    ($answer:ident) => {
        $crate::q5_link_told!($answer);
        use $answer::processes::queue::ProcessQueue;
        use $crate::q5_sharing_data::driver::process_queue as driver;
        use $crate::q5_sharing_data::words::players::Told;
        use $crate::q5_sharing_data::words::process_queue as words;

        struct Handle(ProcessQueue<driver::Parcel>);

        impl driver::Queue for Handle {
            fn put(&mut self, number: u64, bytes: u64) -> Result<(), Told> {
                let parcel = <driver::Parcel as driver::Message>::make(number, bytes);
                self.0.put(&parcel).map_err(told)
            }

            fn get(&mut self, limit: Option<std::time::Duration>, before: u64) -> Result<u64, Told> {
                let parcel = match limit {
                    None => self.0.get(),
                    Some(limit) => self.0.get_timeout(limit),
                };
                Ok(driver::Message::digest(&parcel.map_err(told)?, before))
            }
        }

        fn new() -> Result<Box<dyn driver::Queue>, Told> {
            Ok(Box::new(Handle(ProcessQueue::new().map_err(told)?)))
        }

        fn main() {
            $crate::serve(&driver::Driver { new })
        }
    };
}

impl Question for Driver {
    fn play(&self, challenge: &Challenge) -> Result<(), String> {
        play(&mut Scene { answer: *self, queue: None }, challenge)
    }
}

struct Scene {
    answer: Driver,
    queue: Option<Box<dyn Queue>>,
}

impl Part for Scene {
    fn enter(&mut self, _: u64) {}

    fn leave(&mut self) {
        self.queue = None;
    }

    fn act(&mut self, code: u64, args: &[u64]) -> Result<Told, Told> {
        let ok = Ok(Told::new(words::OK, 0));
        match (code, args) {
            (words::NEW, _) => {
                self.queue = Some((self.answer.new)()?);
                ok
            }
            (words::DROP, how) => {
                let_go(self.queue.take(), how);
                ok
            }
            (words::ROUNDS, &[count, mode]) => {
                for number in 0..count {
                    let mut queue = (self.answer.new)()?;
                    queue.put(number, 10)?;
                    queue.get(None, 0)?;
                    drop_amid(mode, queue);
                }
                ok
            }
            _ => match self.queue.as_deref_mut() {
                Some(queue) => exchange(queue, code, args),
                None => Err(Told::new(players::NOTHING, 0)),
            },
        }
    }
}

fn exchange(queue: &mut dyn Queue, code: u64, args: &[u64]) -> Result<Told, Told> {
    let got = |digest| Told::new(words::GOT, digest);
    let limit = |ms: u64| if ms == words::FOR_EVER { Duration::MAX } else { Duration::from_millis(ms) };
    match (code, args) {
        (words::PUT, &[number, bytes]) => queue.put(number, bytes)?,
        (words::PUT_MANY, &[first, count, bytes]) => {
            (first..first + count).try_for_each(|number| queue.put(number, bytes))?;
        }
        (words::GET, _) => return queue.get(None, 0).map(got),
        (words::GET_MANY, &[count]) => {
            return (0..count).try_fold(0, |before, _| queue.get(None, before)).map(got);
        }
        (words::GET_LIMIT, &[ms]) => return queue.get(Some(limit(ms)), 0).map(got),
        _ => return Err(Told::new(players::NOTHING, 0)),
    }
    Ok(Told::new(words::OK, 0))
}
