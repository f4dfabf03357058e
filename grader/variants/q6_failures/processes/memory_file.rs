//! Variant: the child writes into a file in memory, which is read when the child has ended.

use crate::child_error::ChildError;
use nix::errno::Errno;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::wait::{WaitStatus, waitpid};
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::backtrace::Backtrace;
use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::panic::{self, AssertUnwindSafe};
use toolkit::{ForkError, codec, fork};

/// What is to be done in a process of its own.
pub type Body = fn() -> Result<Vec<u8>, String>;

#[derive(Serialize, Deserialize)]
enum Said {
    Value(Vec<u8>),
    Error(String),
    Panic { message: String, location: String, backtrace: String },
}

thread_local! {
    /// Text, place and calls of every panic of this thread.
    static ALL: RefCell<Vec<(String, String, String)>> = RefCell::default();
}

fn text(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else if let Some(text) = payload.downcast_ref::<&'static str>() {
        (*text).to_owned()
    } else {
        "panic without a message".to_owned()
    }
}

fn answer(body: Body) -> Said {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(String::new, ToString::to_string);
        let calls = Backtrace::force_capture().to_string();
        let noted = (text(info.payload()), place, calls);
        let _ = ALL.try_with(|all| all.borrow_mut().push(noted));
    }));
    match panic::catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(value)) => Said::Value(value),
        Ok(Err(error)) => Said::Error(error),
        Err(payload) => {
            let message = text(&*payload);
            let mut all = ALL.take();
            all.retain(|(text, ..)| *text == message);
            let (_, location, backtrace) = all.pop().unwrap_or_default();
            let _ = panic::catch_unwind(AssertUnwindSafe(|| drop(payload)));
            Said::Panic { message, location, backtrace }
        }
    }
}

fn os(error: &io::Error) -> ChildError {
    ChildError::Os(error.raw_os_error().map_or(Errno::EIO, Errno::from_raw))
}

/// See the stub.
pub fn run_isolated(body: Body) -> Result<Vec<u8>, ChildError> {
    let mut file = File::from(memfd_create("answer", MFdFlags::MFD_CLOEXEC).map_err(ChildError::Os)?);
    let child = fork(|| {
        let Ok(mut bytes) = codec::encode(&answer(body)) else { return 1 };
        bytes.push(0xE5);
        i32::from((&file).write_all(&bytes).is_err())
    });
    let child = child.map_err(|error| match error {
        ForkError::Os(error) => ChildError::Os(error),
        _ => ChildError::Os(Errno::EBUSY),
    })?;
    let status = loop {
        match waitpid(child, None) {
            Err(Errno::EINTR) => {}
            result => break result.map_err(ChildError::Os)?,
        }
    };
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0)).map_err(|error| os(&error))?;
    file.read_to_end(&mut bytes).map_err(|error| os(&error))?;
    let said = match bytes.pop() {
        Some(0xE5) => codec::decode(&bytes).ok(),
        _ => None,
    };
    match (said, status) {
        (Some(Said::Value(value)), _) => Ok(value),
        (Some(Said::Error(error)), _) => Err(ChildError::Returned(error)),
        (Some(Said::Panic { message, location, backtrace }), _) => {
            Err(ChildError::Panicked { message, location, backtrace })
        }
        (None, WaitStatus::Signaled(_, signal, _)) => Err(ChildError::Killed { signal: signal as i32 }),
        (None, WaitStatus::Exited(_, code)) => Err(ChildError::Exited { code }),
        (None, _) => Err(ChildError::Os(Errno::ECHILD)),
    }
}
