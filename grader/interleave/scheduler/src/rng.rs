//! The only source of chance: SplitMix64, started from a seed and the number of the schedule.
//!
//! Knows nothing of what its numbers decide, and reads no clock, address or hash.

/// A small deterministic generator.
#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    /// The stream that belongs to schedule `index` of `seed`.
    pub(crate) fn new(seed: u64, index: u32) -> Self {
        let mut rng = Self(seed);
        // One draw mixes the seed first, so that neighbouring seeds share no streams.
        let mixed = rng.next();
        Self(mixed ^ u64::from(index).wrapping_mul(0xD6E8_FEB8_6659_FD93))
    }

    /// The next 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// A number below `bound`, which must not be zero.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// True once in `n` draws on average.
    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.next().is_multiple_of(n)
    }
}
