//! A failure that stays in its process.
//!
//! Why this works: the child says in one message what became of the body. If it dies before, the last sender dies with it, and
//! the caller, who has given its own away, hears of that as the end of the channel. It listens first and waits for the child
//! afterwards: the other way round, a child with more to say than a channel holds would wait for its listener for ever.

use std::any::Any;
use std::backtrace::Backtrace;
use std::cell::RefCell;
use std::panic;

use ipc_channel::ipc;
use nix::errno::Errno;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use toolkit::ForkError;

use crate::child_error::ChildError;

/// What is to be done in a process of its own.
pub type Body = fn() -> Result<Vec<u8>, String>;

/// What a child says: what the body returned, or message, place and calls of its panic.
type Said = Result<Result<Vec<u8>, String>, [String; 3]>;

thread_local! {
    /// Message, place and calls of each panic so far. Only a hook sees the last two: what is caught is the payload alone.
    static PANICS: RefCell<Vec<[String; 3]>> = const { RefCell::new(Vec::new()) };
}

/// Runs `body` in a process of its own, waits for it and gives back what it returned.
///
/// # Errors
///
/// What the body failed with, how the process ended instead, or why there was none.
pub fn run_isolated(body: Body) -> Result<Vec<u8>, ChildError> {
    let (to_caller, said) = ipc::channel::<Said>().map_err(os)?;
    let mut said = Some(said);
    let child = toolkit::fork(|| {
        drop(said.take()); // or a caller that is killed leaves a child behind that can be heard by itself
        let to_caller = to_caller; // moved in here, so that the caller's copy goes with the closure: or the channel never ends
        i32::from(to_caller.send(outcome(body)).is_err())
    });
    let child = child.map_err(|error| match error {
        ForkError::Os(error) => ChildError::Os(error),
        _ => ChildError::Os(Errno::EBUSY),
    })?;
    // Whatever goes wrong with the listening, the child is waited for.
    let heard = said.expect("only the child has taken it").recv();
    let end = wait(child).map_err(ChildError::Os)?;
    // What was said whole counts. A child that died before, or while it spoke, is told by its end.
    match (heard, end) {
        (Ok(Ok(answer)), _) => answer.map_err(ChildError::Returned),
        (Ok(Err([message, location, backtrace])), _) => {
            Err(ChildError::Panicked { message, location, backtrace })
        }
        (Err(_), WaitStatus::Signaled(_, signal, _)) => Err(ChildError::Killed { signal: signal as i32 }),
        (Err(_), WaitStatus::Exited(_, code)) => Err(ChildError::Exited { code }),
        (Err(_), _) => Err(ChildError::Os(Errno::ECHILD)),
    }
}

/// Runs in the child, whose hook is nobody else's.
fn outcome(body: Body) -> Said {
    panic::set_hook(Box::new(|info| {
        let location = info.location().map_or_else(String::new, ToString::to_string);
        // Here the calls that led to the panic are still on the stack.
        let backtrace = Backtrace::force_capture().to_string();
        PANICS.with(|panics| panics.borrow_mut().push([text(info.payload()), location, backtrace]));
    }));
    panic::catch_unwind(body).map_err(|payload| {
        let message = text(&*payload);
        // Not simply the latest: while this one unwound, a `drop` may have caught another.
        let noted = PANICS.take().into_iter().rfind(|panic| panic[0] == message);
        noted.unwrap_or([message, String::new(), String::new()])
    })
}

/// `panic!` with a text alone carries a `&str`, with something filled in a `String`, and `panic_any` whatever it is given.
fn text(payload: &(dyn Any + Send)) -> String {
    let string = || payload.downcast_ref::<String>().map(String::as_str);
    payload.downcast_ref::<&str>().copied().or_else(string).unwrap_or("panic without a message").to_owned()
}

fn wait(child: Pid) -> Result<WaitStatus, Errno> {
    loop {
        match waitpid(child, None) {
            Err(Errno::EINTR) => {}
            end => return end,
        }
    }
}

fn os(error: std::io::Error) -> ChildError {
    ChildError::Os(Errno::from_raw(error.raw_os_error().unwrap_or(nix::libc::EIO)))
}
