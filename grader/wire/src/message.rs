//! The messages and their bytes.
//!
//! Knows their shape; what a challenge means is between a question's driver and its checks.

use crate::codec::{Malformed, Reader, Writer};
use crate::record::Run;

/// The largest message: fits a socket's default send buffer with room to spare.
pub const MAX_MESSAGE_BYTES: usize = 96 * 1024;

/// What the respondent shall do with the answer, chosen afresh for every run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Which scene of the question's driver to play.
    pub scene: String,
    /// The numbers of this scene; the driver and the checks agree on their meaning.
    pub words: Vec<Vec<u64>>,
    /// Decides all schedules of the model world.
    pub seed: u64,
    /// Whether the model's clock moves only when every thread waits (`false`: it may also jump).
    pub timed: bool,
}

/// One schedule of the model world; of the real world only `index` is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// Which schedule of the seed.
    pub index: u32,
    /// How many steps the scheduler expected when it placed its priority changes.
    pub horizon: u32,
}

/// From the judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Get ready to play this challenge.
    Start(Challenge),
    /// Play it `count` more times, a new schedule each time.
    Explore {
        /// How many times.
        count: u32,
        /// Whether to end early, at the first failure of the engine.
        stop_at_failure: bool,
    },
    /// Play exactly this schedule, say what happened, and tell its story.
    Tell(Schedule),
    /// What a question to the judge is answered with ([`Reply::Ended`]).
    Ended {
        /// The threads of the question that are still there.
        alive: Vec<u64>,
    },
    /// The driver stands at a checkpoint ([`Reply::Checkpoint`]) and may go on.
    GoOn,
    /// No more challenges: echo the token and leave.
    Close {
        /// Drawn afresh for every process.
        token: u64,
    },
}

/// From the respondent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// What happened in some of the runs asked for, in order.
    Ran(Vec<Run>),
    /// All runs asked for are done.
    Explored,
    /// The story of a schedule, a line a step.
    Story(Vec<String>),
    /// A thread has come to a gate and waits for a byte on the pipe whose writing end comes along.
    Arrived {
        /// The kernel's number of the thread.
        thread: u64,
        /// How many times this thread has come, counting from 1.
        visit: u64,
    },
    /// Which of these threads are still there?
    Ended {
        /// The kernel's numbers of the threads.
        threads: Vec<u64>,
    },
    /// The driver stands at the door, ready to play a challenge ([`Request::Start`]); or, if it is one of a process question, at
    /// a checkpoint until [`Request::GoOn`].
    Checkpoint {
        /// 0 for the door, else which one in the words of the scene.
        number: u64,
    },
    /// The token of [`Request::Close`].
    Closed {
        /// As it was received.
        token: u64,
    },
    /// The driver does not understand the request: a fault of ours, not of the answer.
    Confused(String),
}

impl Request {
    /// Writes the message.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut to = Writer::default();
        match self {
            Request::Start(challenge) => {
                to.number(0);
                to.text(&challenge.scene);
                to.list(&challenge.words, |to, words| to.numbers(words));
                to.number(challenge.seed);
                to.number(challenge.timed.into());
            }
            Request::Explore { count, stop_at_failure } => {
                to.number(1);
                to.number((*count).into());
                to.number((*stop_at_failure).into());
            }
            Request::Tell(schedule) => {
                to.number(2);
                write_schedule(&mut to, schedule);
            }
            Request::Ended { alive } => {
                to.number(3);
                to.numbers(alive);
            }
            Request::Close { token } => {
                to.number(4);
                to.number(*token);
            }
            Request::GoOn => to.number(5),
        }
        to.finish()
    }

    /// Reads a message.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if the bytes are not exactly one message.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut from = Reader::new(bytes);
        let request = match from.number()? {
            0 => Request::Start(Challenge {
                scene: from.text()?,
                words: from.list(Reader::numbers)?,
                seed: from.number()?,
                timed: from.number()? != 0,
            }),
            1 => Request::Explore { count: from.small()?, stop_at_failure: from.number()? != 0 },
            2 => Request::Tell(read_schedule(&mut from)?),
            3 => Request::Ended { alive: from.numbers()? },
            4 => Request::Close { token: from.number()? },
            5 => Request::GoOn,
            _ => return Err(Malformed),
        };
        from.finish()?;
        Ok(request)
    }
}

