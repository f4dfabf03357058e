//! What the course gives to students: a [`fork`] that is safe to call, a [`codec`] that turns
//! values into bytes and back, and memory that processes share ([`shm`]).
//!
//! A new process starts as a copy of its parent. That is cheap and needs no second program, but it
//! has rules that the compiler does not know: no other thread may run, the child must not go on in
//! its parent's code, and it holds a copy of every open descriptor. [`fork`] keeps the first two
//! rules for you; its documentation shows how to keep the third.
//!
//! ```no_run
//! use nix::sys::wait::{WaitStatus, waitpid};
//! use toolkit::fork;
//!
//! let child = fork(|| 7)?;
//! assert_eq!(waitpid(child, None), Ok(WaitStatus::Exited(child, 7)));
//! # Ok::<(), toolkit::ForkError>(())
//! ```
//!
//! Both processes then have a memory of their own. What they must share lives in a [`shm::Region`].
//!
//! This crate knows no question of the course. Read it, use it, leave it as it is.

mod fork;
pub use fork::{ForkError, fork};
pub mod codec;
pub use codec::CodecError;
#[doc(hidden)]
pub mod hook;
pub mod shm;
