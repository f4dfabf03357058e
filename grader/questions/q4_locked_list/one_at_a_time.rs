//! The list of question 4 as a plain object, on which an order of the calls is tried.
//!
//! Knows nothing of threads.

use super::super::words::Op;
use super::calls::{Call, list};
use crate::history::{Object, Span, explains};

/// What counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Spec<'a> {
    /// First in, first out, and the final history is exactly the order found.
    Fifo {
        /// Pairs of kind and number.
        history: &'a [[u64; 2]],
    },
    /// First in, first out, whatever the history says.
    Queue,
    /// Any number may be removed as long as it is there; counts and looks must fit.
    Bag {
        /// What is left at the end, if that counts.
        left: Option<&'a [u64]>,
    },
}

/// Whether some one-at-a-time order of the calls explains all their results.
pub(super) fn explain(calls: &[Call], spec: Spec<'_>) -> bool {
    explains(List { spec, numbers: Vec::new(), steps: 0 }, calls)
}

/// Of calls one after the other, the first that a list cannot have answered so, its place and what the list held; without
/// any, how the numbers at the end differ.
pub(super) fn first_misfit(calls: &[Call], left: &[u64]) -> (usize, String) {
    let mut now = List { spec: Spec::Bag { left: None }, numbers: Vec::new(), steps: 0 };
    for (place, call) in calls.iter().enumerate() {
        let held = list(&now.numbers);
        if !now.play(call) {
            let said = call.op.call_with_result(&call.result);
            return (place, format!("{said}, though the list held {held}"));
        }
    }
    (calls.len(), format!("at the end the list holds {}, not {}", list(left), list(&now.numbers)))
}

impl Span for Call {
    fn began(&self) -> usize {
        self.began
    }
    fn returned(&self) -> usize {
        self.returned
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct List<'a> {
    spec: Spec<'a>,
    /// Oldest first.
    numbers: Vec<u64>,
    /// How many steps have been placed: they are the first ones of the history.
    steps: usize,
}

impl Object<Call> for List<'_> {
    fn at_end(&self) -> bool {
        match self.spec {
            Spec::Fifo { history } => self.steps == history.len(),
            Spec::Queue => true,
            Spec::Bag { left } => left.is_none_or(|left| left == self.numbers),
        }
    }

    fn play(&mut self, call: &Call) -> bool {
        match call.op {
            Op::Add(number) => {
                self.numbers.push(number);
                self.record([0, number])
            }
            Op::Remove => match call.result.first() {
                None => self.numbers.is_empty() && self.record([2, 0]),
                Some(&number) => self.take(number) && self.record([1, number]),
            },
            Op::Len => call.result == [self.numbers.len() as u64],
            Op::IsEmpty => call.result == [u64::from(self.numbers.is_empty())],
            Op::Inspect => call.result == self.numbers,
            Op::InspectAndPanic => true,
            Op::History => match self.spec {
                Spec::Fifo { history } => {
                    call.result.as_chunks::<2>().0 == &history[..self.steps.min(history.len())]
                }
                Spec::Queue | Spec::Bag { .. } => true,
            },
        }
    }
}

impl List<'_> {
    fn take(&mut self, number: u64) -> bool {
        match self.spec {
            Spec::Fifo { .. } | Spec::Queue if self.numbers.first() != Some(&number) => false,
            _ => match self.numbers.iter().position(|&there| there == number) {
                Some(place) => {
                    self.numbers.remove(place);
                    true
                }
                None => false,
            },
        }
    }

    fn record(&mut self, event: [u64; 2]) -> bool {
        let place = self.steps;
        self.steps += 1;
        match self.spec {
            Spec::Fifo { history } => history.get(place) == Some(&event),
            Spec::Queue | Spec::Bag { .. } => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A call by a thread of its own, from one place to another.
    fn call(op: Op, result: &[u64], began: usize, returned: usize) -> Call {
        Call { thread: 1, op, result: result.to_vec(), began, returned }
    }

    #[test]
    fn overlapping_calls_may_have_happened_in_either_order() {
        let calls = [call(Op::Add(7), &[], 0, 2), call(Op::Remove, &[], 1, 3)];
        assert!(explain(&calls, Spec::Fifo { history: &[[2, 0], [0, 7]] }));
        assert!(!explain(&calls, Spec::Fifo { history: &[[0, 7], [2, 0]] }), "7 was there");
    }

    #[test]
    fn a_call_that_returned_first_came_first() {
        let calls = [call(Op::Add(7), &[], 0, 1), call(Op::Remove, &[], 2, 3)];
        assert!(!explain(&calls, Spec::Bag { left: None }));
    }

    #[test]
    fn a_count_that_lags_behind_is_no_count() {
        let lagging = [call(Op::Add(7), &[], 0, 1), call(Op::Len, &[0], 2, 3)];
        assert!(!explain(&lagging, Spec::Bag { left: Some(&[7]) }));
        let early = [call(Op::Add(7), &[], 0, 3), call(Op::Len, &[1], 1, 2)];
        assert!(explain(&early, Spec::Bag { left: Some(&[7]) }));
    }

    #[test]
    fn the_first_call_that_does_not_fit_is_told_with_what_the_list_held() {
        let add = call(Op::Add(7), &[], 0, 1);
        let calls = [add.clone(), call(Op::Inspect, &[7, 8], 2, 3), call(Op::Len, &[5], 4, 5)];
        let told = "inspect(..) saw [7, 8], though the list held [7]".to_owned();
        assert_eq!(first_misfit(&calls, &[7]), (1, told));
        assert_eq!(first_misfit(&[add], &[]), (1, "at the end the list holds [], not [7]".into()));
    }

    #[test]
    fn a_stack_is_a_bag_but_no_queue() {
        let calls = [call(Op::Add(1), &[], 0, 1), call(Op::Add(2), &[], 2, 3), call(Op::Remove, &[2], 4, 5)];
        assert!(explain(&calls, Spec::Bag { left: Some(&[1]) }));
        assert!(!explain(&calls, Spec::Fifo { history: &[[0, 1], [0, 2], [1, 2]] }));
    }
}
