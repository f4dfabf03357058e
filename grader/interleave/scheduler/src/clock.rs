//! Vector clocks: which steps of which threads happened before a given moment.
//!
//! Knows nothing of threads beyond their number; entries that were never set are zero.

/// How many threads a clock holds without touching the heap.
const INLINE: usize = 8;

/// One counter a thread. Schedules of up to eight threads need no allocation.
#[derive(Clone, Debug, Default)]
pub(crate) struct VectorClock {
    first: [u32; INLINE],
    rest: Vec<u32>,
}

impl VectorClock {
    /// The counter of `thread`.
    pub(crate) fn get(&self, thread: usize) -> u32 {
        match thread.checked_sub(INLINE) {
            None => self.first[thread],
            Some(index) => self.rest.get(index).copied().unwrap_or(0),
        }
    }

    /// Starts a new interval of `thread`.
    pub(crate) fn tick(&mut self, thread: usize) {
        match thread.checked_sub(INLINE) {
            None => self.first[thread] += 1,
            Some(index) => {
                if self.rest.len() <= index {
                    self.rest.resize(index + 1, 0);
                }
                self.rest[index] += 1;
            }
        }
    }

    /// Afterwards `self` knows everything that `other` knows.
    pub(crate) fn join(&mut self, other: &Self) {
        for (mine, theirs) in self.first.iter_mut().zip(&other.first) {
            *mine = (*mine).max(*theirs);
        }
        if self.rest.len() < other.rest.len() {
            self.rest.resize(other.rest.len(), 0);
        }
        for (mine, theirs) in self.rest.iter_mut().zip(&other.rest) {
            *mine = (*mine).max(*theirs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::VectorClock;

    #[test]
    fn join_takes_the_larger_counter_on_both_sides_of_the_inline_limit() {
        let (mut left, mut right) = (VectorClock::default(), VectorClock::default());
        left.tick(0);
        right.tick(11);
        right.tick(11);
        left.join(&right);
        assert_eq!((left.get(0), left.get(3), left.get(11)), (1, 0, 2));
        right.join(&left);
        assert_eq!((right.get(0), right.get(11), right.get(40)), (1, 2, 0));
    }
}
