//! Variant: a socket with lengths; what the hook sees is kept for each thread in one table.

use crate::child_error::ChildError;
use nix::errno::Errno;
use nix::sys::wait::{WaitStatus, waitpid};
use std::any::Any;
use std::backtrace::Backtrace;
use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread::{self, ThreadId};
use toolkit::{ForkError, fork};

/// What is to be done in a process of its own.
pub type Body = fn() -> Result<Vec<u8>, String>;

static PANICS: LazyLock<Mutex<HashMap<(ThreadId, String), (String, String)>>> = LazyLock::new(Mutex::default);

/// Who panics, and with which words.
fn key(payload: &(dyn Any + Send)) -> (ThreadId, String) {
    let message = match (payload.downcast_ref::<&'static str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text.as_str(),
        _ => "panic without a message",
    };
    (thread::current().id(), message.to_owned())
}

fn note(info: &PanicHookInfo<'_>) {
    let place =
        info.location().map_or_else(String::new, |at| format!("{}:{}:{}", at.file(), at.line(), at.column()));
    let calls = format!("{}", Backtrace::force_capture());
    PANICS.lock().unwrap_or_else(PoisonError::into_inner).insert(key(info.payload()), (place, calls));
}

fn part(to: &mut Vec<u8>, bytes: &[u8]) {
    to.extend((bytes.len() as u64).to_le_bytes());
    to.extend(bytes);
}

fn tell(body: Body, mut to: UnixStream) -> io::Result<()> {
    panic::set_hook(Box::new(note));
    let mut all = Vec::new();
    match panic::catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(value)) => {
            part(&mut all, b"v");
            part(&mut all, &value);
        }
        Ok(Err(error)) => {
            part(&mut all, b"e");
            part(&mut all, error.as_bytes());
        }
        Err(payload) => {
            let mut panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner);
            let key = key(&*payload);
            let (place, calls) = panics.remove(&key).unwrap_or_default();
            for bytes in ["p", &key.1, &place, &calls] {
                part(&mut all, bytes.as_bytes());
            }
            #[expect(clippy::mem_forget, reason = "the process ends, and its drop may panic")]
            std::mem::forget(payload);
        }
    }
    to.write_all(&(all.len() as u64).to_le_bytes())?;
    to.write_all(&all)
}

/// The parts of a whole answer; `None` if it is not whole.
fn parts(heard: &[u8]) -> Option<Vec<&[u8]>> {
    let (length, mut rest) = heard.split_first_chunk()?;
    if u64::from_le_bytes(*length) != rest.len() as u64 {
        return None;
    }
    let mut parts = Vec::new();
    while let Some((length, more)) = rest.split_first_chunk() {
        let (part, more) = more.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
        parts.push(part);
        rest = more;
    }
    Some(parts)
}

fn os(error: &io::Error) -> ChildError {
    ChildError::Os(error.raw_os_error().map_or(Errno::EIO, Errno::from_raw))
}

/// See the stub.
pub fn run_isolated(body: Body) -> Result<Vec<u8>, ChildError> {
    let (from, to) = UnixStream::pair().map_err(|error| os(&error))?;
    let mut from = Some(from);
    let speak = || {
        // Its copy of the other end goes: or what it tells would be on its way even when the caller is dead.
        drop(from.take());
        i32::from(tell(body, to).is_err())
    };
    let child = fork(speak).map_err(|error| match error {
        ForkError::Os(error) => ChildError::Os(error),
        _ => ChildError::Os(Errno::EAGAIN),
    })?;
    let mut heard = Vec::new();
    let read = from.map_or(Ok(0), |mut from| from.read_to_end(&mut heard));
    let status = loop {
        match waitpid(child, None) {
            Err(Errno::EINTR) => {}
            result => break result.map_err(ChildError::Os)?,
        }
    };
    read.map_err(|error| os(&error))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match (parts(&heard).as_deref(), status) {
        (Some([b"v", value]), _) => Ok(value.to_vec()),
        (Some([b"e", error]), _) => Err(ChildError::Returned(text(error))),
        (Some([b"p", message, place, calls]), _) => Err(ChildError::Panicked {
            message: text(message),
            location: text(place),
            backtrace: text(calls),
        }),
        (_, WaitStatus::Signaled(_, signal, _)) => Err(ChildError::Killed { signal: signal as i32 }),
        (_, WaitStatus::Exited(_, code)) => Err(ChildError::Exited { code }),
        (_, other) => unreachable!("{other:?} is no end"),
    }
}
