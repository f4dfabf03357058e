//! Variant: one pipe per child, all read by one poll loop, children reaped last; the job's panic text is caught by unwinding.

use crate::api::{Job, Outcome};
use crate::run_error::RunError;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, pipe, read, write};
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{self, AssertUnwindSafe};
use toolkit::fork;

struct Child {
    pid: Pid,
    from: Option<OwnedFd>,
    heard: Vec<u8>,
    ended: Option<WaitStatus>,
}

impl Child {
    fn reap(&mut self) -> Result<WaitStatus, Errno> {
        loop {
            match waitpid(self.pid, None) {
                Err(Errno::EINTR) => {}
                Ok(status) => {
                    self.ended = Some(status);
                    return Ok(status);
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn outcome(&mut self) -> Result<Outcome, Errno> {
        let status = self.reap()?;
        let said = match self.heard.split_first_chunk::<9>() {
            Some((head, text)) => {
                let number = head[1..].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
                match head[0] {
                    b'd' => Some(Outcome::Done(number)),
                    _ if usize::try_from(number) == Ok(text.len()) => {
                        Some(Outcome::Panicked(String::from_utf8_lossy(text).into_owned()))
                    }
                    _ => None, // it was killed while it said so
                }
            }
            None => None,
        };
        Ok(said.unwrap_or(match status {
            WaitStatus::Signaled(_, signal, _) => Outcome::Killed(signal as i32),
            WaitStatus::Exited(_, code) => Outcome::Exited(code),
            other => unreachable!("{other:?} is no end"),
        }))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.ended.is_none() {
            let _ = kill(self.pid, Signal::SIGKILL);
            let _ = self.reap();
        }
    }
}

fn say(to: &OwnedFd, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match write(to, bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn child(job: Job<'_>, to: &OwnedFd) -> i32 {
    let record = match panic::catch_unwind(AssertUnwindSafe(job)) {
        Ok(number) => [&b"d"[..], &number.to_be_bytes()].concat(),
        Err(payload) => {
            let text = match (payload.downcast_ref::<String>(), payload.downcast_ref::<&'static str>()) {
                (Some(text), _) => text.as_str(),
                (_, Some(text)) => text,
                _ => "panic without a message",
            };
            let record = [&b"p"[..], &(text.len() as u64).to_be_bytes(), text.as_bytes()].concat();
            #[expect(clippy::mem_forget, reason = "its drop may panic, and the process ends anyway")]
            std::mem::forget(payload);
            record
        }
    };
    i32::from(say(to, &record).is_err())
}

/// Listens to all until none of them has anything left to say.
fn listen(children: &mut [Child]) -> Result<(), Errno> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let open: Vec<usize> = (0..children.len()).filter(|index| children[*index].from.is_some()).collect();
        if open.is_empty() {
            return Ok(());
        }
        let ready: Vec<usize> = {
            let ends = open.iter().filter_map(|index| children[*index].from.as_ref());
            let mut ends: Vec<_> = ends.map(|end| PollFd::new(end.as_fd(), PollFlags::POLLIN)).collect();
            match poll(&mut ends, PollTimeout::NONE) {
                Err(Errno::EINTR) => continue,
                result => result?,
            };
            let ready = open.iter().zip(&ends).filter(|(_, end)| end.any().unwrap_or(true));
            ready.map(|(index, _)| *index).collect()
        };
        for index in ready {
            let child = &mut children[index];
            let Some(from) = &child.from else { continue };
            match read(from, &mut buffer) {
                Ok(0) => child.from = None,
                Ok(count) => child.heard.extend_from_slice(&buffer[..count]),
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// See the stub.
pub fn in_processes(jobs: &[Job<'_>]) -> Result<Vec<Outcome>, RunError> {
    drop(std::io::Write::flush(&mut std::io::stdout()));
    let mut children: Vec<Child> = Vec::with_capacity(jobs.len());
    for job in jobs {
        let (from, to) = pipe().map_err(RunError::Os)?;
        let pid = fork(|| {
            let to = to;
            for other in &mut children {
                other.from = None;
            }
            child(*job, &to)
        });
        let pid = pid.map_err(RunError::Fork)?;
        children.push(Child { pid, from: Some(from), heard: Vec::new(), ended: None });
    }
    listen(&mut children).map_err(RunError::Os)?;
    children.iter_mut().map(Child::outcome).collect::<Result<_, _>>().map_err(RunError::Os)
}
