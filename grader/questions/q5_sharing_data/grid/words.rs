//! The calls of shared grids. A number travels as its bits, a cell as its row and column.

use wire::actors::{self, Op};

/// The number in a cell.
pub const GET: u64 = 1;
/// Puts a number into a cell.
pub const SET: u64 = 2;
/// Puts into each cell its number from 1 on, modulo this and plus one.
pub const FILL: u64 = 3;
/// Looks into a cell that is not there, and puts a number there; comes back with how many of the two panicked.
pub const OUTSIDE: u64 = 4;
/// A sum with so many processes and threads; comes back with one of the ends below, and the sum or a number.
pub const SUM: u64 = 5;
/// The same; each thread waits at a gate at its first cell, and adds what it gets there to what it makes of it.
pub const SUM_HELD: u64 = 6;
/// The same as [`SUM`]; whoever comes to the number [`MARK`] panics.
pub const SUM_PANIC: u64 = 7;
/// The same; it kills itself.
pub const SUM_KILL: u64 = 8;
/// The same; it leaves with code 3.
pub const SUM_LEAVE: u64 = 9;
/// The same; it leaves with code 0, as if all were well.
pub const SUM_LEAVE_WELL: u64 = 10;
/// [`SUM_HELD`] and [`SUM_LEAVE`] in one.
pub const SUM_HELD_LEAVE: u64 = 11;
/// [`SUM`], while the system refuses the second process that is started, and every later one.
pub const SUM_REFUSED: u64 = 12;

/// What `of` makes of a number is twice that. It stops at this number.
pub const MARK: f64 = 1e9;
/// How often `of` was called.
pub const CALLED: u64 = 0;

/// There is a sum.
pub const OK: u64 = 0;
/// `Fork`.
pub const FORK: u64 = 1;
/// `WorkerDied` by the signal with this number.
pub const KILLED: u64 = 2;
/// `WorkerDied` with this code.
pub const LEFT: u64 = 3;
/// `Os`, with its number.
pub const OS: u64 = 4;
/// This system cannot be made to refuse a process.
pub const UNREFUSED: u64 = 5;

/// A cell as a number.
pub const fn cell(row: u64, column: u64) -> u64 {
    row << 32 | column
}

/// A call, as a student would say it.
pub fn say([code, with, other]: Op) -> String {
    match code {
        GET | OUTSIDE => format!("get({}, {})", with >> 32, with as u32),
        SET => format!("set({}, {}, ..)", with >> 32, with as u32),
        FILL => "set".into(),
        SUM..=SUM_REFUSED => format!("sum({with}, {other}, ..)"),
        actors::GATE => format!("work {with}"),
        _ => "a call".into(),
    }
}

/// An end of a sum, as a student would say it.
pub fn end([what, with]: [u64; 2]) -> String {
    match what {
        OK => format!("Ok({})", f64::from_bits(with)),
        FORK => "Err(Fork(..))".into(),
        KILLED => format!("Err(WorkerDied) by signal {with}"),
        LEFT => format!("Err(WorkerDied) with code {with}"),
        _ => format!("Err(Os(error {with}))"),
    }
}
