//! Starting a process under all layers, and ending it together with everything it started.
//!
//! The only place of this crate with `unsafe`: what happens between fork and exec.
#![allow(unsafe_code, reason = "the steps between fork and exec have no safe form")]

use super::namespaces;
use super::policy::policy;
use super::{Limits, Sandbox, Slot};
use crate::error::{GraderError, Result};
use nix::libc;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{SigHandler, Signal, kill, signal};
use nix::unistd::{Gid, Pid, Uid};
use std::ffi::{CString, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};

/// What to start.
pub(crate) struct Order<'a> {
    /// The program.
    pub(crate) program: &'a Path,
    /// Its arguments.
    pub(crate) args: Vec<OsString>,
    /// What it may read besides the system: files and folders.
    pub(crate) reads: Vec<&'a Path>,
    /// Where it works. A compiler may read it, nothing else.
    pub(crate) folder: &'a Path,
    /// The folder that it may write to.
    pub(crate) temporary: &'a Path,
    /// What it may use.
    pub(crate) limits: Limits,
    /// Whether it may look at processes in `/proc`, as answers about processes may.
    pub(crate) sees_processes: bool,
    /// Whether it is the compiler, which must reach the toolchain.
    pub(crate) compiler: bool,
}

/// What is around a program, or around several that come one after the other.
pub(crate) struct Surroundings<'a> {
    /// What can be seen besides the system, as far as the policy lets it: files and folders.
    pub(crate) shows: Vec<&'a Path>,
    /// Where programs work.
    pub(crate) folder: &'a Path,
    /// The folder that they may write to.
    pub(crate) temporary: &'a Path,
    /// How much fits into the folders that can be written to, in bytes each.
    pub(crate) disk_bytes: u64,
    /// Whether the toolchain is there.
    pub(crate) compiler: bool,
    /// Whether programs start threads by the thousand: then std shall not give each a second stack for
    /// its message on stack overflows, which costs half the time of a thread's start.
    pub(crate) many_threads: bool,
}

impl<'a> Order<'a> {
    /// A box for it alone.
    pub(crate) fn surroundings(&self) -> Surroundings<'a> {
        let mut shows = self.reads.clone();
        if !self.compiler {
            shows.push(self.program);
        }
        Surroundings {
            shows,
            folder: self.folder,
            temporary: self.temporary,
            disk_bytes: self.limits.disk_bytes,
            compiler: self.compiler,
            many_threads: false,
        }
    }
}

/// A process that was started; ended for good when dropped.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    /// Its number, also that of its session.
    pub(crate) pid: u32,
    /// What it complains. What it prints is for nobody.
    stderr: ChildStderr,
    user: Option<u32>,
    /// Whether it stands behind bubblewrap, which tells signal n as the exit code 128 + n.
    is_wrapped: bool,
}

/// What a process that has ended leaves.
#[derive(Debug)]
pub(crate) struct Output {
    /// How it ended.
    pub(crate) status: ExitStatus,
    /// The signal that ended it, if one did.
    pub(crate) signal: Option<i32>,
    /// The beginning of what it printed to standard error.
    pub(crate) text: String,
}

/// The arguments with which `sandbox-init` closes the box around a program, and becomes it.
pub(crate) fn way_in(sandbox: &Sandbox, slot: &Slot, order: &Order<'_>) -> Vec<OsString> {
    let mut args = policy(sandbox, slot, order).to_args();
    args.push(order.program.into());
    args.extend_from_slice(&order.args);
    args
}

/// Starts a program.
///
/// # Errors
///
/// A machine error if it cannot be started.
pub(crate) fn start(sandbox: &Sandbox, slot: &Slot, order: &Order<'_>) -> Result<Running> {
    let args = way_in(sandbox, slot, order);
    start_init(sandbox, slot, &order.surroundings(), &args, None)
}

/// Starts a reaper, which then stands between the judge and programs, and starts them when it is told to, with the
/// words of [`way_in`]. It ends by itself, with all that is below it, when its talk with the judge ends.
///
/// # Errors
///
/// A machine error if it cannot be started.
pub(crate) fn start_reaper(
    sandbox: &Sandbox,
    slot: &Slot,
    around: &Surroundings<'_>,
    judge: OwnedFd,
) -> Result<Running> {
    start_init(sandbox, slot, around, &[wire::REAP.into()], Some(judge))
}

