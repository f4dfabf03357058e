//! `Instant`.

use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::panic::Location;
use std::sync::OnceLock;
use std::time::Duration;

use interleave::rt;

/// Where virtual time begins: far from both ends, so that earlier instants exist as they do in practice.
const START: Duration = Duration::from_secs(1 << 40);
/// The latest instant that the standard library can represent on this platform.
const LAST_SECOND: u64 = i64::MAX as u64;

/// As `std::time::Instant`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Instant {
    since: Duration,
}

impl Instant {
    /// The current virtual time; outside a schedule, the real one.
    #[must_use]
    #[track_caller]
    pub fn now() -> Self {
        static ORIGIN: OnceLock<std::time::Instant> = OnceLock::new();
        let passed = match rt::time::now(Location::caller()) {
            Some(nanos) => Duration::from_nanos(nanos),
            None => ORIGIN.get_or_init(std::time::Instant::now).elapsed(),
        };
        Self { since: START + passed }
    }

    /// Time from `earlier` to `self`, or zero.
    #[must_use]
    pub fn duration_since(&self, earlier: Self) -> Duration {
        self.saturating_duration_since(earlier)
    }

    /// Time from `earlier` to `self`, if it is not later.
    #[must_use]
    pub fn checked_duration_since(&self, earlier: Self) -> Option<Duration> {
        self.since.checked_sub(earlier.since)
    }

    /// Time from `earlier` to `self`, or zero.
    #[must_use]
    pub fn saturating_duration_since(&self, earlier: Self) -> Duration {
        self.since.saturating_sub(earlier.since)
    }

    /// Time from `self` to now.
    #[must_use]
    #[track_caller]
    pub fn elapsed(&self) -> Duration {
        Self::now() - *self
    }

    /// A later instant, if it can be represented.
    #[must_use]
    pub fn checked_add(&self, duration: Duration) -> Option<Self> {
        let since = self.since.checked_add(duration)?;
        (since.as_secs() <= LAST_SECOND).then_some(Self { since })
    }

    /// An earlier instant, if it can be represented.
    #[must_use]
    pub fn checked_sub(&self, duration: Duration) -> Option<Self> {
        Some(Self { since: self.since.checked_sub(duration)? })
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        self.checked_add(duration).expect("overflow when adding duration to instant")
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        self.checked_sub(duration).expect("overflow when subtracting duration from instant")
    }
}

impl SubAssign<Duration> for Instant {
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.duration_since(earlier)
    }
}
