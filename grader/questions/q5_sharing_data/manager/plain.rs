//! What a manager holds, used by one process at a time: an order of calls is tried on it.

use super::common::{self, Told};
use super::words::{
    self, ALL, AT, INSERT, KEYS, LEN, PUSH, PUSH_MANY, PUT, REMOVE, SET, TAKE, TAKE_LIMIT, UNDER,
};
use crate::history::{Object, Span};
use std::collections::{BTreeMap, VecDeque};

/// A call, what came of it, and when it was under way.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) code: u64,
    pub(super) args: Vec<u64>,
    /// `None` if its process was killed before it could tell.
    pub(super) told: Option<Told>,
    pub(super) began: usize,
    pub(super) returned: usize,
}

impl Span for Step {
    fn began(&self) -> usize {
        self.began
    }

    fn returned(&self) -> usize {
        self.returned
    }
}

/// Values are told by their digests.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Plain {
    list: Vec<u64>,
    dict: BTreeMap<u64, u64>,
    queue: VecDeque<u64>,
}

fn value(number: u64, bytes: u64) -> u64 {
    words::digest(&common::body(number, bytes))
}

fn maybe(value: Option<u64>) -> Told {
    value.map_or(Told::new(words::NONE, 0), |value| Told::new(words::VALUE, value))
}

impl Plain {
    /// Plays a call, and says what comes of it; `None` if it would still wait.
    pub(super) fn right(&mut self, step: &Step) -> Option<Told> {
        let ok = Told::new(words::OK, 0);
        Some(match (step.code, step.args.as_slice()) {
            (PUSH, &[number, bytes]) => {
                self.list.push(value(number, bytes));
                ok
            }
            (PUSH_MANY, &[first, count, bytes]) => {
                self.list.extend((first..first + count).map(|number| value(number, bytes)));
                ok
            }
            (AT, &[index]) => maybe(self.list.get(index as usize).copied()),
            (SET, &[index, number, bytes]) => {
                let place = self.list.get_mut(index as usize);
                let is_there = place.map(|place| *place = value(number, bytes)).is_some();
                Told::new(words::FLAG, is_there.into())
            }
            (LEN, _) => Told::new(words::COUNT, self.list.len() as u64),
            (ALL, _) => Told::new(words::VALUE, words::digest_all(self.list.iter().copied())),
            (INSERT, &[key, number, bytes]) => maybe(self.dict.insert(key, value(number, bytes))),
            (UNDER, &[key]) => maybe(self.dict.get(&key).copied()),
            (REMOVE, &[key]) => maybe(self.dict.remove(&key)),
            (KEYS, _) => {
                let keys = self.dict.keys().map(|&key| words::digest(&words::key(key)));
                Told::new(words::VALUE, words::digest_all(keys))
            }
            (PUT, &[number, bytes]) => {
                self.queue.push_back(value(number, bytes));
                ok
            }
            // A limit may pass although something has come just then.
            (TAKE_LIMIT, _) if step.told == Some(Told::new(words::TIMED_OUT, 0)) => step.told?,
            (TAKE | TAKE_LIMIT, _) => maybe(Some(self.queue.pop_front()?)),
            _ => ok,
        })
    }
}

impl Object<Step> for Plain {
    fn play(&mut self, step: &Step) -> bool {
        self.right(step).is_some_and(|right| step.told.is_none_or(|told| told == right))
    }
}
