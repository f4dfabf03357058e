//! A manager: the caller starts it, its children have the proxies too, and all tell what came of each call.
//!
//! Judges nothing.

use super::super::words::manager as words;
use super::super::words::players::{self, Told};
use super::players::{Part, drop_amid, let_go, play};
use crate::session::Question;
use std::time::Duration;
use wire::Challenge;

/// What came of a call, as far as it did not fail.
#[derive(Debug)]
pub enum Answer {
    /// Nothing but that.
    Done,
    /// A value, or none.
    Text(Option<String>),
    /// Several.
    Texts(Vec<String>),
    /// A number.
    Count(usize),
    /// Yes or no.
    Flag(bool),
}

/// A call of a proxy.
#[derive(Debug)]
pub enum Call<'a> {
    /// Of the list.
    Push(&'a str),
    /// Of the list.
    At(usize),
    /// Of the list.
    Set(usize, &'a str),
    /// Of the list.
    Len,
    /// Of the list.
    All,
    /// Of the dictionary.
    Insert(&'a str, &'a str),
    /// Of the dictionary.
    Under(&'a str),
    /// Of the dictionary.
    Remove(&'a str),
    /// Of the dictionary.
    Keys,
    /// Of the queue.
    Put(&'a str),
    /// Of the queue, within a limit or however long it takes.
    Take(Option<Duration>),
}

/// The proxies of an answer.
pub trait Proxies {
    /// Makes a call.
    ///
    /// # Errors
    ///
    /// What has been told instead.
    fn call(&mut self, call: Call<'_>) -> Result<Answer, Told>;
}

/// A manager of an answer, which is only kept and dropped.
pub trait Keeper {
    /// Makes a list, a dictionary and a queue.
    ///
    /// # Errors
    ///
    /// What has been told instead.
    fn proxies(&mut self) -> Result<Box<dyn Proxies>, Told>;
}

/// An answer, behind an adapter.
#[derive(Debug, Clone, Copy)]
pub struct Driver {
    /// A new manager, or what has been told instead.
    pub new: fn() -> Result<Box<dyn Keeper>, Told>,
}

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q5_manager {
    ($answer:ident) => {
        $crate::q5_link_told!($answer);
        use $answer::processes::manager::{DictProxy, ListProxy, Manager, QueueProxy};
        use $crate::q5_sharing_data::driver::manager as driver;
        use $crate::q5_sharing_data::words::manager as words;
        use $crate::q5_sharing_data::words::players::Told;

        struct All(ListProxy, DictProxy, QueueProxy);

        impl driver::Proxies for All {
            fn call(&mut self, call: driver::Call<'_>) -> Result<driver::Answer, Told> {
                use driver::{Answer, Call};
                let All(list, dict, queue) = self;
                match call {
                    Call::Push(value) => list.push(value).map(|()| Answer::Done),
                    Call::At(index) => list.get(index).map(Answer::Text),
                    Call::Set(index, value) => list.set(index, value).map(Answer::Flag),
                    Call::Len => list.count().map(Answer::Count),
                    Call::All => list.to_vec().map(Answer::Texts),
                    Call::Insert(key, value) => dict.insert(key, value).map(Answer::Text),
                    Call::Under(key) => dict.get(key).map(Answer::Text),
                    Call::Remove(key) => dict.remove(key).map(Answer::Text),
                    Call::Keys => dict.keys().map(Answer::Texts),
                    Call::Put(value) => queue.put(value).map(|()| Answer::Done),
                    Call::Take(None) => queue.get().map(|value| Answer::Text(Some(value))),
                    Call::Take(Some(limit)) => {
                        queue.get_timeout(limit).map(|value| Answer::Text(Some(value)))
                    }
                }
                .map_err(told)
            }
        }

        struct Kept(Manager);

        impl driver::Keeper for Kept {
            fn proxies(&mut self) -> Result<Box<dyn driver::Proxies>, Told> {
                let list = self.0.list().map_err(told)?;
                let dict = self.0.dict().map_err(told)?;
                let queue = self.0.queue().map_err(told)?;
                Ok(Box::new(All(list, dict, queue)))
            }
        }

        fn new() -> Result<Box<dyn driver::Keeper>, Told> {
            Ok(Box::new(Kept(Manager::new().map_err(told)?)))
        }

        fn main() {
            $crate::serve(&driver::Driver { new })
        }
    };
}

impl Question for Driver {
    fn play(&self, challenge: &Challenge) -> Result<(), String> {
        play(&mut Scene { answer: *self, proxies: None, keeper: None }, challenge)
    }
}

struct Scene {
    answer: Driver,
    proxies: Option<Box<dyn Proxies>>,
    keeper: Option<Box<dyn Keeper>>,
}

impl Part for Scene {
    fn enter(&mut self, _: u64) {}

    fn leave(&mut self) {
        self.proxies = None;
        self.keeper = None;
    }

    fn act(&mut self, code: u64, args: &[u64]) -> Result<Told, Told> {
        match (code, args) {
            (words::NEW | words::ALONE, _) => {
                let mut keeper = (self.answer.new)()?;
                if code == words::NEW {
                    self.proxies = Some(keeper.proxies()?);
                }
                self.keeper = Some(keeper);
            }
            (words::DROP, how) => let_go(self.keeper.take(), how),
            (words::DROP_PROXIES, _) => self.proxies = None,
            (words::ROUNDS, &[count, mode]) => {
                for number in 0..count {
                    let mut keeper = (self.answer.new)()?;
                    let mut proxies = keeper.proxies()?;
                    proxies.call(Call::Push(&players::body(number, 10)))?;
                    proxies.call(Call::All)?;
                    drop_amid(mode, (keeper, proxies));
                }
            }
            _ => match self.proxies.as_deref_mut() {
                Some(proxies) if code == words::SET_OFTEN => set_often(proxies, args[0])?,
                Some(proxies) if code == words::LOOK_OFTEN => {
                    return look_often(proxies, args[0], args[1]).map(|wrong| Told::new(words::COUNT, wrong));
                }
                Some(proxies) if code == words::INSERT_OFTEN => {
                    return insert_often(proxies, args[0], args[1]).map(|sum| Told::new(words::COUNT, sum));
                }
                Some(proxies) if code == words::NUMBER => {
                    let answer = proxies.call(Call::Under(&words::key(1)))?;
                    return Ok(Told::new(words::COUNT, number(&answer)));
                }
                Some(proxies) => return exchange(proxies, code, args),
                None => return Err(Told::new(players::NOTHING, 0)),
            },
        }
        Ok(Told::new(words::OK, 0))
    }
}

fn set_often(proxies: &mut dyn Proxies, most: u64) -> Result<(), Told> {
    let Answer::Count(count) = proxies.call(Call::Len)? else { return Ok(()) };
    for number in 1..=most {
        let value = number.to_string();
        proxies.call(Call::Set(0, &value))?;
        proxies.call(Call::Set(count.saturating_sub(1), &value))?;
        if matches!(proxies.call(Call::At(1))?, Answer::Text(Some(text)) if text == words::OVER) {
            break;
        }
    }
    Ok(())
}

/// How often the last value was ahead of the first, which is always set before it.
fn look_often(proxies: &mut dyn Proxies, changes: u64, most: u64) -> Result<u64, Told> {
    let number = |text: Option<&String>| text.and_then(|text| text.parse::<u64>().ok()).unwrap_or_default();
    let (mut before, mut changed, mut wrong) = (0, 0, 0);
    for _ in 0..most {
        let Answer::Texts(texts) = proxies.call(Call::All)? else { break };
        let (first, last) = (number(texts.first()), number(texts.last()));
        wrong += u64::from(first < last);
        changed += u64::from(last != before);
        before = last;
        if changed >= changes {
            break;
        }
    }
    proxies.call(Call::Set(1, words::OVER))?;
    Ok(wrong)
}

/// What was put in, less what was there before.
fn insert_often(proxies: &mut dyn Proxies, count: u64, first: u64) -> Result<u64, Told> {
    let mut sum = 0_u64;
    for inserted in first..first + count {
        let before = proxies.call(Call::Insert(&words::key(1), &inserted.to_string()))?;
        sum = sum.wrapping_add(inserted).wrapping_sub(number(&before));
    }
    Ok(sum)
}

/// A text that is a number; 0 for every other answer.
fn number(answer: &Answer) -> u64 {
    match answer {
        Answer::Text(Some(text)) => text.parse().unwrap_or_default(),
        _ => 0,
    }
}

fn exchange(proxies: &mut dyn Proxies, code: u64, args: &[u64]) -> Result<Told, Told> {
    let value = |number: u64, bytes: u64| players::body(number, bytes);
    let limit = |ms: u64| if ms == words::FOR_EVER { Duration::MAX } else { Duration::from_millis(ms) };
    let answer = match (code, args) {
        (words::PUSH, &[number, bytes]) => proxies.call(Call::Push(&value(number, bytes))),
        (words::PUSH_MANY, &[first, count, bytes]) => {
            for number in first..first + count {
                proxies.call(Call::Push(&value(number, bytes)))?;
            }
            Ok(Answer::Done)
        }
        (words::AT, &[index]) => proxies.call(Call::At(index as usize)),
        (words::SET, &[index, number, bytes]) => {
            proxies.call(Call::Set(index as usize, &value(number, bytes)))
        }
        (words::LEN, _) => proxies.call(Call::Len),
        (words::ALL, _) => proxies.call(Call::All),
        (words::INSERT, &[key, number, bytes]) => {
            proxies.call(Call::Insert(&words::key(key), &value(number, bytes)))
        }
        (words::UNDER, &[key]) => proxies.call(Call::Under(&words::key(key))),
        (words::REMOVE, &[key]) => proxies.call(Call::Remove(&words::key(key))),
        (words::KEYS, _) => proxies.call(Call::Keys),
        (words::PUT, &[number, bytes]) => proxies.call(Call::Put(&value(number, bytes))),
        (words::TAKE, _) => proxies.call(Call::Take(None)),
        (words::TAKE_LIMIT, &[ms]) => proxies.call(Call::Take(Some(limit(ms)))),
        _ => return Err(Told::new(players::NOTHING, 0)),
    }?;
    Ok(match answer {
        Answer::Done => Told::new(words::OK, 0),
        Answer::Text(None) => Told::new(words::NONE, 0),
        Answer::Text(Some(text)) => Told::new(words::VALUE, words::digest(&text)),
        Answer::Texts(texts) => {
            Told::new(words::VALUE, words::digest_all(texts.iter().map(|text| words::digest(text))))
        }
        Answer::Count(count) => Told::new(words::COUNT, count as u64),
        Answer::Flag(flag) => Told::new(words::FLAG, flag.into()),
    })
}
