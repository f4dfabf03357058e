//! What the judge says about one check.
//!
//! A student's mistake is a value here, never an `Err`.

use crate::experiment::Wrong;
use crate::fault::Fault;
use crate::replay::Code;

/// The verdict on one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The promise was kept in everything that was tried.
    Pass,
    /// The promise was broken.
    Fail(Finding),
    /// The answer is still the stub's `todo!`.
    NotStarted,
    /// The submission may not be graded as it is.
    Refused(Refusal),
    /// The judge cannot say: earns nothing, loses nothing.
    Inconclusive(Doubt),
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The bug class.
    pub fault: Fault,
    /// What happened, in one sentence.
    pub headline: String,
    /// What shows it, line by line.
    pub evidence: Vec<String>,
    /// The code that plays it again.
    pub replay: Option<String>,
}

impl Finding {
    /// What a rule found wrong, and how to play it again.
    pub(crate) fn new(wrong: Wrong, code: &Code) -> Self {
        let Wrong { fault, headline, evidence, .. } = wrong;
        Self { fault, headline, evidence, replay: Some(code.to_string()) }
    }
}

/// Why a submission is not graded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What is not accepted, in one sentence.
    pub headline: String,
    /// Where, and what to do instead.
    pub evidence: Vec<String>,
}

/// Why the judge cannot say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// The kind of doubt.
    pub kind: DoubtKind,
    /// What happened, in one sentence.
    pub headline: String,
    /// What is known.
    pub evidence: Vec<String>,
}

/// The kinds of doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DoubtKind {
    /// The answer uses something of std that the explorer does not model yet.
    EngineGap,
    /// Time ran out without a proof of anything.
    NoEnd,
    /// The machine failed us.
    Machine,
}

impl DoubtKind {
    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            DoubtKind::EngineGap => "EngineGap",
            DoubtKind::NoEnd => "NoEnd",
            DoubtKind::Machine => "Machine",
        }
    }
}

impl Verdict {
    /// The word in reports.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Fail(_) => "fail",
            Verdict::NotStarted => "not_started",
            Verdict::Refused(_) => "refused",
            Verdict::Inconclusive(_) => "inconclusive",
        }
    }
}
