//! Points. Whole numbers, added up in one place.

use crate::verdict::Verdict;
use std::iter::Sum;

/// Points earned, points that an instructor has to decide on, and points that could be had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Score {
    /// Earned.
    pub earned: u32,
    /// Neither earned nor lost: the judge could not say.
    pub open: u32,
    /// In all.
    pub possible: u32,
}

impl Score {
    /// What a verdict on a check of this worth is worth.
    pub fn of(verdict: &Verdict, points: u32) -> Self {
        let when = |holds: bool| if holds { points } else { 0 };
        Self {
            earned: when(matches!(verdict, Verdict::Pass)),
            open: when(matches!(verdict, Verdict::Inconclusive(_))),
            possible: points,
        }
    }

    /// Whether nothing is missing.
    pub fn is_full(self) -> bool {
        self.earned == self.possible
    }

    /// Whether something is lost for good.
    pub fn is_losing(self) -> bool {
        self.earned + self.open < self.possible
    }
}

impl Sum for Score {
    fn sum<I: Iterator<Item = Score>>(scores: I) -> Self {
        scores.fold(Score::default(), |sum, score| Score {
            earned: sum.earned + score.earned,
            open: sum.open + score.open,
            possible: sum.possible + score.possible,
        })
    }
}
