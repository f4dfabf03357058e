//! Variant: a plain pipe that is read to its end, and bytes of one's own making: a letter, then texts with their lengths.

use crate::child_error::ChildError;
use nix::errno::Errno;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use std::any::Any;
use std::backtrace::Backtrace;
use std::collections::HashMap;
use std::io::{self, PipeWriter, Read, Write};
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex};
use std::thread;

pub type Body = fn() -> Result<Vec<u8>, String>;

pub fn run_isolated(body: Body) -> Result<Vec<u8>, ChildError> {
    let (reader, writer) = io::pipe().map_err(failed)?;
    let mut reader = Some(reader);
    let child = toolkit::fork(|| {
        drop(reader.take()); // with a reader of its own it could write for ever
        let mut writer = writer;
        match speak(&mut writer, body) {
            Ok(()) => 0,
            Err(_) => 2,
        }
    });
    let child = match child {
        Ok(child) => child,
        Err(toolkit::ForkError::Os(error)) => return Err(ChildError::Os(error)),
        Err(_) => return Err(ChildError::Os(Errno::EINVAL)),
    };
    let mut bytes = Vec::new();
    let read = reader.map_or(Ok(0), |mut reader| reader.read_to_end(&mut bytes));
    let status = loop {
        match waitpid(child, Some(WaitPidFlag::empty())) {
            Ok(status) => break status,
            Err(Errno::EINTR) => continue,
            Err(error) => return Err(ChildError::Os(error)),
        }
    };
    read.map_err(failed)?;
    understood(&bytes).unwrap_or_else(|| {
        Err(match status {
            WaitStatus::Exited(_, code) => ChildError::Exited { code },
            WaitStatus::Signaled(_, signal, _) => ChildError::Killed { signal: signal as i32 },
            _ => ChildError::Os(Errno::ECHILD),
        })
    })
}

fn said(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "panic without a message".to_owned()
    }
}

fn speak(writer: &mut PipeWriter, body: Body) -> io::Result<()> {
    let seen = Arc::new(Mutex::new(HashMap::new()));
    let notes = Arc::clone(&seen);
    let of_body = thread::current().id();
    panic::set_hook(Box::new(move |info| {
        if thread::current().id() != of_body {
            return;
        }
        let place = info.location().map(|it| format!("{}:{}:{}", it.file(), it.line(), it.column()));
        let led_there = (place.unwrap_or_default(), format!("{}", Backtrace::force_capture()));
        notes.lock().unwrap().insert(said(info.payload()), led_there);
    }));
    let (letter, texts) = match panic::catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(answer)) => (b'a', vec![answer]),
        Ok(Err(text)) => (b'e', vec![text.into_bytes()]),
        Err(payload) => {
            let message = said(&*payload);
            let (place, calls) = seen.lock().unwrap().remove(&message).unwrap_or_default();
            (b'p', vec![message.into_bytes(), place.into_bytes(), calls.into_bytes()])
        }
    };
    let mut bytes = vec![letter];
    for text in texts {
        bytes.extend((text.len() as u64).to_be_bytes());
        bytes.extend(text);
    }
    bytes.push(b'.');
    writer.write_all(&bytes)
}

/// What the child said, if it said all of it.
fn understood(bytes: &[u8]) -> Option<Result<Vec<u8>, ChildError>> {
    let (&letter, mut rest) = bytes.split_first()?;
    let mut next = || {
        let (length, tail) = rest.split_first_chunk::<8>()?;
        let (text, tail) = tail.split_at_checked(usize::try_from(u64::from_be_bytes(*length)).ok()?)?;
        rest = tail;
        Some(text.to_vec())
    };
    let mut text = || String::from_utf8(next()?).ok();
    let said = match letter {
        b'e' => Err(ChildError::Returned(text()?)),
        b'p' => Err(ChildError::Panicked { message: text()?, location: text()?, backtrace: text()? }),
        _ => Ok(next()?),
    };
    (rest == b".").then_some(said)
}

fn failed(error: io::Error) -> ChildError {
    ChildError::Os(Errno::from_raw(error.raw_os_error().unwrap_or_default()))
}
