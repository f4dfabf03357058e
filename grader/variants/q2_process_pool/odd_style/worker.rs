//! One worker: two frames to it for each parcel (who is in it, then all inputs in one), and two frames
//! from it for each thing it has to say (what it is, then its bytes).

use crate::PoolError;
use crate::frame::{MOST, read_frame, write_frame};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::unistd::{Pid, pipe2};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::{Rc, Weak};
use toolkit::codec::{decode, encode};

/// Calls once more whatever a signal has interrupted.
macro_rules! again {
    ($call:expr) => {
        loop {
            match $call {
                Err(nix::errno::Errno::EINTR) => continue,
                other => break other,
            }
        }
    };
}
pub(crate) use again;

/// An end that can be emptied by whoever finds it in the list: the child does, the caller never.
pub(crate) type End = Rc<RefCell<Option<OwnedFd>>>;

thread_local! {
    /// Every end that a new worker has to empty. A thread is enough: where there are two, nobody forks.
    static OPEN: RefCell<Vec<Weak<RefCell<Option<OwnedFd>>>>> = const { RefCell::new(Vec::new()) };
}

fn listed(fd: OwnedFd) -> End {
    let end = Rc::new(RefCell::new(Some(fd)));
    OPEN.with_borrow_mut(|open| {
        open.retain(|end| end.strong_count() > 0);
        open.push(Rc::downgrade(&end));
    });
    end
}

/// Does something with the descriptor of an end, if it is open.
pub(crate) fn with<T>(end: &End, what: impl FnOnce(BorrowedFd<'_>) -> T) -> Option<T> {
    end.borrow().as_ref().map(|fd| what(fd.as_fd()))
}

/// Who is in a parcel, and how many bytes each takes.
pub(crate) type Manifest = Vec<(u64, u32)>;

/// What a worker says of one input; the bytes follow in a frame of their own.
#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    Begun,
    Done,
    Panicked,
    Undecodable,
    TooLong(u64),
}

/// A worker has just been started.
pub(crate) struct Started {
    pub(crate) pid: Pid,
    pub(crate) tasks: End,
    pub(crate) words: End,
}

pub(crate) fn start<I: DeserializeOwned, O: Serialize>(task: fn(I) -> O) -> Result<Started, PoolError> {
    let pair = || pipe2(OFlag::O_CLOEXEC).map_err(PoolError::Os);
    let ((its_tasks, our_tasks), (our_words, its_words)) = (pair()?, pair()?);
    for ours in [&our_tasks, &our_words] {
        fcntl(ours, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).map_err(PoolError::Os)?;
    }
    let (tasks, words) = (listed(our_tasks), listed(our_words));
    let child = move || {
        let open = OPEN.with_borrow_mut(std::mem::take);
        open.iter().filter_map(Weak::upgrade).for_each(|end| drop(end.take()));
        // And should a task make a pool: these are not for its workers.
        let (its_tasks, its_words) = (listed(its_tasks), listed(its_words));
        live(&its_tasks, &its_words, task);
        0
    };
    let pid = toolkit::fork(child).map_err(PoolError::Fork)?;
    Ok(Started { pid, tasks, words })
}

/// Parcel after parcel, as deep as there are parcels would be too deep: the one loop of this file.
fn live<I: DeserializeOwned, O: Serialize>(from: &End, to: &End, task: fn(I) -> O) {
    while parcel(from, to, task).is_some() {}
}

/// `None` when there is nothing to do any more, or nobody to do it for.
fn parcel<I: DeserializeOwned, O: Serialize>(
    from: &End,
    to: &End,
    task: fn(I) -> O,
) -> Option<()> {
    // An end is borrowed for as long as it is used, and never while the task runs: a pool of the task's
    // own empties it in its workers.
    let manifest: Manifest = decode(&with(from, |from| read_frame(from))?.ok()??).ok()?;
    let inputs = with(from, |from| read_frame(from))?.ok()??;
    let say = |id: u64, word: Word, bytes: &[u8]| {
        let head = encode(&(id, word)).ok()?;
        with(to, |to| write_frame(to, &head).and_then(|()| write_frame(to, bytes)))?.ok()
    };
    manifest.into_iter().try_fold(inputs.as_slice(), |inputs, (id, bytes)| {
        let (input, rest) = inputs.split_at_checked(bytes as usize)?;
        say(id, Word::Begun, &[])?;
        let (word, bytes) = attempt(input, task);
        say(id, word, &bytes)?;
        Some(rest)
    })?;
    Some(())
}

fn attempt<I: DeserializeOwned, O: Serialize>(input: &[u8], task: fn(I) -> O) -> (Word, Vec<u8>) {
    // Unwind safe: whatever the task has touched of its own is dropped with it, and the rest are bytes
    // that it cannot change.
    let tried = catch_unwind(AssertUnwindSafe(|| encode(&task(decode(input)?))));
    match tried {
        Ok(Ok(bytes)) if bytes.len() > MOST => (Word::TooLong(bytes.len() as u64), Vec::new()),
        Ok(Ok(bytes)) => (Word::Done, bytes),
        Ok(Err(error)) => (Word::Undecodable, error.message.into_bytes()),
        Err(payload) => {
            let text = payload
                .downcast_ref::<&'static str>()
                .map(|text| (*text).to_owned())
                .or_else(|| payload.downcast_ref::<String>().cloned())
                .unwrap_or_else(|| "panic without a message".to_owned());
            discard(payload);
            (Word::Panicked, text.into_bytes())
        }
    }
}

/// Drops a payload, whose drop may panic with a payload, whose drop may panic.
fn discard(payload: Box<dyn std::any::Any + Send>) {
    if let Err(next) = catch_unwind(AssertUnwindSafe(move || drop(payload))) {
        // Unwinding out of here would end the worker; one that goes on for ever is left alone.
        Box::leak(next);
    }
}

/// Sends what there is room for; false if there is more.
pub(crate) fn push(end: BorrowedFd<'_>, bytes: &mut Vec<u8>, sent: &mut usize) {
    while *sent < bytes.len() {
        match again!(nix::unistd::write(end, &bytes[*sent..])) {
            Ok(count) => *sent += count,
            Err(_) => return,
        }
    }
    *bytes = Vec::new();
    *sent = 0;
}

/// Takes what is there; false at the end.
pub(crate) fn pull(end: BorrowedFd<'_>, bytes: &mut Vec<u8>) -> bool {
    let mut part = vec![0; 1 << 15];
    loop {
        match again!(nix::unistd::read(end, &mut part)) {
            Ok(0) => return false,
            Ok(count) => bytes.extend_from_slice(&part[..count]),
            Err(error) => return error == Errno::EAGAIN,
        }
    }
}
