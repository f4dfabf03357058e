//! Which [`RobustMutex`](crate::sync::RobustMutex)es this process holds. It does not know what they
//! are for.
//!
//! The C library gives a lock to a thread, and the kernel takes it away when that thread ends. Rust
//! lets a guard outlive both: it may be forgotten, in memory that is unmapped or in a thread that ends
//! while its borrowed data live on. So we keep count, and stop what would end in two owners.

use nix::unistd::{getpid, gettid};
use std::cell::Cell;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The addresses of all locks that are held by threads of this process.
static HELD: Mutex<Vec<usize>> = Mutex::new(Vec::new());

/// How many of them the calling thread holds.
struct Mine(Cell<usize>);

thread_local! {
    static MINE: Mine = const { Mine(Cell::new(0)) };
}

impl Drop for Mine {
    fn drop(&mut self) {
        // The end of the main thread is that of the process, and then nobody is left to be deceived.
        assert!(
            self.0.get() == 0 || gettid() == getpid(),
            "a thread ended with a lock whose guard it had forgotten: the lock would get a second owner"
        );
    }
}

fn held() -> MutexGuard<'static, Vec<usize>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner) // a push or a removal is never half done
}

/// Notes that the calling thread now has the lock at `address`.
pub(crate) fn take(address: usize) {
    MINE.with(|mine| mine.0.set(mine.0.get() + 1));
    held().push(address);
}

/// Notes that the calling thread is about to give it back.
pub(crate) fn give_back(address: usize) {
    let mut held = held();
    if let Some(index) = held.iter().rposition(|other| *other == address) {
        held.swap_remove(index);
        MINE.with(|mine| mine.0.set(mine.0.get() - 1));
    }
}

/// How many locks the calling thread holds.
pub(crate) fn by_this_thread() -> usize {
    MINE.with(|mine| mine.0.get())
}

/// Whether any lock within these addresses is held by a thread of this process.
pub(crate) fn any_within(addresses: Range<usize>) -> bool {
    held().iter().any(|address| addresses.contains(address))
}