fn start_init(
    sandbox: &Sandbox,
    slot: &Slot,
    around: &Surroundings<'_>,
    args: &[OsString],
    judge: Option<OwnedFd>,
) -> Result<Running> {
    let outlives_judge = judge.is_some();
    let mut command = match &sandbox.bwrap {
        Some(bwrap) if sandbox.layers.namespaces => {
            let mut command = Command::new(bwrap);
            command.args(namespaces::arguments(sandbox, around, outlives_judge)).arg(&sandbox.init);
            command
        }
        _ => Command::new(&sandbox.init),
    };
    command
        .args(args)
        .current_dir(around.folder)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("TMPDIR", around.temporary)
        .stdin(judge.map_or_else(Stdio::null, Stdio::from))
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let steps = Steps {
        user: slot.user(),
        binds: sandbox
            .binds(around.compiler)?
            .iter()
            .map(|(from, to)| Ok((c_string(from)?, c_string(to)?)))
            .collect::<Result<_>>()?,
        parent: nix::unistd::getpid(),
        many_threads: around.many_threads,
        outlives_judge,
    };
    // SAFETY: `take` only makes system calls on values that were prepared here; it allocates
    // nothing and takes no lock, which is what a child of a process with threads must keep to.
    unsafe { command.pre_exec(move || steps.take()) };
    let mut child = command.spawn().map_err(|error| {
        GraderError::machine(format!("failed to start `{}`: {error}", sandbox.init.display()))
    })?;
    let Some(stderr) = child.stderr.take() else {
        return Err(GraderError::bug("a child without the pipe that was ordered"));
    };
    let is_wrapped = sandbox.layers.namespaces;
    Ok(Running { pid: child.id(), child, stderr, user: slot.user(), is_wrapped })
}

fn c_string(path: &Path) -> Result<CString> {
    CString::new(path.as_os_str().as_bytes())
        .map_err(|_| GraderError::machine(format!("`{}` holds a zero byte", path.display())))
}

/// What the child does to itself before it becomes the program.
struct Steps {
    user: Option<u32>,
    binds: Vec<(CString, CString)>,
    parent: Pid,
    many_threads: bool,
    /// Whether it ends by itself when the judge has gone, after it has ended others.
    outlives_judge: bool,
}

impl Steps {
    fn take(&self) -> io::Result<()> {
        nix::unistd::setsid()?;
        default_signals()?;
        nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o022));
        if !self.binds.is_empty() {
            own_mounts()?;
        }
        self.binds.iter().try_for_each(|(from, to)| bind(from, to))?;
        if let Some(user) = self.user {
            let (user, group) = (Uid::from_raw(user), Gid::from_raw(user));
            nix::unistd::setgroups(&[])?;
            nix::unistd::setresgid(group, group, group)?;
            nix::unistd::setresuid(user, user, user)?;
        }
        // After the change of user, which would undo it.
        if !self.outlives_judge {
            nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
        }
        if nix::unistd::getppid() != self.parent {
            return Err(io::ErrorKind::BrokenPipe.into()); // the judge has already gone
        }
        if self.many_threads {
            // std leaves signals alone that somebody else cares for. A fault still ends the process:
            // the kernel does not let it be ignored.
            for fault in [Signal::SIGSEGV, Signal::SIGBUS] {
                // SAFETY: no handler is installed, so nothing of ours can run at the wrong moment.
                unsafe { signal(fault, SigHandler::SigIgn)? };
            }
        }
        // Nothing that the judge has open reaches the program, but its standard streams.
        close_on_exec(3, u32::MAX)
    }
}

/// Signals mean what they mean to a program of its own: whoever started the judge may ignore some,
/// as `nohup` does with `SIGHUP`, and ignoring is inherited.
fn default_signals() -> io::Result<()> {
    for number in Signal::iterator().filter(|number| !matches!(number, Signal::SIGKILL | Signal::SIGSTOP)) {
        // SAFETY: no handler is installed, so nothing of ours can run at the wrong moment.
        unsafe { signal(number, SigHandler::SigDfl)? };
    }
    Ok(())
}

