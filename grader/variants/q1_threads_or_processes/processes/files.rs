//! Variant: each process writes into an anonymous file that it shares with the caller, which first waits and then reads: a file
//! is never full.

use crate::api::{Job, Outcome};
use crate::run_error::RunError;
use nix::errno::Errno;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// As asked for.
pub fn in_processes(jobs: &[Job<'_>]) -> Result<Vec<Outcome>, RunError> {
    drop(std::io::stdout().flush());
    let mut started: Vec<(Pid, File)> = Vec::new();
    for job in jobs {
        match start(job) {
            Ok(child) => started.push(child),
            Err(error) => {
                for (id, _) in &started {
                    let _ = kill(*id, Signal::SIGKILL);
                }
                for (id, _) in &started {
                    let _ = wait(*id);
                }
                return Err(error);
            }
        }
    }
    let mut outcomes = Vec::new();
    let mut failed = None;
    for (id, mut file) in started {
        match (wait(id), file.rewind()) {
            (Ok(end), Ok(())) => outcomes.push(read(file, end)),
            (Err(error), _) => failed = Some(error),
            (_, Err(_)) => failed = Some(Errno::EIO),
        }
    }
    failed.map_or(Ok(outcomes), |error| Err(RunError::Os(error)))
}

fn start(job: Job<'_>) -> Result<(Pid, File), RunError> {
    let mut file = File::from(memfd_create("outcome", MFdFlags::MFD_CLOEXEC).map_err(RunError::Os)?);
    let id = toolkit::fork(|| {
        let text = match catch_unwind(AssertUnwindSafe(|| job())) {
            Ok(number) => format!("={number}"),
            Err(payload) => match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
                (Some(text), _) => format!("!{text}"),
                (_, Some(text)) => format!("!{text}"),
                _ => "!panic without a message".into(),
            },
        };
        let written = file.write_all(text.as_bytes()).and_then(|()| file.write_all(b"\n."));
        i32::from(written.is_err())
    });
    Ok((id.map_err(RunError::Fork)?, file))
}

fn wait(id: Pid) -> Result<WaitStatus, Errno> {
    loop {
        match waitpid(id, None) {
            Err(Errno::EINTR) => {}
            end => return end,
        }
    }
}

fn read(mut file: File, end: WaitStatus) -> Outcome {
    let mut text = String::new();
    let _ = file.read_to_string(&mut text);
    let said = text.strip_suffix("\n.").unwrap_or("");
    match (said.strip_prefix('=').map(str::parse), said.strip_prefix('!'), end) {
        (Some(Ok(number)), _, _) => Outcome::Done(number),
        (_, Some(message), _) => Outcome::Panicked(message.to_owned()),
        (_, _, WaitStatus::Signaled(_, signal, _)) => Outcome::Killed(signal as i32),
        (_, _, WaitStatus::Exited(_, code)) => Outcome::Exited(code),
        _ => Outcome::Exited(255),
    }
}
