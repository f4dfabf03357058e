//! Hashing. What is random in the standard library depends here on the schedule alone, so that a replay meets hash
//! tables in the same order.

use std::fmt;

use interleave::rt;

pub use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash, Hasher};

/// As `std::hash::RandomState`.
#[derive(Clone)]
pub struct RandomState {
    key: u64,
}

impl RandomState {
    /// As `std::hash::RandomState::new`: another one at every call, the same in every replay.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "`Default` is implemented below")]
    pub fn new() -> Self {
        let key = rt::hash_key().unwrap_or_else(|| std::hash::RandomState::new().build_hasher().finish());
        Self { key }
    }
}

impl Default for RandomState {
    fn default() -> Self {
        Self::new()
    }
}

impl BuildHasher for RandomState {
    type Hasher = DefaultHasher;

    fn build_hasher(&self) -> DefaultHasher {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(self.key);
        hasher
    }
}

impl fmt::Debug for RandomState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RandomState").finish_non_exhaustive()
    }
}