fn close_on_exec(first: u32, last: u32) -> io::Result<()> {
    // SAFETY: the call takes three numbers and touches no memory of ours.
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, last, libc::CLOSE_RANGE_CLOEXEC) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

const NONE: Option<&str> = None;

/// From here on, mounts of this process are seen by nobody else.
fn own_mounts() -> io::Result<()> {
    unshare(CloneFlags::CLONE_NEWNS)?;
    mount(NONE, c"/", NONE, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NONE)?;
    Ok(())
}

/// Shows the folder `from` at `to`, read-only.
fn bind(from: &CString, to: &CString) -> io::Result<()> {
    mount(Some(from.as_c_str()), to.as_c_str(), NONE, MsFlags::MS_BIND, NONE)?;
    let again = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
    mount(NONE, to.as_c_str(), NONE, again, NONE)?;
    Ok(())
}

/// Takes charge of a descriptor that the kernel has just given to this process.
pub(crate) fn own(fd: RawFd) -> File {
    // SAFETY: the number comes straight from the call that made it, which received it (`SCM_RIGHTS`), so it
    // is open and nobody else owns it.
    unsafe { File::from_raw_fd(fd) }
}

impl Running {
    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Ends the process and everything it started, waits for its end and removes its shared memory.
    /// Returns how it ended and how many other processes of its were still there.
    pub(crate) fn finish(&mut self) -> (Option<ExitStatus>, usize) {
        let _ = self.child.kill();
        let status = self.child.wait().ok();
        let strays = self.sweep();
        for path in self.shared_memory() {
            let _ = crate::scratch::remove(&path);
        }
        (status, strays)
    }

    /// Ends the process, as [`finish`](Self::finish) does, and returns the beginning of what it complained of.
    pub(crate) fn complaint(&mut self) -> Vec<u8> {
        self.finish();
        let mut text = Vec::new();
        let _ = self.stderr.by_ref().take(4096).read_to_end(&mut text);
        text
    }

    /// The named shared memory of this run. Only a user of its own can be told from others.
    pub(crate) fn shared_memory(&self) -> Vec<PathBuf> {
        self.user.map_or(Vec::new(), procs::shared_memory_of)
    }

    /// Kills what the process has started until nothing is left of it.
    fn sweep(&self) -> usize {
        let mut left = procs::relatives(self.pid, self.user);
        let found = left.len();
        // Each round kills all that can be seen; a process that forks faster runs into the limit
        // on tasks.
        for _ in 0..200 {
            if left.is_empty() {
                break;
            }
            for &pid in &left {
                let pid = Pid::from_raw(pid);
                let _ = kill(pid, Signal::SIGKILL);
                let _ = nix::sys::wait::waitpid(pid, Some(nix::sys::wait::WaitPidFlag::WNOHANG));
            }
            left = procs::relatives(self.pid, self.user);
        }
        found
    }

    /// Waits for the end and returns the beginning of standard error, at most `cap` bytes. What it
    /// prints beyond is read and dropped. For programs that we trust to end: the compiler, whose
    /// processor time is limited.
    pub(crate) fn output(mut self, cap: usize) -> Result<Output> {
        let mut kept = Vec::new();
        let mut chunk = [0; 16 * 1024];
        loop {
            match self.stderr.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => {
                    let room = cap.saturating_sub(kept.len()).min(count);
                    kept.extend_from_slice(&chunk[..room]);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        let status =
            self.child.wait().map_err(|error| GraderError::machine(format!("failed to wait: {error}")))?;
        let told =
            |code: i32| self.is_wrapped.then_some(code - 128).filter(|signal| (1..=64).contains(signal));
        let signal = status.signal().or_else(|| status.code().and_then(told));
        Ok(Output { status, signal, text: String::from_utf8_lossy(&kept).into_owned() })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ended().is_none() {
            self.finish();
        }
    }
}
