//! The calls of counters in a file.

use wire::actors::{self, Op};

/// Opens so many counters; comes back with one of the ends below, and with a number of the system's.
pub const OPEN: u64 = 1;
/// Closes them.
pub const CLOSE: u64 = 2;
/// Adds a number to a counter; comes back with what it was.
pub const ADD: u64 = 3;
/// What a counter is.
pub const GET: u64 = 4;
/// Empties a counter; comes back with what it was.
pub const TAKE: u64 = 5;
/// Adds one to a counter again and again, until so many times a few additions of others came in between, or cell [`ENOUGH`] is not 0,
/// or for [`actors::LONGEST`]; comes back with how often it has added. All that came back is added up in cell [`FOUND`].
pub const ADD_OFTEN: u64 = 6;
/// So often: adds one to a counter, and then says so in cell [`DONE`].
pub const ADD_TOLD: u64 = 7;
/// Adds one to a counter and takes from it, again and again, until so many times there were a few additions of others to take, or as
/// above; comes back with how much it has taken of others, and how often it found nothing.
pub const TAKE_OFTEN: u64 = 8;
/// How many counters there are.
pub const LEN: u64 = 9;
/// Waits until cell [`DONE`] is at least this, or the child with the second number is dead.
pub const WATCH: u64 = 10;
/// Adds one, looks, and takes at an index that is not there; comes back with how many of these panicked.
pub const OUTSIDE: u64 = 11;
/// Puts a file of somebody else's there, of so many bytes.
pub const FOREIGN: u64 = 12;
/// What is in the file, as a number, and how long it is.
pub const LOOK: u64 = 13;
/// Opens counters in a folder that is not there; as [`OPEN`].
pub const OPEN_NOWHERE: u64 = 14;
/// Adds one to each counter, or to each of so many: the first, and so on.
pub const ADD_ALL: u64 = 15;
/// Removes the file, whoever has it open.
pub const REMOVE: u64 = 16;
/// Adds half of the largest number and then one to a counter, again and again, while somebody else takes, until so many times the
/// half came to a counter that had just been taken, or as above; comes back with how often the one was added to what neither of the
/// two has left.
pub const FILL_OFTEN: u64 = 17;
/// Takes from a counter, again and again, until cell [`ENOUGH`] is not 0, or for [`actors::LONGEST`].
pub const EMPTY_OFTEN: u64 = 18;

/// Adds more than half of the largest number to a counter, again and again, while somebody else takes, until so many times it came to a
/// counter that had just been taken, or as above.
pub const OVERFLOW_OFTEN: u64 = 20;
/// Takes from it, as [`EMPTY_OFTEN`]; comes back with how often that gave what such a counter never holds.
pub const DRAIN_OFTEN: u64 = 21;

/// Has this process stand at the gates of [`BEFORE_ROOM`] and [`AFTER_ROOM`] where it first makes room in a file.
pub const HOLD: u64 = 19;

/// Has this process stand at the gate of [`BEFORE_CREATION`] where it first opens a file that it may have to make.
pub const HOLD_CREATION: u64 = 22;
/// The task of who is about to open a file that it may have to make.
pub const BEFORE_CREATION: u64 = 3;

/// The task of who is about to make room: the file is there, if it has its name already, and empty.
pub const BEFORE_ROOM: u64 = 1;
/// The task of who has just made room: the file is as long as it should be, and nothing is in it.
pub const AFTER_ROOM: u64 = 2;

/// Half of the largest number, and one: two of them are too large.
pub const HALF: u64 = 1 << 63;

/// What [`OVERFLOW_OFTEN`] adds: a counter has nothing, this, or the largest number.
pub const MORE_THAN_HALF: u64 = HALF + 6;

/// What was found by all additions, added up.
pub const FOUND: u64 = 0;
/// Whether additions and others have met often enough.
pub const ENOUGH: u64 = 2;
/// So few additions in between mean that somebody else was there at that very moment. Who was off the processor for a while finds
/// thousands, and has met nobody.
pub const CLOSE_BY: u64 = 8;
/// How many additions have come back.
pub const DONE: u64 = 1;

/// They are open.
pub const OPENED: u64 = 0;
/// `Foreign`.
pub const IS_FOREIGN: u64 = 1;
/// `OtherShape`.
pub const HAS_OTHER_SHAPE: u64 = 2;
/// `Os`, with its number.
pub const OS: u64 = 3;

/// A call, as a student would say it.
pub fn say([code, with, _]: Op) -> String {
    match code {
        OPEN | OPEN_NOWHERE => format!("open(.., {with})"),
        ADD | ADD_OFTEN | ADD_TOLD | ADD_ALL => "add".into(),
        GET => format!("get({with})"),
        TAKE | TAKE_OFTEN => "take".into(),
        LEN => "len".into(),
        actors::GATE => format!("work {with}"),
        _ => "a call".into(),
    }
}

/// An end of `open`, as a student would say it.
pub fn end([what, with]: [u64; 2]) -> String {
    match what {
        OPENED => "Ok".into(),
        IS_FOREIGN => "Err(Foreign)".into(),
        HAS_OTHER_SHAPE => "Err(OtherShape { .. })".into(),
        _ => format!("Err(Os(error {with}))"),
    }
}
