//! The calls of shared values and arrays. A number travels as its bits.

use wire::actors::{self, Op};

/// The tool is a value; from: this, its type, the number.
pub const VALUE: u64 = 0;
/// The tool is an array; from: this, its type, the number that is everywhere at first, and how many.
pub const ARRAY: u64 = 1;

/// The types.
pub const U64: u64 = 0;
/// With signs.
pub const I64: u64 = 1;
/// Short.
pub const U32: u64 = 2;
/// With a point.
pub const F64: u64 = 3;

/// The number with this index; of a value there is one.
pub const GET: u64 = 1;
/// Puts a number with an index.
pub const SET: u64 = 2;
/// Adds a number to that with an index; by `update`.
pub const ADD: u64 = 3;
/// Adds one to all, waiting as this task when half of them are done; by `update`.
pub const ADD_HELD: u64 = 4;
/// So often: adds one to that with an index, letting others go first in between; by `update`.
pub const ADD_OFTEN: u64 = 5;
/// Adds one to half of all and panics; comes back with whether that panic came back.
pub const ADD_PANIC: u64 = 6;
/// Adds one to half of all and leaves the process.
pub const ADD_LEAVE: u64 = 7;
/// So often: adds one to all, and says so in cell [`ROUNDS`] each time; by `update`.
pub const ADD_ALL: u64 = 8;
/// So often, or until cell [`ENOUGH`] is not 0: looks at all; comes back with the first number of the last look, and in how many looks not
/// all were equal, from the second index on.
pub const SAME: u64 = 9;
/// How many there are.
pub const LEN: u64 = 10;
/// Waits until cell [`ROUNDS`] has grown by this, or the child with the second number is dead.
pub const WATCH: u64 = 11;
/// The same as [`GET`] and [`SET`], with a place that is not there; comes back with whether it panicked.
pub const GET_OUTSIDE: u64 = 12;
/// As [`GET_OUTSIDE`].
pub const SET_OUTSIDE: u64 = 13;
/// Puts 1, 2 and so on first at the front and then at the back, each time after another look has begun, until cell [`ENOUGH`] is not 0.
pub const SET_ENDS: u64 = 14;
/// So often: looks at all, and says so in cell [`ROUNDS`] before; comes back with in how many looks the back was ahead of the front.
pub const LOOK_AT_ENDS: u64 = 15;

/// How often a change was called.
pub const CALLED: u64 = 0;
/// Whether there have been enough looks.
pub const ENOUGH: u64 = 2;
/// How many changes of all numbers there were.
pub const ROUNDS: u64 = 1;

/// A call, as a student would say it.
pub fn say([code, with, _]: Op) -> String {
    match code {
        GET | GET_OUTSIDE => format!("get({with})"),
        SET | SET_OUTSIDE => format!("set({with}, ..)"),
        SET_ENDS => "set".into(),
        ADD | ADD_HELD | ADD_OFTEN | ADD_PANIC | ADD_LEAVE | ADD_ALL => "update".into(),
        SAME | LOOK_AT_ENDS => "to_vec".into(),
        LEN => "len".into(),
        actors::GATE => format!("work {with}"),
        _ => "a call".into(),
    }
}

/// A number of a type, by its bits.
pub fn show(of: u64, bits: u64) -> String {
    match of {
        I64 => bits.cast_signed().to_string(),
        F64 => format!("{:e}", f64::from_bits(bits)),
        _ => bits.to_string(),
    }
}
