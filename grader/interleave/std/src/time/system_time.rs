//! `SystemTime`. Every schedule begins at the same moment of the same day, so that it can be replayed.

use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::panic::Location;
use std::time::{Duration, SystemTimeError};

use interleave::rt;

/// When schedules begin: midnight of 1 January 2026.
const START: Duration = Duration::from_secs(1_767_225_600);

/// As `std::time::UNIX_EPOCH`.
pub const UNIX_EPOCH: SystemTime = SystemTime::UNIX_EPOCH;

/// As `std::time::SystemTime`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SystemTime(std::time::SystemTime);

impl SystemTime {
    /// As `std::time::SystemTime::UNIX_EPOCH`.
    pub const UNIX_EPOCH: Self = Self(std::time::SystemTime::UNIX_EPOCH);

    /// The current virtual time; outside a schedule, the real one.
    #[must_use]
    #[track_caller]
    pub fn now() -> Self {
        match rt::time::now(Location::caller()) {
            Some(nanos) => Self::UNIX_EPOCH + START + Duration::from_nanos(nanos),
            None => Self(std::time::SystemTime::now()),
        }
    }

    /// Time from `earlier` to `self`.
    ///
    /// # Errors
    /// If `earlier` is later.
    pub fn duration_since(&self, earlier: Self) -> Result<Duration, SystemTimeError> {
        self.0.duration_since(earlier.0)
    }

    /// Time from `self` to now.
    ///
    /// # Errors
    /// If `self` lies in the future.
    #[track_caller]
    pub fn elapsed(&self) -> Result<Duration, SystemTimeError> {
        Self::now().duration_since(*self)
    }

    /// A later moment, if it can be represented.
    #[must_use]
    pub fn checked_add(&self, duration: Duration) -> Option<Self> {
        self.0.checked_add(duration).map(Self)
    }

    /// An earlier moment, if it can be represented.
    #[must_use]
    pub fn checked_sub(&self, duration: Duration) -> Option<Self> {
        self.0.checked_sub(duration).map(Self)
    }
}

impl Add<Duration> for SystemTime {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0 + duration)
    }
}

impl AddAssign<Duration> for SystemTime {
    fn add_assign(&mut self, duration: Duration) {
        self.0 += duration;
    }
}

impl Sub<Duration> for SystemTime {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0 - duration)
    }
}

impl SubAssign<Duration> for SystemTime {
    fn sub_assign(&mut self, duration: Duration) {
        self.0 -= duration;
    }
}
