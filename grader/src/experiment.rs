//! What a check wants to see: experiments declared up front, and the rules that read their runs.
//!
//! Nothing here runs anything. The runner takes experiments and never calls a check.

use crate::fault::Fault;
use wire::Run;

/// Where an experiment takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum World {
    /// Real threads of the real std.
    Real,
    /// Every schedule chosen by the explorer.
    Model,
}

impl World {
    /// Both, in the order in which they are tried.
    pub const BOTH: [World; 2] = [World::Real, World::Model];

    /// One letter, for replay codes and folder names.
    pub fn letter(self) -> char {
        match self {
            World::Real => 'r',
            World::Model => 'm',
        }
    }

    /// Reads [`World::letter`].
    pub fn from_letter(letter: &str) -> Option<World> {
        World::BOTH.into_iter().find(|world| letter == world.letter().to_string())
    }
}

/// One scene to be played, many times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Experiment {
    /// The driver's name of the scene.
    pub scene: &'static str,
    /// Its numbers.
    pub words: Vec<Vec<u64>>,
    /// Whether the model's clock moves only when every thread waits.
    pub timed: bool,
    /// How often: schedules in the model world (at the ordinary depth), repetitions in the real one.
    pub runs: u32,
    /// Whether the runs are asked for one by one, so that the judge can tell which run came to a
    /// gate. Only the real world needs this.
    pub one_by_one: bool,
}

/// The rules of one check.
#[derive(Clone, Copy)]
pub struct Rules {
    /// The check's id, as in `exercise.toml`.
    pub check: &'static str,
    /// The experiments in a world, from fresh numbers. An empty list: this world has no say.
    pub experiments: fn(World, &mut Numbers) -> Vec<Experiment>,
    /// Reads one run; `Err` says what is wrong with it.
    pub judge: fn(&Experiment, &Run) -> Result<(), Wrong>,
    /// Whether threads that are left behind after a run break this check's promise.
    pub minds_leftover_threads: bool,
}

/// What is wrong with a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The bug class.
    pub fault: Fault,
    /// What happened, in one sentence.
    pub headline: String,
    /// What shows it.
    pub evidence: Vec<String>,
    /// For what the real world shows without showing why: if the model world has this word on
    /// record too, it knows more about it, and its verdict counts.
    pub unless_seen: Option<u64>,
}

impl Wrong {
    /// The same with what shows it.
    pub fn with_evidence(self, evidence: Vec<String>) -> Self {
        Self { evidence, ..self }
    }

    /// Without evidence of its own: the story will show it.
    pub fn new(fault: Fault, headline: impl Into<String>) -> Self {
        Self { fault, headline: headline.into(), evidence: Vec::new(), unless_seen: None }
    }
}

/// Fresh numbers for challenges, decided by a seed: the splitmix64 generator (Steele, Lea and
/// Flood, "Fast splittable pseudorandom number generators", 2014).
#[derive(Debug, Clone)]
pub struct Numbers {
    state: u64,
    given: Vec<u64>,
}

impl Numbers {
    /// Equal seeds give equal numbers.
    pub fn new(seed: u64) -> Self {
        Self { state: seed, given: Vec::new() }
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number from 10 to 9999 that this generator has not given before: short enough to read in
    /// a story, and never equal to a small count.
    pub fn fresh(&mut self) -> u64 {
        loop {
            let number = 10 + self.bits() % 9990;
            if !self.given.contains(&number) {
                self.given.push(number);
                return number;
            }
        }
    }

    /// `count` fresh numbers.
    pub fn some(&mut self, count: usize) -> Vec<u64> {
        (0..count).map(|_| self.fresh()).collect()
    }
}
