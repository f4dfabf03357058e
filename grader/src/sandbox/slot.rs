//! Slots: unprivileged user numbers, each lent to one run at a time.
//!
//! Only a grader that was started as root has them; otherwise a slot stands for no change of user.

use super::Layers;
use crate::error::{GraderError, Result};
use crate::scratch;
use std::fs::File;
use std::path::{Path, PathBuf};

/// The first user number. The range lies below 65536, so that it exists in containers that map
/// no more, and above the numbers that systems give to people and services.
const FIRST_USER: u32 = 64_000;

/// How many runs may go on at once.
const SLOTS: u32 = 256;

/// A user number, ours until dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    user: Option<u32>,
    /// Locked while the slot is in use; the lock ends with this process, however it ends.
    _lock: Option<File>,
}

impl Slot {
    /// Takes a free slot. Does not wait.
    pub(crate) fn take(layers: &Layers) -> Result<Self> {
        if !layers.own_user {
            return Ok(Self { user: None, _lock: None });
        }
        let folder = shared_folder()?;
        for number in 0..SLOTS {
            let path = folder.join(number.to_string());
            let file = File::create(&path).map_err(|error| GraderError::file("open", &path, error))?;
            if file.try_lock().is_ok() {
                let user = FIRST_USER + number;
                sweep(user);
                return Ok(Self { user: Some(user), _lock: Some(file) });
            }
        }
        Err(GraderError::machine(format!("all {SLOTS} slots are in use; wait for other gradings to end")))
    }

    /// The user's number, if a run gets a user of its own.
    pub(crate) fn user(&self) -> Option<u32> {
        self.user
    }

    /// Makes `path` the slot's own.
    pub(crate) fn give(&self, path: &Path) -> Result<()> {
        let Some(user) = self.user else { return Ok(()) };
        std::os::unix::fs::chown(path, Some(user), Some(user))
            .map_err(|error| GraderError::file("change the owner of", path, error))
    }
}

/// Where the slots are locked: the same folder for every grader that sees the same processes, even if
/// their folders for temporary files differ. Users are lent out, and what runs as one is ended before
/// it is lent again, so two graders that did not see each other's locks would end each other's runs.
fn shared_folder() -> Result<PathBuf> {
    let run = Path::new("/run");
    let folder = if run.is_dir() { run.join("racecourse-slots") } else { scratch::base()?.join("slots") };
    scratch::make(&folder)?;
    Ok(folder)
}

/// Ends what a judge that was killed may have left to this user. Nobody else has it: the slot is
/// locked.
fn sweep(user: u32) {
    for _ in 0..1000 {
        let left = procs::processes_of(user);
        if left.is_empty() {
            break;
        }
        for pid in left {
            let pid = nix::unistd::Pid::from_raw(pid.cast_signed());
            let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL);
            let _ = nix::sys::wait::waitpid(pid, Some(nix::sys::wait::WaitPidFlag::WNOHANG));
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    for path in procs::shared_memory_of(user) {
        let _ = scratch::remove(&path);
    }
}
