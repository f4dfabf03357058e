//! Connections: the caller and its children send each other parcels, and tell what came of each call.
//!
//! A parcel can be told to be one that cannot be encoded, or not decoded. Judges nothing.

use super::super::words::pipe as words;
use super::super::words::players::{self, Told};
use super::players::{Part, play};
use crate::faults;
use crate::session::Question;
use serde::de::Error as _;
use serde::ser::{Error as _, SerializeTuple};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::time::Duration;
use wire::Challenge;

/// What is sent.
pub trait Message: Sized {
    /// The one with this number and length.
    fn make(number: u64, bytes: u64) -> Self;
    /// A number that stands for it and those before it.
    fn digest(&self, before: u64) -> u64;
}

/// A message that may refuse to be encoded or decoded.
#[derive(Debug)]
pub struct Parcel {
    number: u64,
    body: String,
}

impl Message for Parcel {
    fn make(number: u64, bytes: u64) -> Self {
        Parcel { number, body: players::body(number, bytes) }
    }

    fn digest(&self, before: u64) -> u64 {
        players::digest(before, self.number, &self.body)
    }
}

impl Message for () {
    fn make(_: u64, _: u64) -> Self {}

    fn digest(&self, before: u64) -> u64 {
        players::digest(before, 0, "")
    }
}

impl Serialize for Parcel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut both = serializer.serialize_tuple(2)?;
        both.serialize_element(&self.number)?;
        if self.number == words::UNSENDABLE {
            return Err(S::Error::custom("this parcel stays here")); // its first half has been written
        }
        both.serialize_element(&self.body)?;
        both.end()
    }
}

impl<'de> Deserialize<'de> for Parcel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (number, body) = <(u64, String)>::deserialize(deserializer)?;
        match number {
            words::UNREADABLE => Err(D::Error::custom("nobody can read this parcel")),
            _ => Ok(Parcel { number, body }),
        }
    }
}

/// One end of a connection of an answer.
pub trait Link {
    /// Sends the message with this number and length.
    ///
    /// # Errors
    ///
    /// What has been told instead.
    fn send(&mut self, number: u64, bytes: u64) -> Result<(), Told>;

    /// Receives one, within a limit or however long it takes; its digest together with those before.
    ///
    /// # Errors
    ///
    /// What has been told instead.
    fn recv(&mut self, limit: Option<Duration>, before: u64) -> Result<u64, Told>;
}

/// Both ends, or what has been told instead.
pub type Ends = Result<(Box<dyn Link>, Box<dyn Link>), Told>;

/// An answer, behind an adapter: connections of parcels, and of `()`.
#[derive(Debug, Clone, Copy)]
pub struct Driver {
    /// Of parcels.
    pub parcels: fn() -> Ends,
    /// Of messages without a byte.
    pub units: fn() -> Ends,
}

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q5_pipe {
    ($answer:ident) => {
        $crate::q5_link_told!($answer);
        use $answer::processes::pipe::{Connection, pair};
        use $crate::q5_sharing_data::driver::pipe as driver;
        use $crate::q5_sharing_data::words::pipe as words;
        use $crate::q5_sharing_data::words::players::Told;

        struct End<T>(Connection<T>);

        macro_rules! link {
            ($message:ty) => {
                impl driver::Link for End<$message> {
                    fn send(&mut self, number: u64, bytes: u64) -> Result<(), Told> {
                        let message = <$message as driver::Message>::make(number, bytes);
                        self.0.send(&message).map_err(told)
                    }

                    fn recv(&mut self, limit: Option<std::time::Duration>, before: u64) -> Result<u64, Told> {
                        let message = match limit {
                            None => self.0.recv(),
                            Some(limit) => self.0.recv_timeout(limit),
                        };
                        Ok(driver::Message::digest(&message.map_err(told)?, before))
                    }
                }
            };
        }
        link!(driver::Parcel);
        link!(());

        fn parcels() -> driver::Ends {
            let (one, other) = pair::<driver::Parcel>().map_err(told)?;
            Ok((Box::new(End(one)), Box::new(End(other))))
        }

        fn units() -> driver::Ends {
            let (one, other) = pair::<()>().map_err(told)?;
            Ok((Box::new(End(one)), Box::new(End(other))))
        }

        fn main() {
            $crate::serve(&driver::Driver { parcels, units })
        }
    };
}

impl Question for Driver {
    fn play(&self, challenge: &Challenge) -> Result<(), String> {
        play(&mut Scene { answer: *self, mine: None, others: None }, challenge)
    }
}

struct Scene {
    answer: Driver,
    mine: Option<Box<dyn Link>>,
    others: Option<Box<dyn Link>>,
}

impl fmt::Debug for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scene")
    }
}

impl Part for Scene {
    fn enter(&mut self, _: u64) {
        self.mine = self.others.take();
    }

    fn leave(&mut self) {
        self.mine = None;
        self.others = None;
    }

    fn act(&mut self, code: u64, args: &[u64]) -> Result<Told, Told> {
        let nothing = Told::new(players::NOTHING, 0);
        let ok = Told::new(words::OK, 0);
        match (code, args) {
            (words::PAIR, &[kind]) => {
                let (mine, others) =
                    if kind == 0 { (self.answer.parcels)()? } else { (self.answer.units)()? };
                (self.mine, self.others) = (Some(mine), Some(others));
                return Ok(ok);
            }
            (words::DROP, _) => self.mine = None,
            (words::DROP_OTHER, _) => self.others = None,
            (words::ROUNDS, &[count]) => {
                for number in 0..count {
                    let (mut one, mut other) = (self.answer.parcels)()?;
                    one.send(number, 10)?;
                    other.recv(None, 0)?;
                }
                return Ok(ok);
            }
            _ => return self.mine.as_deref_mut().map_or(Err(nothing), |mine| exchange(mine, code, args)),
        }
        Ok(Told::new(players::DONE, 0))
    }
}

fn exchange(mine: &mut dyn Link, code: u64, args: &[u64]) -> Result<Told, Told> {
    let got = |digest| Told::new(words::GOT, digest);
    let limit = |ms: u64| if ms == words::FOR_EVER { Duration::MAX } else { Duration::from_millis(ms) };
    match (code, args) {
        (words::SEND, &[number, bytes]) => mine.send(number, bytes)?,
        (words::SEND_MANY, &[first, count, bytes]) => {
            (first..first + count).try_for_each(|number| mine.send(number, bytes))?;
        }
        (words::RECV, _) => return mine.recv(None, 0).map(got),
        (words::RECV_MANY, &[count]) => {
            return (0..count).try_fold(0, |before, _| mine.recv(None, before)).map(got);
        }
        (words::RECV_LIMIT, &[ms]) => {
            faults::overstayed();
            let told = mine.recv(Some(limit(ms)), 0).map(got);
            let kept = faults::overstayed().unsigned_abs();
            // Whoever waits for what is left is kept for little more than the limit; twice that, only by beginning again.
            return if kept > ms.saturating_mul(2) { Err(Told::new(words::OVERSTAYED, kept)) } else { told };
        }
        _ => return Err(Told::new(players::NOTHING, 0)),
    }
    Ok(Told::new(words::OK, 0))
}
