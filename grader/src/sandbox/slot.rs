//! Slots: unprivileged user numbers, each lent to one run at a time.
//!
//! Only a grader that was started as root has them; otherwise a slot stands for no change of user.

use super::Layers;
use crate::error::{GraderError, Result};
use crate::scratch;
use std::fs::File;

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
        let folder = scratch::base()?.join("slots");
        scratch::make(&folder)?;
        for number in 0..SLOTS {
            let path = folder.join(number.to_string());
            let file = File::create(&path).map_err(|error| GraderError::file("open", &path, error))?;
            if file.try_lock().is_ok() {
                return Ok(Self { user: Some(FIRST_USER + number), _lock: Some(file) });
            }
        }
        Err(GraderError::machine(format!("all {SLOTS} slots are in use; wait for other gradings to end")))
    }

    /// The user's number, if a run gets a user of its own.
    pub(crate) fn user(&self) -> Option<u32> {
        self.user
    }

    /// Makes `path` the slot's own.
    pub(crate) fn give(&self, path: &std::path::Path) -> Result<()> {
        let Some(user) = self.user else { return Ok(()) };
        std::os::unix::fs::chown(path, Some(user), Some(user))
            .map_err(|error| GraderError::file("change the owner of", path, error))
    }
}
