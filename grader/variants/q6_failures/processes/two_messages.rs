//! Variant: several messages over an ipc-channel: the place and the calls as soon as the hook sees them, and at last what came of the body.

use crate::child_error::ChildError;
use ipc_channel::ipc::{self, IpcSender};
use nix::errno::Errno;
use nix::sys::wait::{WaitStatus, waitpid};
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::backtrace::Backtrace;
use std::collections::BTreeMap;
use std::panic;
use std::thread;

pub type Body = fn() -> Result<Vec<u8>, String>;

#[derive(Serialize, Deserialize)]
enum News {
    Panics { message: String, place: String, calls: String },
    Panicked { message: String },
    Answered(Vec<u8>),
    Failed(String),
}

pub fn run_isolated(body: Body) -> Result<Vec<u8>, ChildError> {
    let (sender, receiver) = ipc::channel().map_err(|error| system(&error))?;
    let mut receiver = Some(receiver);
    let child = toolkit::fork(|| {
        drop(receiver.take()); // only the caller listens
        let sender = sender; // and only the child speaks
        let last = tell(body, &sender);
        i32::from(sender.send(last).is_err())
    });
    let child = child.map_err(|error| match error {
        toolkit::ForkError::Os(error) => ChildError::Os(error),
        _ => ChildError::Os(Errno::EPERM),
    })?;
    let mut panics = BTreeMap::new();
    let mut result = None;
    let receiver = receiver.expect("it was dropped in the child");
    while let Ok(news) = receiver.recv() {
        match news {
            News::Panics { message, place, calls } => {
                panics.insert(message, (place, calls));
            }
            News::Answered(bytes) => result = Some(Ok(bytes)),
            News::Failed(text) => result = Some(Err(ChildError::Returned(text))),
            News::Panicked { message } => {
                let (location, backtrace) = panics.remove(&message).unwrap_or_default();
                result = Some(Err(ChildError::Panicked { message, location, backtrace }));
            }
        }
    }
    drop(receiver);
    let mut end = waitpid(child, None);
    while end == Err(Errno::EINTR) {
        end = waitpid(child, None);
    }
    match (result, end) {
        (Some(result), Ok(_)) => result,
        (None, Ok(WaitStatus::Exited(_, code))) => Err(ChildError::Exited { code }),
        (None, Ok(WaitStatus::Signaled(_, signal, _))) => Err(ChildError::Killed { signal: signal as i32 }),
        (_, Ok(_)) => Err(ChildError::Os(Errno::ECHILD)),
        (_, Err(error)) => Err(ChildError::Os(error)),
    }
}

fn tell(body: Body, sender: &IpcSender<News>) -> News {
    let from_hook = sender.clone();
    let of_body = thread::current().id();
    panic::set_hook(Box::new(move |info| {
        if thread::current().id() != of_body {
            return;
        }
        let place = info.location().expect("every panic has a place").to_string();
        let (message, calls) = (message(info.payload()), Backtrace::force_capture().to_string());
        let _ = from_hook.send(News::Panics { message, place, calls });
    }));
    match panic::catch_unwind(body) {
        Ok(Ok(bytes)) => News::Answered(bytes),
        Ok(Err(text)) => News::Failed(text),
        Err(payload) => News::Panicked { message: message(&*payload) },
    }
}

fn message(payload: &dyn Any) -> String {
    match payload.downcast_ref::<String>() {
        Some(text) => text.clone(),
        None => (*payload.downcast_ref::<&str>().unwrap_or(&"panic without a message")).to_owned(),
    }
}

fn system(error: &std::io::Error) -> ChildError {
    ChildError::Os(error.raw_os_error().map_or(Errno::EIO, Errno::from_raw))
}
