//! Variant: all pipes are made before the first process; the caller polls them all and takes what comes, and waits for whoever
//! has closed its end.

use crate::api::{Job, Outcome};
use crate::run_error::RunError;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, pipe2, read, write};
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use toolkit::codec;

struct Line {
    from: OwnedFd,
    to: Option<OwnedFd>,
    id: Option<Pid>,
    bytes: Vec<u8>,
    outcome: Option<Outcome>,
}

/// As asked for.
pub fn in_processes(jobs: &[Job<'_>]) -> Result<Vec<Outcome>, RunError> {
    drop(std::io::Write::flush(&mut std::io::stdout()));
    let mut lines = Vec::new();
    for _ in jobs {
        let (from, to) = pipe2(OFlag::O_CLOEXEC).map_err(RunError::Os)?;
        lines.push(Line { from, to: Some(to), id: None, bytes: Vec::new(), outcome: None });
    }
    let done = run(&mut lines, jobs);
    if done.is_err() {
        for id in lines.iter().filter(|line| line.outcome.is_none()).filter_map(|line| line.id) {
            let _ = kill(id, Signal::SIGKILL);
            let _ = wait(id);
        }
    }
    done?;
    Ok(lines.into_iter().filter_map(|line| line.outcome).collect())
}

fn run(lines: &mut [Line], jobs: &[Job<'_>]) -> Result<(), RunError> {
    for place in 0..lines.len() {
        let job = jobs[place];
        let id = toolkit::fork(|| {
            let to = lines[place].to.take().expect("a writing end");
            lines.iter_mut().for_each(|line| line.to = None);
            i32::from(say(&to, &said(job)).is_err())
        });
        lines[place].id = Some(id.map_err(RunError::Fork)?);
        lines[place].to = None;
    }
    while lines.iter().any(|line| line.outcome.is_none()) {
        let open: Vec<usize> = (0..lines.len()).filter(|&place| lines[place].outcome.is_none()).collect();
        let mut fds: Vec<PollFd<'_>> =
            open.iter().map(|&place| PollFd::new(lines[place].from.as_fd(), PollFlags::POLLIN)).collect();
        match poll(&mut fds, PollTimeout::NONE) {
            Err(Errno::EINTR) => continue,
            Err(error) => return Err(RunError::Os(error)),
            Ok(_) => {}
        }
        let ready: Vec<usize> = open
            .into_iter()
            .zip(&fds)
            .filter(|(_, fd)| fd.any() == Some(true))
            .map(|(place, _)| place)
            .collect();
        for place in ready {
            take(&mut lines[place]).map_err(RunError::Os)?;
        }
    }
    Ok(())
}

fn said(job: Job<'_>) -> Result<u64, String> {
    catch_unwind(AssertUnwindSafe(job)).map_err(|payload| {
        let text = payload.downcast_ref::<&str>().map(|text| text.to_string());
        text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or("panic without a message".into())
    })
}

fn say(to: &OwnedFd, said: &Result<u64, String>) -> Result<(), Errno> {
    let bytes = codec::encode(said).map_err(|_| Errno::EINVAL)?;
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        match write(to, rest) {
            Ok(count) => rest = &rest[count..],
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn take(line: &mut Line) -> Result<(), Errno> {
    let mut part = [0; 4096];
    match read(&line.from, &mut part) {
        Err(Errno::EINTR) => Ok(()),
        Err(error) => Err(error),
        Ok(0) => {
            let end = wait(line.id.expect("it was started"))?;
            line.outcome = Some(match (codec::decode::<Result<u64, String>>(&line.bytes), end) {
                (Ok(Ok(number)), _) => Outcome::Done(number),
                (Ok(Err(text)), _) => Outcome::Panicked(text),
                (_, WaitStatus::Signaled(_, signal, _)) => Outcome::Killed(signal as i32),
                (_, WaitStatus::Exited(_, code)) => Outcome::Exited(code),
                _ => return Err(Errno::ECHILD),
            });
            Ok(())
        }
        Ok(count) => {
            line.bytes.extend(&part[..count]);
            Ok(())
        }
    }
}

fn wait(id: Pid) -> Result<WaitStatus, Errno> {
    loop {
        match waitpid(id, None) {
            Err(Errno::EINTR) => {}
            end => return end,
        }
    }
}
