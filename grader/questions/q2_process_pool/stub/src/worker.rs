//! One worker process. Nothing in here is called by the grader: how a worker and the pool talk to
//! each other is yours to decide.
//!
//! TODO 3/7: what does a worker do, from its start to the end of its pipe? What does the pool have to
//! know about each worker? Things to think of:
//!
//! - `toolkit::fork` starts the process. Which descriptors does it inherit, and which of them must it
//!   close, so that the end of a pipe can be seen? There may be a second pool in this program.
//! - A panic of the task is an answer like any other.
//! - When the pool has gone, the worker has nothing more to do.
