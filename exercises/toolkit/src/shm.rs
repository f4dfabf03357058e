//! Memory that several processes see at once: a [`Region`] for a family of processes, and a
//! [`MappedFile`] for processes that never meet. It knows nothing of what is kept there; who may
//! write when is the business of atomics, or of a lock from [`sync`](crate::sync).
//!
//! After a fork each process has a copy of its parent's memory, so what one writes the other never
//! sees. A [`Region`] is the exception: its pages are shared by everyone who was forked after it was
//! made, and they outlive a process that dies. So they are the place for what must not die with it.
//!
//! ```no_run
//! use nix::sys::wait::waitpid;
//! use std::sync::atomic::{AtomicU64, Ordering};
//! use toolkit::{fork, shm::Region};
//!
//! let numbers = Region::<[AtomicU64]>::new(2)?; // both are 0
//! let child = fork(|| {
//!     numbers[1].store(7, Ordering::Relaxed);
//!     0
//! })?;
//! waitpid(child, None)?; // whoever has ended has stored everything before
//! assert_eq!(numbers[1].load(Ordering::Relaxed), 7);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! While the other process still runs, nothing says *when* its stores are seen, except that a
//! [`Release`](std::sync::atomic::Ordering::Release) store makes everything before it visible to
//! whoever reads it with [`Acquire`](std::sync::atomic::Ordering::Acquire), as between threads. So:
//! write the data with relaxed stores, then publish its length with a release store.
//!
//! # What may live there
//!
//! Another process writes while we look. Rust has no place for that behind a `&u64`, which promises
//! that the number stays as it is; and an address, as in a `String`, means nothing over there. Three
//! traits say what is allowed. They are `unsafe` to implement, so the compiler takes their word, and
//! you need not: combine what there is, or have [`shared!`](crate::shared) and
//! [`plain!`](crate::plain) check your own structs.
//!
//! | trait | promise | types |
//! |---|---|---|
//! | [`SharedSafe`] | may be used by several processes at once | atomics, locks, what is made of them |
//! | [`AnyBytes`] | and whatever bytes somebody left are a value | atomic numbers, arrays of them |
//! | [`Plain`] | may lie behind a lock that a killed process held | numbers, `bool`, what is made of them |

mod file;
mod mapping;
mod region;
mod safe;
#[cfg(feature = "segments")]
mod segment;

pub use file::{MapError, MappedFile};
#[doc(hidden)]
pub use nix::Error as OsError;
pub use region::Region;
#[doc(hidden)]
pub use safe::Settle;
pub use safe::{AnyBytes, Plain, SharedSafe};
#[cfg(feature = "segments")]
pub use segment::{Segment, ViewError, unlink, view, view_slice};
