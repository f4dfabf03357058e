//! The scenes that the checks of this question ask for, and how often.
//!
//! Makes experiments; judges nothing.

use super::super::words::{Op, Pause};
use crate::experiment::{Experiment, Numbers, World};

/// Runs of one experiment: the explorer finds every bug of its bank within 500 schedules. What does
/// not depend on rare schedules takes fewer (`half`, `few`), but every check takes 500 in all.
const SCHEDULES: u32 = 500;

fn runs(world: World) -> u32 {
    match world {
        World::Model => SCHEDULES,
        World::Real => 20,
    }
}

/// Half as many schedules.
pub(super) fn half(experiment: Experiment) -> Experiment {
    Experiment { runs: experiment.runs.div_ceil(2), ..experiment }
}

/// A tenth of the schedules.
pub(super) fn few(experiment: Experiment) -> Experiment {
    Experiment { runs: experiment.runs.div_ceil(10), ..experiment }
}

/// A script for the caller alone, then one for each of the threads.
pub(super) fn script(world: World, scripts: &[&[Op]]) -> Experiment {
    Experiment {
        scene: "script",
        words: scripts.iter().map(|ops| Op::to_words(ops)).collect(),
        timed: false,
        // With one thread there is one schedule.
        runs: if scripts.len() == 1 { 1 } else { runs(world) },
        one_by_one: false,
    }
}

/// The same, with a list that is dropped and not taken apart.
pub(super) fn script_then_drop(world: World, scripts: &[&[Op]]) -> Experiment {
    Experiment { scene: "script, then drop", ..script(world, scripts) }
}

/// `add_and_remove`, with this pause.
pub(super) fn work(world: World, numbers: Vec<u64>, removals: u64, pause: Pause) -> Experiment {
    let [kind, visit] = pause.pair();
    let gated = pause == Pause::Meet;
    Experiment {
        scene: "work",
        words: vec![numbers, vec![removals, kind, visit]],
        timed: matches!(pause, Pause::Meet | Pause::HoldFirst | Pause::Rest),
        runs: if gated && world == World::Real { 5 } else { runs(world) },
        one_by_one: gated,
    }
}

/// Both threads meet in their first two pauses; the numbers of steps differ, to tell them apart.
pub(super) fn meeting(world: World, fresh: &mut Numbers) -> Vec<Experiment> {
    let (numbers, removals) = (fresh.some(3), 4 + fresh.bits() % 2);
    vec![work(world, numbers, removals, Pause::Meet)]
}
