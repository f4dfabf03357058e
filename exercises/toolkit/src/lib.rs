//! What the course gives to students: a [`fork`] that is safe to call, and what processes need to talk
//! to each other and to share.
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
//! Both processes then have a memory of their own. They can send each other messages, and share memory
//! that was made to be shared:
//!
//! | here | what it is | in Python |
//! |---|---|---|
//! | [`fork`] | a child that runs a closure | `multiprocessing.Process` (start method `fork`), `os.fork` |
//! | [`codec`] | values to bytes and back | `pickle` |
//! | `frame` | whole messages over a pipe (feature `frame`) | `Connection.send_bytes`, `recv_bytes`, `poll` |
//! | [`shm::Region`] | memory of a family of processes | `multiprocessing.RawValue`, `RawArray` |
//! | [`shm::MappedFile`] | memory that is a file | `mmap.mmap` |
//! | `shm::view` | a segment of `shared_memory` (feature `segments`) | `shared_memory.SharedMemory` |
//! | [`sync::RobustMutex`] | a lock that survives its owner | `multiprocessing.Lock`, which does not |
//! | [`sync::ProcessCondvar`] | waiting for a change | `multiprocessing.Condition` |
//!
//! All of it is safe to call. What needs `unsafe` stands here, in `fork` and the modules of `shm` and
//! `sync`, each time with the reason why it is sound; an answer needs none.
//!
//! This crate knows no question of the course. Read it, use it, leave it as it is.

mod fork;
pub use fork::{ForkError, fork};
pub mod codec;
pub use codec::CodecError;
#[cfg(feature = "frame")]
pub mod frame;
mod held;
#[doc(hidden)]
pub mod hook;
pub mod shm;
pub mod sync;
