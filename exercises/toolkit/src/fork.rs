//! A `fork` that is safe to call: it refuses where a copy of the process would be broken, and its
//! child cannot escape. It knows nothing of what the child is for.

use crate::{held, hook};
use nix::libc;
use nix::unistd::{ForkResult, Pid};
use std::error::Error;
use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::panic::{self, AssertUnwindSafe};
use std::thread;
use std::time::{Duration, Instant};

/// How long threads that have been joined may take until the kernel no longer counts them.
const PATIENCE: Duration = Duration::from_secs(1);

/// The exit code of a child that panicked; `main` uses the same one.
const PANICKED: i32 = 101;

/// Why no process was started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForkError {
    /// This process has `threads` threads, and only the one that forks would exist in the child.
    /// Whatever the others hold at that moment, such as a lock, nobody would ever give back there.
    MoreThanOneThread {
        /// All threads of this process, the calling one included.
        threads: usize,
    },
    /// The calling thread holds locks, and the child would believe that it held them too. Drop their
    /// guards first.
    LockHeld {
        /// How many [`RobustMutex`](crate::sync::RobustMutex)es it holds.
        locks: usize,
    },
    /// The system refused, for example because there are too many processes.
    Os(nix::Error),
}

impl fmt::Display for ForkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ForkError::MoreThanOneThread { threads } => {
                write!(f, "a process with {threads} threads cannot be copied safely")
            }
            ForkError::LockHeld { locks } => {
                write!(f, "a process that holds {locks} locks cannot be copied safely")
            }
            ForkError::Os(error) => write!(f, "the system did not start a process: {error}"),
        }
    }
}

impl Error for ForkError {}

/// Starts a copy of this process that calls `child` and ends with the code it returns. Returns the
/// id of the new process at once; [`waitpid`](nix::sys::wait::waitpid) tells how it ended.
///
/// `child` runs in the new process only. It never comes back from there into your code, neither by
/// returning nor by panicking:
///
/// - The code it returns becomes the exit code, 0 to 255. Of any other number the low 8 bits count,
///   as always in this system: 256 is seen as 0, -1 as 255.
/// - A panic ends the child with code 101, after its message went to standard error.
/// - The child leaves by `_exit`: nothing that was inherited is flushed or dropped a second time. If
///   the child itself prints, flush standard output before you fork, or a half-written line of the
///   parent becomes the beginning of the child's; and let it end its lines.
///
/// In the parent `child` is dropped without being called, with all that was moved into it.
///
/// # Who holds which end
///
/// After the fork both processes hold every open descriptor. A pipe ends for its reader only when
/// *all* copies of its writing end are closed, so each side has to close what it does not use.
/// Half of that comes for free: what you *move* into `child` is closed in the parent when `fork`
/// returns, as `child` is dropped there. For the other half, let `child` borrow an `Option` and
/// empty it. In the parent the `Option` stays full, since what the child does to its memory is never
/// seen there:
///
/// ```no_run
/// use nix::unistd::{pipe, read, write};
/// use toolkit::fork;
///
/// let (read_end, write_end) = pipe()?;
/// let mut read_end = Some(read_end);
/// fork(|| {
///     drop(read_end.take()); // the child's copy; the parent's stays open
///     let write_end = write_end; // moved into this closure: closed in the parent by `fork`
///     write(&write_end, b"hello").map_or(1, |_| 0)
/// })?;
///
/// let mut text = [0; 16];
/// let read_end = read_end.expect("only the child has taken it");
/// assert_eq!(read(&read_end, &mut text)?, 5);
/// assert_eq!(read(&read_end, &mut text)?, 0); // the end: nobody can write any more
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Descriptors that are not yours are not yours to close: whoever opened them may count on them in
/// the child too.
///
/// # Waiting
///
/// A thread that has been joined may be visible to the kernel for a moment longer. So `fork` waits,
/// for at most a second, until only one thread is left; it does not wait for anything else. If
/// `/proc/self/task` cannot be read, as in some sandboxes, the threads cannot be counted, and `fork`
/// takes your word for it that there is only one.
///
/// # Errors
///
/// [`ForkError::MoreThanOneThread`] if after a second there is still another thread,
/// [`ForkError::LockHeld`] if the calling thread holds a [`RobustMutex`](crate::sync::RobustMutex),
/// [`ForkError::Os`] if the system refuses. No process was started then.
pub fn fork(child: impl FnOnce() -> i32) -> Result<Pid, ForkError> {
    wait_for_one_thread()?;
    // What is held is held by this thread, as there is no other.
    match held::by_this_thread() {
        0 => hook::run(),
        locks => return Err(ForkError::LockHeld { locks }),
    }
    // SAFETY: forking is unsafe because in a copy of a process with several threads, locks of the
    // others (the allocator's among them) may stay locked for ever. Only the calling thread exists,
    // as was just counted, and it holds no such lock while it is here; nobody but this thread could
    // start another one meanwhile, save the hook, which is not a student's. Where /proc is hidden
    // and the count is missing, the caller answers for it, as documented.
    match unsafe { nix::unistd::fork() } {
        Ok(ForkResult::Parent { child }) => Ok(child),
        Ok(ForkResult::Child) => end(run(|| {
            hook::run_in_child();
            child()
        })),
        Err(error) => Err(ForkError::Os(error)),
    }
}

/// Runs `child` and keeps its panic from unwinding into the parent's code.
fn run(child: impl FnOnce() -> i32) -> i32 {
    // The process ends right after, so nobody sees what a panic left half done.
    match panic::catch_unwind(AssertUnwindSafe(child)) {
        Ok(code) => code,
        Err(payload) => {
            // Dropping a payload may panic again, and out of here there is no way but the end.
            let _ = panic::catch_unwind(AssertUnwindSafe(|| drop(payload)));
            PANICKED
        }
    }
}

/// Ends this process without flushing or dropping anything.
fn end(code: i32) -> ! {
    // SAFETY: `_exit` takes any code, touches no memory of this process and does not return.
    unsafe { libc::_exit(code) }
}

/// Waits until this process has one thread, or says how many it still has after [`PATIENCE`].
fn wait_for_one_thread() -> Result<(), ForkError> {
    if threads() <= 1 {
        return Ok(());
    }
    let deadline = Instant::now() + PATIENCE;
    let mut nap = Duration::from_micros(50);
    loop {
        // Nothing wakes us when the kernel forgets a thread: look, let others run, look again, each time a little later. As a rule
        // the first look is the last.
        thread::sleep(nap);
        nap = (nap * 2).min(PATIENCE / 10);
        let threads = threads();
        if threads <= 1 {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(ForkError::MoreThanOneThread { threads });
        }
    }
}

/// Counts the threads that the kernel sees in this process; 0 if it does not show them.
fn threads() -> usize {
    const TASKS: &str = "/proc/self/task";
    // The folder holds a folder for each thread, and like any folder it has a link from each of these,
    // one from its parent and one from itself. Asking for the links is far cheaper than listing, which
    // counts where many forks come one after the other. Where links are not kept, we have to list.
    match fs::metadata(TASKS).map_or(0, |folder| folder.nlink()) {
        links @ 3.. => usize::try_from(links - 2).unwrap_or(usize::MAX),
        _ => fs::read_dir(TASKS).map_or(0, |tasks| tasks.flatten().count()),
    }
}
