//! Locks that keep processes apart: a [`RobustMutex`] that survives its owner, and a
//! [`ProcessCondvar`] to wait with. They live in a [`Region`](crate::shm::Region); this module maps
//! no memory.
//!
//! The locks of `std` are for the threads of one process. In shared memory they may look as if they
//! worked, until the kernel is asked to wake a thread of another process, which it was told not to
//! look for. And when a process is killed, nobody gives back what it holds: a plain lock stays
//! locked for ever.
//!
//! ```no_run
//! use nix::sys::signal::{Signal, kill};
//! use nix::sys::wait::waitpid;
//! use nix::unistd::getpid;
//! use toolkit::fork;
//! use toolkit::shm::Region;
//! use toolkit::sync::{LockError, RobustMutex};
//!
//! let account = Region::of(RobustMutex::new([100_u64, 0]))?;
//! let child = fork(|| {
//!     let mut money = account.lock().ok().expect("nobody has died yet");
//!     money[0] -= 30;
//!     let _ = kill(getpid(), Signal::SIGKILL); // before it arrives
//!     money[1] += 30;
//!     0
//! })?;
//! waitpid(child, None)?;
//!
//! match account.lock() {
//!     Ok(_) => unreachable!("its owner was killed"),
//!     Err(LockError::OwnerDied(mut money)) => {
//!         money[1] = 100 - money[0]; // only you know what must be true
//!         let money = money.heal();
//!         assert_eq!(*money, [70, 30]);
//!     }
//!     Err(LockError::Unrecoverable) => unreachable!("nobody has given up"),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # When wake-ups may be lost
//!
//! Whoever is killed after it has changed something and before it has told others leaves them
//! asleep. If that must not happen, tell first and change then, both under the lock:
//!
//! ```
//! # use toolkit::shm::Region;
//! # use toolkit::sync::{ProcessCondvar, RobustMutex};
//! # let region = Region::of((RobustMutex::new(0_u64), ProcessCondvar::new()))?;
//! # let (permits, changed) = &*region;
//! if let Ok(mut permits) = permits.lock() {
//!     changed.notify_one(); // whoever wakes waits for the lock
//!     *permits += 1;
//! }
//! # Ok::<(), nix::Error>(())
//! ```
//!
//! Then there is no moment at which the change is made and nobody knows: a waiter that was woken gets
//! the lock when we release it or die, and looks for itself.

mod condvar;
mod mutex;
mod raw;

pub use condvar::ProcessCondvar;
pub use mutex::{LockError, OwnerDied, RobustGuard, RobustMutex};
