//! Where a schedule's decisions come from: drawn at random, or taken from a script that leaves none out.
//!
//! Knows nothing of what the decisions mean. A script goes through the tree of decisions depth first; to stay small it
//! has a budget of preemptions, as CHESS had (Musuvathi and Qadeer, PLDI 2007), and one of surprises: the spurious
//! wake-ups and failures that the standard library allows. Threads that yield wait until everybody who could run has
//! taken a step, so that a loop that looks for something ends.

use crate::rng::Rng;
use crate::strategy::Strategy;

/// The decisions of one schedule.
#[derive(Debug)]
pub(crate) enum Chance {
    Drawn(Rng, Strategy),
    Scripted(Script),
}

impl Chance {
    /// Draws as schedule `index` of `seed` does; `horizon` is about how many steps a schedule takes.
    pub(crate) fn drawn(seed: u64, index: u32, horizon: u32) -> Self {
        let mut rng = Rng::new(seed, index);
        let strategy = Strategy::new(index, horizon, &mut rng);
        Self::Drawn(rng, strategy)
    }

    /// Makes a new thread known.
    pub(crate) fn add_thread(&mut self) {
        match self {
            Self::Drawn(rng, strategy) => strategy.add_thread(rng),
            Self::Scripted(_) => (),
        }
    }

    /// The thread that goes next, of those that are `ready`, which are in order of age and not none. `current` has
    /// just reached step `step`; with `yielding` it asks to be passed over.
    pub(crate) fn pick(&mut self, ready: &[u32], current: u32, yielding: bool, step: u32) -> u32 {
        match self {
            Self::Drawn(rng, strategy) => strategy.pick(ready, current, yielding, step, rng),
            Self::Scripted(script) => script.pick(ready, current, yielding),
        }
    }

    /// One of `count`, of which there is at least one.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        match self {
            Self::Drawn(rng, _) => rng.below(count),
            Self::Scripted(script) => script.decide(count),
        }
    }

    /// Whether something happens that is allowed and that nobody hopes for: once in `odds` draws on average.
    pub(crate) fn surprise(&mut self, odds: u64) -> bool {
        match self {
            Self::Drawn(rng, _) => rng.one_in(odds),
            Self::Scripted(script) => script.surprise(),
        }
    }

    /// How old a value is read, where `oldest` is the age of the oldest one that may be: mostly the newest, 0.
    pub(crate) fn age(&mut self, oldest: usize) -> usize {
        match self {
            _ if oldest == 0 => 0,
            Self::Drawn(rng, _) => match rng.one_in(2) {
                true => oldest - rng.below(oldest + 1),
                false => 0,
            },
            Self::Scripted(script) => script.decide(oldest + 1),
        }
    }
}

/// Decisions to be taken again, then always the first choice, and notes of what else there was.
#[derive(Debug)]
pub(crate) struct Script {
    begin: Vec<usize>,
    taken: Vec<Decision>,
    preemptions: u32,
    surprises: u32,
    /// Whether the budget has forbidden anything.
    restricted: bool,
    /// For each thread, whom it waits for since it yielded.
    behind: Vec<Vec<u32>>,
}

#[derive(Clone, Copy, Debug)]
struct Decision {
    chosen: usize,
    count: usize,
}

impl Script {
    /// Begins with the decisions `begin`; the budgets are for the whole schedule.
    pub(crate) fn new(begin: Vec<usize>, preemptions: u32, surprises: u32) -> Self {
        Self { begin, taken: Vec::new(), preemptions, surprises, restricted: false, behind: Vec::new() }
    }

    /// The beginning of the next script, if there is one.
    pub(crate) fn next(&self) -> Option<Vec<usize>> {
        let last = self.taken.iter().rposition(|decision| decision.chosen + 1 < decision.count)?;
        let mut begin: Vec<usize> = self.taken[..=last].iter().map(|decision| decision.chosen).collect();
        begin[last] += 1;
        Some(begin)
    }

    /// Whether the budget has forbidden anything.
    pub(crate) fn was_restricted(&self) -> bool {
        self.restricted
    }

    /// Notes that there was something else that no script tries.
    pub(crate) fn leave_out(&mut self) {
        self.restricted = true;
    }

    fn decide(&mut self, count: usize) -> usize {
        if count < 2 {
            return 0;
        }
        let chosen = self.begin.get(self.taken.len()).copied().unwrap_or(0);
        self.taken.push(Decision { chosen, count });
        chosen
    }

    fn surprise(&mut self) -> bool {
        if self.surprises == 0 {
            self.restricted = true;
            return false;
        }
        let happens = self.decide(2) == 1;
        self.surprises -= u32::from(happens);
        happens
    }

    /// The thread that goes next, of those that are `ready`; `current` has just taken a step.
    pub(crate) fn pick(&mut self, ready: &[u32], current: u32, yielding: bool) -> u32 {
        self.behind.iter_mut().for_each(|behind| behind.retain(|&other| other != current));
        if yielding {
            let index = current as usize;
            self.behind.resize(self.behind.len().max(index + 1), Vec::new());
            self.behind[index] = ready.iter().copied().filter(|&other| other != current).collect();
        }
        let waits = |thread: u32| {
            let behind = self.behind.get(thread as usize);
            behind.is_some_and(|behind| behind.iter().any(|other| ready.contains(other)))
        };
        let may: Vec<u32> = ready.iter().copied().filter(|&thread| !waits(thread)).collect();
        self.restricted |= may.len() < ready.len();
        let goes_on = !yielding && may.contains(&current);
        if !goes_on {
            return may[self.decide(may.len())];
        }
        let others: Vec<u32> = may.into_iter().filter(|&thread| thread != current).collect();
        if self.preemptions == 0 {
            self.restricted |= !others.is_empty();
            return current;
        }
        match self.decide(1 + others.len()) {
            0 => current,
            other => {
                self.preemptions -= 1;
                others[other - 1]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_through_the_tree_is_taken_once() {
        let mut begin = Some(Vec::new());
        let mut seen = Vec::new();
        while let Some(first) = begin {
            let mut script = Script::new(first, 0, 0);
            let (a, b) = (script.decide(3), script.decide(1));
            seen.push((a, b, if a == 1 { script.decide(2) } else { 9 }));
            begin = script.next();
        }
        assert_eq!(seen, [(0, 0, 9), (1, 0, 0), (1, 0, 1), (2, 0, 9)]);
    }

    #[test]
    fn the_budget_is_spent_once_and_what_it_forbids_is_noted() {
        let mut script = Script::new(vec![1], 1, 0);
        assert_eq!(script.pick(&[0, 1], 0, false), 1);
        assert!(!script.was_restricted());
        assert_eq!(script.pick(&[0, 1], 1, false), 1);
        assert!(script.was_restricted());
        // Who cannot go on costs nothing.
        assert_eq!(script.pick(&[0], 1, false), 0);
    }

    #[test]
    fn two_threads_that_yield_to_each_other_let_the_third_one_run() {
        let mut script = Script::new(Vec::new(), 0, 0);
        assert_eq!(script.pick(&[0, 1, 2], 0, true), 1);
        assert_eq!(script.pick(&[0, 1, 2], 1, true), 2);
        // It has taken a step: the first may look again, when the third one waits.
        assert_eq!(script.pick(&[0, 1], 2, false), 0);
    }
}
