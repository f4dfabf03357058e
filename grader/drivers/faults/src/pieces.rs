//! Has what comes within a limit come in small pieces, each of them late.
//!
//! A read takes a small piece, and after it nothing is there until somebody has waited; a wait that has a limit lasts for half of it. So
//! whoever waits for what is left of its time gives up, or has taken all that there is, in time, and whoever begins again with each piece
//! overstays its limit. Concerns whoever reads, whatever the other side does. Knows not what is read.

use crate::cut::has_packets;
use crate::late::{SHORTEST_MS, set_errno};
use crate::{PIECEMEAL, has, is_stream};
use nix::libc::{self, c_int, size_t, ssize_t};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

/// The most bytes that come at once.
const PIECE_BYTES: size_t = 8 * 1024;

/// Whether a piece was taken, and nobody has waited since.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// For how long this process was kept waiting.
static KEPT_MS: AtomicI64 = AtomicI64::new(0);

/// For how many milliseconds [`PIECEMEAL`] has kept this process waiting since it was last asked. Not by a clock: however busy the
/// machine is, whoever waits for what is left of its time is kept no longer than that, and a little. What is read next is there.
pub fn overstayed() -> i64 {
    TAKEN.store(false, Ordering::Relaxed);
    KEPT_MS.swap(0, Ordering::Relaxed)
}

/// Something has come within a wait of this limit, negative without one: blocks for half of it if it is no shorter than
/// [`SHORTEST_MS`].
pub(crate) fn comes(limit_ms: i64) {
    if !has(PIECEMEAL) {
        return;
    }
    TAKEN.store(false, Ordering::Relaxed);
    if limit_ms >= SHORTEST_MS {
        let half_ms = limit_ms / 2 + 1;
        KEPT_MS.fetch_add(half_ms, Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(half_ms.unsigned_abs()));
    }
}

/// Reads by `call`, which is told how many bytes it may read; without a wait nothing is there after a piece (`EAGAIN`).
pub(crate) fn read(fd: c_int, count: size_t, waits: bool, call: impl FnOnce(size_t) -> ssize_t) -> ssize_t {
    if !has(PIECEMEAL) || !is_stream(fd) || has_packets(fd) {
        return call(count);
    }
    if !waits && TAKEN.load(Ordering::Relaxed) {
        set_errno(libc::EAGAIN);
        return -1;
    }
    let taken = call(count.min(PIECE_BYTES));
    TAKEN.fetch_or(taken > 0, Ordering::Relaxed);
    taken
}
