//! Hints. `spin_loop` passes the turn on: whoever spins waits for somebody else.

use std::panic::Location;

use interleave::rt;

pub use std::hint::{assert_unchecked, black_box, cold_path, select_unpredictable, unreachable_unchecked};

/// As `std::hint::spin_loop`.
#[track_caller]
pub fn spin_loop() {
    if !rt::thread::yield_now("spin_loop", Location::caller()) {
        std::hint::spin_loop();
    }
}
