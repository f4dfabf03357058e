//! Question 5: the tools for sharing data between threads, built from a mutex and a condition variable.
//!
//! Each file in `threads` is a part of its own, graded apart from the others: it uses the standard library, the types
//! given in `api`, and nothing of another part.

#![forbid(unsafe_code)]

pub mod api;

pub mod threads {
    //! The tools for threads, a file each.

    pub mod barrier;
    pub mod counter;
    pub mod event;
    pub mod handoff;
    pub mod local;
    pub mod queue;
    pub mod reentrant;
    pub mod semaphore;
}
