//! A plain queue, used by one thread at a time, and what it makes of the calls on record.
//!
//! Knows what is right; asks for nothing and runs nothing.

use super::super::words::queue::{
    CLOSE, CLOSED, DONE, EMPTY, FIFO, GET, JOIN, LIFO, PUT, ROLL, TIMED_OUT, TIMEOUT, TRY, item,
};
use crate::history::{Object, explains};
use crate::script::{Call, of_each_tool};
use std::borrow::Cow;

/// What may differ from a right queue, to find out what is wrong with one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Leave {
    /// Nothing.
    Nothing,
    /// Any item may come out next.
    Order,
    /// There is no end to the places.
    Places,
    /// `task_done` may panic or not, as it likes.
    Counts,
    /// `join` may return before the work is done.
    Work,
}

/// A plain queue.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Plain {
    order: u64,
    places: usize,
    /// In the order in which they were put: key and number.
    items: Vec<[u64; 2]>,
    taken: usize,
    closed: bool,
    /// Whether a limit may pass although there was an item all the time.
    loose: bool,
    leave: Leave,
}

impl Plain {
    /// An empty one, made like the answer's.
    pub(super) fn new(config: &[u64], loose: bool) -> Self {
        let places = usize::try_from(config[1]).unwrap_or(usize::MAX);
        let (items, leave) = (Vec::new(), Leave::Nothing);
        Self { order: config[0], places, items, taken: 0, closed: false, loose, leave }
    }

    /// Whether some order of the calls explains their results, this left out.
    pub(super) fn explains_but(&self, leave: Leave, calls: &[Call]) -> bool {
        let explains = |calls: &Cow<'_, [Call]>| explains(Self { leave, ..self.clone() }, calls);
        of_each_tool(calls).iter().all(explains)
    }

    /// As in `a Fifo queue of 2 places`.
    pub(super) fn name(&self) -> String {
        let order = match self.order {
            FIFO => "Fifo",
            LIFO => "Lifo",
            _ => "Priority",
        };
        let places = match self.places {
            1 => "1 place".to_owned(),
            usize::MAX => "usize::MAX places".to_owned(),
            places if places == usize::MAX / 2 => "usize::MAX / 2 places".to_owned(),
            places => format!("{places} places"),
        };
        format!("a {order} queue of {places}")
    }

    /// What is in it, for people.
    pub(super) fn held(&self) -> String {
        let items = self.items.iter().take(9).map(|[key, number]| item(*key, *number));
        let more = self.items.len().checked_sub(9).filter(|&more| more > 0);
        let items: Vec<String> = items.chain(more.map(|more| format!("and {more} more"))).collect();
        let closed = if self.closed { " and was closed" } else { "" };
        format!("held [{}]{closed}", items.join(", "))
    }

    /// What is taken and not done, for people.
    pub(super) fn in_hand(&self) -> String {
        match self.taken {
            0 => "every item that was taken was done".into(),
            1 => "one item was taken and not done".into(),
            taken => format!("{taken} items were taken and not done"),
        }
    }

    /// The place of the next item.
    fn next(&self) -> Option<usize> {
        match self.order {
            FIFO => (!self.items.is_empty()).then_some(0),
            LIFO => self.items.len().checked_sub(1),
            // Of equal ones the first.
            _ => (0..self.items.len()).min_by_key(|&place| self.items[place][0]),
        }
    }

    fn take(&mut self, found: [u64; 2]) -> bool {
        let place = match self.leave {
            Leave::Order => self.items.iter().position(|item| *item == found),
            _ => self.next().filter(|&place| self.items[place] == found),
        };
        self.taken += 1;
        place.map(|place| self.items.remove(place)).is_some()
    }
}

impl Object<Call> for Plain {
    fn play(&mut self, call: &Call) -> bool {
        let empty = self.items.is_empty();
        match (call.op[0], &call.result[..]) {
            (PUT, [1]) => {
                let has_place = self.items.len() < self.places || self.leave == Leave::Places;
                self.items.push([call.op[1], call.op[2]]);
                has_place && !self.closed
            }
            (PUT, &[0, key, number]) => self.closed && [key, number] == call.op[1..],
            (GET | TRY | TIMEOUT, &[1, key, number]) => self.take([key, number]),
            (GET | TRY | TIMEOUT, &[0, CLOSED]) => self.closed && empty,
            (TRY, &[0, EMPTY]) => empty && !self.closed,
            (TIMEOUT, &[0, TIMED_OUT]) => empty && !self.closed || self.loose && call.op[1] > 0,
            (DONE, [1]) => {
                let is_right = self.taken > 0 || self.leave == Leave::Counts;
                self.taken = self.taken.saturating_sub(1);
                is_right
            }
            // It panicked.
            (DONE, _) => self.taken == 0 || self.leave == Leave::Counts,
            (JOIN, _) => empty && self.taken == 0 || self.leave == Leave::Work,
            (ROLL, &[late]) => late == 0,
            (CLOSE, _) => {
                self.closed = true;
                true
            }
            _ => false,
        }
    }
}