impl Reply {
    /// Writes the message.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut to = Writer::default();
        match self {
            Reply::Ran(runs) => {
                to.number(0);
                to.list(runs, |to, run| run.write(to));
            }
            Reply::Explored => to.number(1),
            Reply::Story(lines) => {
                to.number(2);
                to.texts(lines);
            }
            Reply::Arrived { thread, visit } => {
                to.number(3);
                to.number(*thread);
                to.number(*visit);
            }
            Reply::Ended { threads } => {
                to.number(4);
                to.numbers(threads);
            }
            Reply::Closed { token } => {
                to.number(5);
                to.number(*token);
            }
            Reply::Confused(why) => {
                to.number(6);
                to.text(why);
            }
            Reply::Checkpoint { number } => {
                to.number(7);
                to.number(*number);
            }
        }
        to.finish()
    }

    /// Reads a message.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if the bytes are not exactly one message.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut from = Reader::new(bytes);
        let reply = match from.number()? {
            0 => Reply::Ran(from.list(Run::read)?),
            1 => Reply::Explored,
            2 => Reply::Story(from.texts()?),
            3 => Reply::Arrived { thread: from.number()?, visit: from.number()? },
            4 => Reply::Ended { threads: from.numbers()? },
            5 => Reply::Closed { token: from.number()? },
            6 => Reply::Confused(from.text()?),
            7 => Reply::Checkpoint { number: from.number()? },
            _ => return Err(Malformed),
        };
        from.finish()?;
        Ok(reply)
    }
}

pub(crate) fn write_schedule(to: &mut Writer, schedule: &Schedule) {
    to.number(schedule.index.into());
    to.number(schedule.horizon.into());
}

pub(crate) fn read_schedule(from: &mut Reader<'_>) -> Result<Schedule, Malformed> {
    Ok(Schedule { index: from.small()?, horizon: from.small()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{EngineFailure, Entry};

    fn samples() -> Vec<Reply> {
        let run = Run {
            schedule: Schedule { index: 7, horizon: 40 },
            steps: 31,
            switches: 5,
            old_read: true,
            entries: vec![Entry { thread: 1, word: 3, args: vec![9, 8], text: "é".into() }],
            failure: Some(EngineFailure {
                fault: "Deadlock".into(),
                headline: "no thread can run".into(),
                waits: vec!["main waits".into()],
            }),
        };
        vec![
            Reply::Ran(vec![run.clone(), Run { failure: None, ..run }]),
            Reply::Explored,
            Reply::Story(vec!["one".into(), String::new()]),
            Reply::Arrived { thread: 17, visit: 2 },
            Reply::Ended { threads: vec![1, 2] },
            Reply::Closed { token: u64::MAX },
            Reply::Confused("what?".into()),
            Reply::Checkpoint { number: 3 },
        ]
    }

    #[test]
    fn every_message_comes_back_as_it_went() {
        for reply in samples() {
            assert_eq!(Reply::from_bytes(&reply.to_bytes()), Ok(reply));
        }
        let challenge =
            Challenge { scene: "script".into(), words: vec![vec![1], vec![]], seed: 3, timed: true };
        for request in [
            Request::Start(challenge),
            Request::Explore { count: 500, stop_at_failure: true },
            Request::Tell(Schedule { index: 1, horizon: 2 }),
            Request::Ended { alive: vec![4] },
            Request::Close { token: 5 },
            Request::GoOn,
        ] {
            assert_eq!(Request::from_bytes(&request.to_bytes()), Ok(request));
        }
    }

    #[test]
    fn cut_stretched_and_bent_messages_are_malformed_or_harmless() {
        for reply in samples() {
            let bytes = reply.to_bytes();
            for end in 0..bytes.len() {
                assert!(Reply::from_bytes(&bytes[..end]).is_err(), "{reply:?} cut at {end}");
            }
            let longer = [bytes.as_slice(), &[0]].concat();
            assert_eq!(Reply::from_bytes(&longer), Err(Malformed));
            for place in 0..bytes.len() {
                let mut bent = bytes.clone();
                bent[place] ^= 0xff;
                let _ = Reply::from_bytes(&bent); // must not panic and must not allocate much
            }
        }
    }
}
