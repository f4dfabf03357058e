//! The calls of locks, semaphores and conditions for processes.

use wire::actors::{self, Op};

/// What the tools are made from: whether a lock, how many permits, whether a condition.
pub type From = [u64; 3];

/// Takes the lock; comes back with whether the last holder died with it.
pub const LOCK: u64 = 1;
/// Tries to; comes back with whether it has it, and the same.
pub const TRY_LOCK: u64 = 2;
/// Gives it back.
pub const UNLOCK: u64 = 3;
/// Takes a permit.
pub const ACQUIRE: u64 = 4;
/// Tries to; comes back with whether it has one.
pub const TRY_ACQUIRE: u64 = 5;
/// Gives back the permit that it took last.
pub const RELEASE: u64 = 6;
/// How many permits are free.
pub const AVAILABLE: u64 = 7;
/// Takes the lock of the condition; as [`LOCK`].
pub const ENTER: u64 = 8;
/// Waits once; as [`LOCK`].
pub const WAIT: u64 = 9;
/// Waits, again and again, until cell [`TURN`] is at least this.
pub const WAIT_FOR: u64 = 10;
/// Adds one to that cell.
pub const RAISE: u64 = 11;
/// Lets one go on, so many times in a row, and once if that is 0.
pub const NOTIFY_ONE: u64 = 12;
/// Lets all go on.
pub const NOTIFY_ALL: u64 = 13;
/// Gives the lock of the condition back.
pub const EXIT: u64 = 14;
/// So often: takes the lock, or a permit if its second number is 1, counts in cell [`COUNTED`], and gives it back.
pub const COUNT_OFTEN: u64 = 15;
/// So often: waits until cell [`TURN`] is even, or odd, as its second number says; raises it and notifies one.
pub const TAKE_TURNS: u64 = 16;
/// Asks how many permits there are, again and again, until cell [`ENOUGH`] is not 0.
pub const ASK_OFTEN: u64 = 17;
/// Takes a permit if one is free and gives it back, until somebody has asked in between so many times, or for [`actors::LONGEST`], and
/// then raises cell [`ENOUGH`]; comes back with how often none was free.
pub const TRY_OFTEN: u64 = 18;

/// What is counted under a lock.
pub const COUNTED: u64 = 0;
/// What is waited for.
pub const TURN: u64 = 1;
/// Whether it is enough.
pub const ENOUGH: u64 = 2;
/// How often it was asked how many permits there are.
pub const ASKED: u64 = 3;

/// A call, as a student would say it.
pub fn say([code, with, permit]: Op) -> String {
    match code {
        LOCK => "lock".into(),
        TRY_LOCK => "try_lock".into(),
        ACQUIRE => "acquire".into(),
        TRY_ACQUIRE | TRY_OFTEN => "try_acquire".into(),
        AVAILABLE | ASK_OFTEN => "available".into(),
        ENTER => "lock of the condition".into(),
        WAIT | WAIT_FOR => "wait".into(),
        COUNT_OFTEN if permit == 1 => format!("acquire, {with} times"),
        COUNT_OFTEN => format!("lock, {with} times"),
        TAKE_TURNS => format!("wait and notify_one, {with} times"),
        actors::GATE => format!("work {with}"),
        _ => "a call".into(),
    }
}
