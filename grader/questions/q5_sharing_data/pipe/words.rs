//! The calls of the two ends of a connection, and what comes of them.

/// Make a connection: of parcels (0) or of `()` (1).
pub const PAIR: u64 = 1;
/// Send a parcel: number and length.
pub const SEND: u64 = 2;
/// Send so many parcels of one length: first number, how many, length. Stops at an error.
pub const SEND_MANY: u64 = 3;
/// Receive one.
pub const RECV: u64 = 4;
/// Receive so many. Stops at an error.
pub const RECV_MANY: u64 = 5;
/// Receive one within so many milliseconds; [`FOR_EVER`] is `Duration::MAX`.
pub const RECV_LIMIT: u64 = 6;
/// Drop the end of this process.
pub const DROP: u64 = 7;
/// The caller drops the end that is its children's.
pub const DROP_OTHER: u64 = 8;
/// Make so many connections of parcels, use each once within the process, and drop both ends.
pub const ROUNDS: u64 = 9;

/// A limit that never comes.
pub const FOR_EVER: u64 = u64::MAX;

/// The first number of a trial's parcels is drawn below this, and none has as many as this.
pub const NUMBERS: u64 = 1_000_000;
/// A parcel of this number cannot be turned into bytes. No draw comes so far: a right answer would lose the check.
pub const UNSENDABLE: u64 = 2 * NUMBERS;
/// Bytes of a parcel of this number cannot be turned back.
pub const UNREADABLE: u64 = UNSENDABLE + 1;

/// `Ok`, of `pair` and `send`.
pub const OK: u64 = 1;
/// `Ok` with a message, or several; the detail is its digest.
pub const GOT: u64 = 2;
/// `Disconnected`.
pub const DISCONNECTED: u64 = 3;
/// `TimedOut`.
pub const TIMED_OUT: u64 = 4;
/// `Truncated`.
pub const TRUNCATED: u64 = 5;
/// `Undecodable`.
pub const UNDECODABLE: u64 = 6;
/// `Os`, with the error's number.
pub const OS: u64 = 7;
/// A receive within a limit that waited much longer, for so many milliseconds.
pub const OVERSTAYED: u64 = 8;
