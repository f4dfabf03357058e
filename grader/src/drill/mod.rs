//! Every known attack on the sandbox and every need of honest programs, in boxes of every kind that this
//! machine can make.
//!
//! The table of the crate `hostile` says which layer closes which attack; here that is tried. An attack
//! must be stopped in the whole box; by each of its layers alone; and, so that a test which cannot fail
//! is noticed, it must reach its aim where none of them stands. Then the same in the box that machines
//! without namespaces have, where some attacks are known to reach their aims.
//!
//! Knows no attack by name, and no question.

mod boxes;
mod pair;
mod program;
mod trial;
mod victims;

use crate::error::Result;
use crate::lanes;
use crate::sandbox::{Rung, Sandbox};
use boxes::{Proof, Seen, Walls};
use hostile::Attack;
use program::Program;
use std::path::Path;
use std::thread;
use trial::Trial;
use victims::Services;

/// What came of all of them.
#[derive(Debug)]
pub struct Drill {
    /// How many attacks the whole box has stopped.
    pub stopped: usize,
    /// How many needs were met, in every box.
    pub met: usize,
    /// The boxes that answers may get here: this machine's, and the one without namespaces.
    pub rungs: Vec<Rung>,
    /// The known attacks that no layer of a box closes, by name.
    pub gaps: Vec<(Rung, &'static str)>,
    /// What differs from the table, a line each.
    pub wrong: Vec<String>,
}

/// Builds the program of the attacks and runs everything. `root` is where the course lies.
///
/// # Errors
///
/// If the program does not compile, or this machine cannot start processes.
pub fn run(root: &Path, sandbox: &Sandbox) -> Result<Drill> {
    let (program, services) = (Program::build(root)?, Services::start()?);
    let trial = Trial { sandbox, program: &program, services: &services };
    let whole = Walls::of(&sandbox.layers);
    // Answers never get a worse box than this on a machine that can grade.
    let mut given = vec![whole];
    given.extend(whole.namespaces.then_some(Walls { namespaces: false, ..whole }));
    let attacks = hostile::attacks();
    let jobs: Vec<Job<'_>> = attacks
        .iter()
        .flat_map(|attack| boxes::proofs(attack, whole, sandbox.layers.own_user))
        .map(|(attack, proof, walls)| Job::Attack { attack, proof, walls })
        .chain(
            hostile::NEEDS.iter().flat_map(|&need| given.iter().map(move |&walls| Job::Need { need, walls })),
        )
        .collect();
    let lanes = thread::available_parallelism().map_or(1, usize::from);
    let differences = lanes::for_each(jobs.len(), lanes, |number| jobs[number].run(&trial))?;
    let is_wrong = |wanted: &dyn Fn(&Job<'_>) -> bool| {
        jobs.iter().zip(&differences).filter(|(job, line)| wanted(job) && line.is_some()).count()
    };
    let of_pair = pair::differences(&trial, &given)?;
    let run_user = sandbox.layers.own_user;
    let is_open = |attack: &Attack, walls: Walls| walls.closing(attack, run_user).is_empty();
    let rungs: Vec<Rung> = given.iter().map(|walls| walls.layers(&sandbox.layers).rung()).collect();
    let gaps = given.iter().zip(&rungs).flat_map(|(&walls, &rung)| {
        let open = attacks.iter().filter(move |attack| is_open(attack, walls));
        open.map(move |attack| (rung, attack.name))
    });
    let closed = attacks.iter().filter(|attack| !is_open(attack, whole)).count();
    let failed = is_wrong(&|job| matches!(job, Job::Attack { proof: Proof::Whole, .. }));
    let unmet = is_wrong(&|job| matches!(job, Job::Need { .. }));
    Ok(Drill {
        stopped: closed.saturating_sub(failed),
        met: hostile::NEEDS.len().saturating_sub(unmet),
        gaps: gaps.collect(),
        rungs,
        wrong: differences.into_iter().flatten().chain(of_pair).collect(),
    })
}

impl Drill {
    /// One line for a report.
    pub fn line(&self) -> String {
        let rungs: Vec<String> = self.rungs.iter().map(|rung| format!("{rung:?}")).collect();
        let gaps = |&rung: &Rung| self.gaps.iter().filter(|(of, _)| *of == rung).count().to_string();
        let gaps: Vec<String> = self.rungs.iter().map(gaps).collect();
        format!(
            "hostile programs: {} attacks stopped, {} known gaps, {} needs met, rung {}",
            self.stopped,
            gaps.join(" and "),
            self.met,
            rungs.join(" and ")
        )
    }
}

/// One program in one box.
enum Job<'a> {
    Attack { attack: &'a Attack, proof: Proof, walls: Walls },
    Need { need: &'static str, walls: Walls },
}

impl Job<'_> {
    /// What differs from what should be, if anything does.
    fn run(&self, trial: &Trial<'_>) -> Result<Option<String>> {
        match self {
            Job::Attack { attack, proof, walls } => {
                let seen = trial.attack(attack, *walls)?;
                Ok(boxes::difference(attack, *proof, *walls, trial.sandbox.layers.own_user, &seen))
            }
            Job::Need { need, walls } => {
                let seen = trial.need(need, *walls)?;
                let is_met = matches!(&seen, Seen::Reached(word) if word == "met");
                Ok((!is_met).then(|| format!("{need}: in {walls}: it must be met, and was {seen}")))
            }
        }
    }
}
