//! Has threads that look for work be slow to leave.
//!
//! Stands before sched_yield(2), which std's `yield_now` and with it rayon's idle threads call. Whoever tells such a thread to end and
//! does not wait for it is back before it has ended, and that can be seen then. Changes nothing for the first thread of a process.

use nix::libc::{self, c_int};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a thread stays away while the caller is away, too. Whoever waits for it waits so long, and not longer.
const A_WHILE: Duration = Duration::from_millis(200);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Caller {
    /// Nobody loiters.
    Elsewhere,
    /// In the call that started the threads.
    Away,
    /// It has come back from there.
    Back,
}

/// Whether [`around`] has threads loiter at all.
static WANTED: AtomicBool = AtomicBool::new(false);
/// Whether anybody may loiter: looked at without a lock, which a fork could leave locked for ever.
static ALLOWED: AtomicBool = AtomicBool::new(false);
static CALLER: Mutex<Caller> = Mutex::new(Caller::Elsewhere);
static MOVED: Condvar = Condvar::new();

fn caller() -> MutexGuard<'static, Caller> {
    CALLER.lock().unwrap_or_else(PoisonError::into_inner)
}

fn moves(to: Caller) {
    *caller() = to;
    ALLOWED.store(to != Caller::Elsewhere, Ordering::Relaxed);
    MOVED.notify_all();
}

/// From now on threads loiter, or do not. Lets all go on that do.
pub fn set(wanted: bool) {
    WANTED.store(wanted, Ordering::Relaxed);
    moves(Caller::Elsewhere);
}

/// Makes a call whose threads loiter if that is wanted: in it for a while, and after it until the next [`set`].
pub fn around<T>(call: impl FnOnce() -> T) -> T {
    if !WANTED.load(Ordering::Relaxed) {
        return call();
    }
    moves(Caller::Away);
    let result = call();
    moves(Caller::Back);
    result
}

fn loiter() {
    let now = MOVED.wait_timeout_while(caller(), A_WHILE, |now| *now == Caller::Away);
    let now = now.unwrap_or_else(PoisonError::into_inner).0;
    drop(MOVED.wait_while(now, |now| *now == Caller::Back));
}

/// As sched_yield(2).
#[unsafe(no_mangle)]
pub extern "C" fn sched_yield() -> c_int {
    // SAFETY: nothing is asked for.
    let is_first = unsafe { libc::gettid() == libc::getpid() };
    if !is_first && ALLOWED.load(Ordering::Relaxed) {
        loiter();
    }
    // SAFETY: nothing is asked for.
    unsafe { libc::syscall(libc::SYS_sched_yield) as c_int }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering::SeqCst;
    use std::thread;

    #[test]
    fn who_is_waited_for_leaves_and_who_is_not_is_still_there() {
        static HAS_ENDED: AtomicBool = AtomicBool::new(false);
        let idle = || {
            thread::yield_now();
            HAS_ENDED.store(true, SeqCst);
        };
        set(true);
        around(|| thread::spawn(idle).join().expect("it ends while the caller waits"));
        assert!(HAS_ENDED.swap(false, SeqCst));
        // Until it has begun to loiter, nobody can say that it is told too early.
        let left = around(|| thread::spawn(idle));
        assert!(!HAS_ENDED.load(SeqCst));
        set(false);
        left.join().expect("it ends");
        around(|| thread::spawn(idle).join().expect("nobody loiters any more"));
    }
}
