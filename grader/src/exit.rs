//! Exit codes: the one list that the commands use and README repeats.

use crate::error::ErrorKind;
use crate::score::Score;

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Full marks, or the command did what it was asked.
    Full,
    /// Marks were lost.
    Lost,
    /// The command line is wrong.
    Usage,
    /// Something could not be graded here.
    Unsure,
    /// The course itself is broken.
    Course,
    /// The grader itself is broken.
    Bug,
}

impl Exit {
    /// All of them, in the order of their codes.
    pub const ALL: [Exit; 6] = [Exit::Full, Exit::Lost, Exit::Usage, Exit::Unsure, Exit::Course, Exit::Bug];

    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Exit::Full => 0,
            Exit::Lost => 1,
            Exit::Usage => 2,
            Exit::Unsure => 3,
            Exit::Course => 4,
            Exit::Bug => 70,
        }
    }

    /// What it means, as README says it.
    pub fn meaning(self) -> &'static str {
        match self {
            Exit::Full => "full marks",
            Exit::Lost => "marks lost",
            Exit::Usage => "the command line is wrong",
            Exit::Unsure => "something could not be graded here (machine, sandbox, engine gap)",
            Exit::Course => "the course is broken (a solution fails, an impostor passes)",
            Exit::Bug => "a bug in the grader",
        }
    }
}

impl From<Score> for Exit {
    fn from(score: Score) -> Self {
        match score {
            score if score.is_full() => Exit::Full,
            score if score.is_losing() => Exit::Lost,
            _ => Exit::Unsure,
        }
    }
}

impl From<ErrorKind> for Exit {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Usage => Exit::Usage,
            ErrorKind::Machine => Exit::Unsure,
            ErrorKind::Course => Exit::Course,
            ErrorKind::Bug => Exit::Bug,
        }
    }
}
