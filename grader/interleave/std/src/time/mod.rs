//! Virtual time. Both clocks follow the schedule and stand still while a thread runs.

mod instant;
mod system_time;

pub use std::time::{Duration, SystemTimeError, TryFromFloatSecsError};

pub use instant::Instant;
pub use system_time::{SystemTime, UNIX_EPOCH};
