//! A failure that stays in its process (`multiprocessing.Process`, `exitcode`, a queue that brings the exception home).

use crate::child_error::ChildError;

/// What is to be done in a process of its own. It starts no process that outlives it.
pub type Body = fn() -> Result<Vec<u8>, String>;

/// Runs `body` in a new process, a child of this one, waits for it and gives back what it returned, be it empty or many MiB long.
///
/// The body works on a copy of the memory: what it changes is not seen here. Whatever becomes of it, this process goes on: when
/// the call returns, the child has ended and has been waited for, no descriptor is left, and the panic hook of this process is the
/// one that it was. Whoever waits uses no processor. If this process is killed meanwhile, the child ends when its body has returned.
///
/// # Errors
///
/// - [`ChildError::Returned`] with the text, if the body returned an error;
/// - [`ChildError::Panicked`] if it panicked: the message, the place of that panic and the calls that led there, whatever other
///   threads of the body do, and whatever other panics the body has caught before or catches while that one unwinds;
/// - [`ChildError::Killed`] or [`ChildError::Exited`] if the child ended before it had said all of that; leaving with code 0 is no
///   answer;
/// - [`ChildError::Os`] if the system refuses a process or a descriptor.
pub fn run_isolated(body: Body) -> Result<Vec<u8>, ChildError> {
    // TODO 1/3: over what does the child say what became of the body, and how does the caller learn that it never will?
    // TODO 2/3: message, place and calls of a panic: what is left of them once it has been caught?
    // TODO 3/3: waiting for the child, and listening to it: in which order, if it has more to say than a channel holds?
    todo!("run {body:?} in a process of its own")
}
