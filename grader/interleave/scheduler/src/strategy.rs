//! Which of the threads that can run goes next.
//!
//! A portfolio, because no single strategy finds every bug: uniform choice, "stay where you are", and PCT
//! (priorities with a few change points). Knows nothing of what the threads do.

use crate::rng::Rng;

/// Steps after which a PCT schedule lowers a thread that nobody else could overtake.
const FAIRNESS: u32 = 300;
/// Priorities given at birth lie above this line; lowered ones below it.
const MIDDLE: u64 = 1 << 40;

/// The strategy of one schedule.
#[derive(Clone, Debug)]
pub(crate) struct Strategy {
    way: Way,
    /// Priority of each thread.
    priorities: Vec<u64>,
    lowest: u64,
    streak: u32,
}

#[derive(Clone, Debug)]
enum Way {
    Uniform,
    Sticky,
    Priorities { change_points: [u32; 4] },
}

impl Strategy {
    /// The strategy that belongs to schedule `index`; `horizon` is about how many steps a schedule takes.
    pub(crate) fn new(index: u32, horizon: u32, rng: &mut Rng) -> Self {
        let way = match index % 3 {
            0 => Way::Uniform,
            1 => Way::Sticky,
            _ => {
                // By sixes, so that every depth meets both parities, which decide how unkind the schedule is.
                let depth = 1 + (index / 6 % 4) as usize;
                let mut change_points = [u32::MAX; 4];
                for point in &mut change_points[..depth] {
                    *point = 1 + rng.below(horizon.max(1) as usize) as u32;
                }
                Way::Priorities { change_points }
            }
        };
        Self { way, priorities: Vec::new(), lowest: MIDDLE, streak: 0 }
    }

    /// Tells the strategy of the next thread.
    pub(crate) fn add_thread(&mut self, rng: &mut Rng) {
        self.priorities.push(MIDDLE + (rng.next() >> 30));
    }

    /// Chooses from `ready`, which is in order of age and not empty. `current` has just reached step `step`;
    /// with `yielding` it asks to be passed over.
    pub(crate) fn pick(
        &mut self,
        ready: &[u32],
        current: u32,
        yielding: bool,
        step: u32,
        rng: &mut Rng,
    ) -> u32 {
        if let [only] = ready {
            self.count(*only == current);
            return *only;
        }
        let next = match &self.way {
            Way::Uniform => ready[rng.below(ready.len())],
            Way::Sticky if !yielding && ready.contains(&current) && rng.below(10) < 7 => current,
            Way::Sticky => pick_other(ready, yielding.then_some(current), rng),
            Way::Priorities { change_points } => {
                if yielding || self.streak > FAIRNESS || change_points.contains(&step) {
                    self.lowest -= 1;
                    self.priorities[current as usize] = self.lowest;
                    self.streak = 0;
                }
                highest(ready, &self.priorities)
            }
        };
        self.count(next == current);
        next
    }

    fn count(&mut self, stayed: bool) {
        self.streak = if stayed { self.streak + 1 } else { 0 };
    }
}

fn pick_other(ready: &[u32], except: Option<u32>, rng: &mut Rng) -> u32 {
    match except.and_then(|thread| ready.iter().position(|&other| other == thread)) {
        None => ready[rng.below(ready.len())],
        Some(skipped) => {
            let drawn = rng.below(ready.len() - 1);
            ready[drawn + usize::from(drawn >= skipped)]
        }
    }
}

fn highest(ready: &[u32], priorities: &[u64]) -> u32 {
    let mut best = ready[0];
    for &thread in &ready[1..] {
        if priorities[thread as usize] >= priorities[best as usize] {
            best = thread;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::Strategy;
    use crate::rng::Rng;

    /// How often the current thread, number 1 of three, is chosen in a thousand picks.
    fn stays(index: u32, yielding: bool) -> usize {
        let mut rng = Rng::new(1, index);
        let mut strategy = Strategy::new(index, 20, &mut rng);
        (0..3).for_each(|_| strategy.add_thread(&mut rng));
        (0..1000).filter(|step| strategy.pick(&[0, 1, 2], 1, yielding, *step, &mut rng) == 1).count()
    }

    #[test]
    fn uniform_choice_is_uniform() {
        assert!((280..390).contains(&stays(0, false)), "{}", stays(0, false));
    }

    #[test]
    fn a_sticky_thread_stays_and_a_yielding_one_never_does() {
        // 70 % by staying, and a third of the rest by chance.
        assert!((750..850).contains(&stays(1, false)), "{}", stays(1, false));
        assert_eq!(stays(1, true), 0);
    }

    #[test]
    fn priorities_never_starve_anybody_for_long() {
        for index in [2, 8, 14, 20] {
            let mut rng = Rng::new(3, index);
            let mut strategy = Strategy::new(index, 20, &mut rng);
            (0..3).for_each(|_| strategy.add_thread(&mut rng));
            let mut current = 0;
            let mut turns = [0; 3];
            for step in 0..3000 {
                current = strategy.pick(&[0, 1, 2], current, false, step, &mut rng);
                turns[current as usize] += 1;
            }
            assert!(turns.iter().all(|turns| *turns >= 600), "{turns:?}");
        }
    }

    #[test]
    fn the_only_ready_thread_goes_on_even_if_it_yields() {
        let mut rng = Rng::new(1, 0);
        let mut strategy = Strategy::new(1, 20, &mut rng);
        (0..3).for_each(|_| strategy.add_thread(&mut rng));
        assert_eq!(strategy.pick(&[2], 2, true, 1, &mut rng), 2);
    }
}
