//! Running a respondent and bringing home what it recorded.
//!
//! Knows experiments and messages; it never reads an entry and never calls a check. The judge's
//! side of the talk is in `session`, the process itself in `respondent`, the box that it is in in `enclosure`,
//! those that are free in `enclosures`, the programs that they show in `programs`, what the kernel shows in `watch`, what it takes of the machine in `supervisor`, the end of it in `ending`.

mod conduct;
pub(crate) mod enclosure;
mod enclosures;
mod ending;
pub(crate) mod link;
mod printed;
mod programs;
mod respondent;
mod session;
mod stage;
mod supervisor;
mod watch;

pub use conduct::{Cast, conduct};
pub use enclosures::Enclosures;
pub use ending::{Ending, Excess};

use crate::error::Result;
use crate::experiment::{Experiment, World};
use crate::sandbox::Limits;
use session::Session;
use std::path::Path;
use wire::{Challenge, Run, Schedule};

/// What is to be played, and how much of it.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// The respondent.
    pub program: &'a Path,
    /// Its world.
    pub world: World,
    /// Decides the schedules.
    pub seed: u64,
    /// Multiplies the number of schedules.
    pub depth: u32,
}

/// What one process brought home.
#[derive(Debug, Default)]
pub struct Played {
    /// The runs of each experiment, as far as it came.
    pub runs: Vec<Vec<Run>>,
    /// Why it came to a bad end, and in which experiment; `None` after a clean end.
    pub bad_end: Option<(usize, Ending)>,
    /// Threads that were still there when the last experiment was over: one line each.
    pub leftover_threads: Vec<String>,
}

/// More schedules that are looked at after the engine's first failure, for a shorter story.
const FOR_A_SHORTER_STORY: u32 = 100;

/// Plays the experiments of one check, one after the other, in one process.
///
/// # Errors
///
/// A machine error if the respondent cannot be started or does not understand us.
pub fn play(
    enclosures: &Enclosures<'_>,
    plan: Plan<'_>,
    experiments: &[Experiment],
    hurry: bool,
) -> Result<Played> {
    let schedules: u32 = experiments.iter().map(|experiment| experiment.runs).sum();
    let limits = match plan.world {
        World::Real => Limits::REAL,
        World::Model => Limits::model(schedules * plan.depth),
    };
    let limits = if hurry && plan.world == World::Real { limits.in_hurry() } else { limits };
    let mut session = Session::start(enclosures, plan.program, plan.world, limits, hurry)?;
    let mut played = Played::default();
    for (number, experiment) in experiments.iter().enumerate() {
        let (runs, end) = play_one(&mut session, plan, experiment);
        played.runs.push(runs);
        if let Err(ending) = end {
            let ending = if plan.world == World::Model { ending.in_model() } else { ending };
            played.bad_end = Some((number, ending));
            session.abandon();
            return Ok(played);
        }
        if played.runs.last().is_some_and(|runs| runs.iter().any(|run| run.failure.is_some())) {
            // What its threads hold is still held: what would come now would not be judged fairly.
            session.abandon();
            return Ok(played);
        }
    }
    played.leftover_threads = session.leftover_threads();
    if let Err(ending) = session.close() {
        played.bad_end = Some((experiments.len().saturating_sub(1), ending));
    }
    Ok(played)
}

fn play_one(
    session: &mut Session<'_>,
    plan: Plan<'_>,
    experiment: &Experiment,
) -> (Vec<Run>, std::result::Result<(), Ending>) {
    let mut runs = Vec::new();
    let end = (|| {
        session.begin(&challenge(plan.seed, experiment))?;
        if experiment.one_by_one && plan.world == World::Real {
            for _ in 0..experiment.runs {
                session.explore(1, true, &mut runs)?;
                if session.has_stalled() {
                    break; // one proof is enough, and each takes its time
                }
            }
            return Ok(());
        }
        let count = if experiment.runs == 1 { 1 } else { experiment.runs * plan.depth };
        session.explore(count, true, &mut runs)?;
        let failed = runs.iter().any(|run| run.failure.is_some());
        if failed && plan.world == World::Model && count > 1 {
            session.explore(FOR_A_SHORTER_STORY, false, &mut runs)?;
        }
        Ok(())
    })();
    (runs, end)
}

/// Plays one schedule of an experiment: what happened, and its story (empty in the real world).
/// `None` when the respondent comes to a bad end over it.
///
/// # Errors
///
/// As [`play`].
pub fn tell(
    enclosures: &Enclosures<'_>,
    plan: Plan<'_>,
    experiment: &Experiment,
    schedule: Schedule,
) -> Result<Option<(Run, Vec<String>)>> {
    let mut session = Session::start(enclosures, plan.program, plan.world, Limits::model(500), false)?;
    let story = session.begin(&challenge(plan.seed, experiment)).and_then(|()| session.tell(schedule));
    session.abandon();
    Ok(story.ok())
}

fn challenge(seed: u64, experiment: &Experiment) -> Challenge {
    Challenge {
        scene: experiment.scene.to_owned(),
        words: experiment.words.clone(),
        seed,
        timed: experiment.timed,
    }
}
