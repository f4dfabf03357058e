//! Two programs that work together and want to meet: one leaves marks wherever it can, the other looks
//! for them.
//!
//! Both know the same name, and the one that looks is told where the other is. Neither knows in which
//! box the other is.

use crate::raw;
use crate::target::{Stopped, Target, Tried, scratch};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, getpid, getppid, pause};
use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// Carries out one half, or, as `both`, one after the other in one box.
pub(crate) fn play(half: &str, target: &Target) -> Tried {
    match half {
        "host" => host(target),
        "guest" => Ok(guest(target, target.pid())),
        "both" => both(target),
        _ => Err(Stopped("unknown".into())),
    }
}

/// Leaves its marks, says that they are there, and stays.
fn host(target: &Target) -> Tried {
    for mark in [mark(&scratch(), target), shared_mark(target)] {
        fs::write(&mark, "here")?;
        fs::set_permissions(&mark, Permissions::from_mode(0o666)).or_else(|_| open_to_all(&mark))?;
    }
    let _socket = UnixListener::bind_addr(&address(target)?)?;
    io::stderr().write_all(b"ready\n")?;
    loop {
        pause();
    }
}

/// By an open file: rights may not be changed by path in the box.
fn open_to_all(mark: &Path) -> io::Result<()> {
    fs::File::open(mark)?.set_permissions(Permissions::from_mode(0o666))
}

/// Looks for the other, who may have this number; the names of the ways in which it was found.
fn guest(target: &Target, number: i32) -> String {
    let is_signalled = |pid: i32| {
        let pid = Pid::from_raw(pid);
        pid != getpid() && pid != getppid() && kill(pid, None).is_ok()
    };
    let other = if target.folder().is_empty() { scratch() } else { target.file("") };
    let ways = [
        ("file", fs::read(mark(&other, target)).is_ok()),
        ("memory", fs::read(shared_mark(target)).is_ok()),
        ("socket", address(target).and_then(|address| UnixStream::connect_addr(&address)).is_ok()),
        ("process", processes().iter().any(|&pid| is_host(pid, target))),
        // The number outside, and those that somebody in the same namespace would have.
        ("signal", (2..300).chain([number]).any(is_signalled)),
    ];
    let found: Vec<&str> = ways.into_iter().filter(|(_, is_found)| *is_found).map(|(name, _)| name).collect();
    found.join(" ")
}

/// Shows that the two would meet if nothing kept them apart.
fn both(target: &Target) -> Tried {
    let (read_end, write_end) = nix::unistd::pipe()?;
    let child = raw::fork(|| {
        let is_told = nix::unistd::dup2_stderr(&write_end).is_ok();
        i32::from(is_told && host(target).is_err())
    })?;
    drop(write_end);
    nix::unistd::read(&read_end, &mut [0; 16])?;
    let found = guest(target, child.as_raw());
    kill(child, Signal::SIGKILL)?;
    waitpid(child, None)?;
    Ok(found)
}

fn mark(folder: &Path, target: &Target) -> PathBuf {
    folder.join(format!("pair-{}", target.tag()))
}

fn shared_mark(target: &Target) -> PathBuf {
    target.shared_memory("left")
}

fn address(target: &Target) -> io::Result<SocketAddr> {
    SocketAddr::from_abstract_name(format!("pair-{}", target.tag()))
}

fn processes() -> Vec<i32> {
    let items = fs::read_dir("/proc").into_iter().flatten().flatten();
    items.filter_map(|item| item.file_name().to_str()?.parse().ok()).collect()
}

/// Whether this is the other program, not its reaper or ours.
fn is_host(pid: i32, target: &Target) -> bool {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let line = String::from_utf8_lossy(&line).into_owned();
    pid != getpid().as_raw() && pid != getppid().as_raw() && line.contains(target.tag())
}
