//! Could these calls have happened one at a time? The search of Wing and Gong ("Testing and verifying concurrent
//! objects", 1993): pick a call that no other call had to come before, play it on a plain object, go on; step back where
//! the object would have answered otherwise. What was tried in vain is not tried again (Lowe, "Testing for
//! linearizability", 2017).
//!
//! Knows nothing of threads and of what the object is. Scripts are short (at most some 16 calls that overlap), which
//! keeps the search small.

use std::collections::HashSet;
use std::hash::Hash;

/// When a call was under way, as places in one order of beginnings and returns.
pub(crate) trait Span {
    /// Its beginning.
    fn began(&self) -> usize;
    /// Its return.
    fn returned(&self) -> usize;
}

/// A plain object, used by one thread at a time.
pub(crate) trait Object<C>: Clone + Eq + Hash {
    /// Plays a call; false if the object would have answered otherwise, or would not have returned at all. What is left
    /// of the object then is not used.
    fn play(&mut self, call: &C) -> bool;

    /// Whether the object may end like this.
    fn at_end(&self) -> bool {
        true
    }
}

/// Whether some one-at-a-time order of the calls explains all their results: an order in which whatever returned before
/// another began comes first.
pub(crate) fn explains<C: Span, O: Object<C>>(object: O, calls: &[C]) -> bool {
    let mut search = Search { calls, done: vec![false; calls.len()], in_vain: HashSet::new() };
    search.go(&object)
}

struct Search<'a, C, O> {
    calls: &'a [C],
    done: Vec<bool>,
    /// What was done, and what the object was like then.
    in_vain: HashSet<(Vec<bool>, O)>,
}

impl<C: Span, O: Object<C>> Search<'_, C, O> {
    fn go(&mut self, object: &O) -> bool {
        let open: Vec<usize> = (0..self.calls.len()).filter(|&call| !self.done[call]).collect();
        let Some(first_return) = open.iter().map(|&call| self.calls[call].returned()).min() else {
            return object.at_end();
        };
        if self.in_vain.contains(&(self.done.clone(), object.clone())) {
            return false;
        }
        for call in open {
            // A call that began after another returned cannot come before it.
            if self.calls[call].began() > first_return {
                continue;
            }
            let mut next = object.clone();
            self.done[call] = true;
            if next.play(&self.calls[call]) && self.go(&next) {
                return true;
            }
            self.done[call] = false;
        }
        self.in_vain.insert((self.done.clone(), object.clone()));
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Adds a number, or takes the oldest one and finds this.
    #[derive(Clone, Copy)]
    enum What {
        Add(u64),
        Take(Option<u64>),
    }

    struct Call(What, usize, usize);

    impl Span for Call {
        fn began(&self) -> usize {
            self.1
        }
        fn returned(&self) -> usize {
            self.2
        }
    }

    #[derive(Clone, PartialEq, Eq, Hash, Default)]
    struct Queue(Vec<u64>);

    impl Object<Call> for Queue {
        fn play(&mut self, call: &Call) -> bool {
            match call.0 {
                What::Add(number) => {
                    self.0.push(number);
                    true
                }
                What::Take(None) => self.0.is_empty(),
                What::Take(Some(number)) => !self.0.is_empty() && self.0.remove(0) == number,
            }
        }
    }

    fn explained(calls: &[Call]) -> bool {
        explains(Queue::default(), calls)
    }

    #[test]
    fn overlapping_calls_may_have_happened_in_either_order() {
        let take = |found| [Call(What::Add(7), 0, 2), Call(What::Take(found), 1, 3)];
        assert!(explained(&take(None)) && explained(&take(Some(7))) && !explained(&take(Some(8))));
    }

    #[test]
    fn a_call_that_returned_first_came_first() {
        assert!(!explained(&[Call(What::Add(7), 0, 1), Call(What::Take(None), 2, 3)]));
        let two = [Call(What::Add(1), 0, 1), Call(What::Add(2), 2, 3), Call(What::Take(Some(2)), 4, 5)];
        assert!(!explained(&two));
    }

    #[test]
    fn the_search_steps_back() {
        // Played in the order in which they began, the second take would find nothing.
        let calls = [
            Call(What::Take(Some(2)), 0, 7),
            Call(What::Add(1), 1, 6),
            Call(What::Take(Some(1)), 2, 5),
            Call(What::Add(2), 3, 4),
        ];
        assert!(explained(&calls));
        assert!(explained(&[]));
    }
}
