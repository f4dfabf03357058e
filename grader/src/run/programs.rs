//! The programs of an answer, all in one folder: a box that shows this folder is good for each of them, also for those
//! that are built later.
//!
//! Knows files, not what is in them.

use crate::error::{GraderError, Result};
use crate::scratch::{self, Scratch};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The folder; gone when dropped.
#[derive(Debug)]
pub(super) struct Programs {
    folder: Scratch,
    /// What has a place there, and where.
    places: Mutex<HashMap<PathBuf, PathBuf>>,
}

impl Programs {
    /// None yet.
    ///
    /// # Errors
    ///
    /// A machine error if the folder cannot be made.
    pub(super) fn new() -> Result<Self> {
        Ok(Self { folder: Scratch::new("programs")?, places: Mutex::default() })
    }

    /// The folder.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where a program is in the folder, into which it is put if it is not there. It must stay what it is.
    ///
    /// # Errors
    ///
    /// A machine error if it cannot be put there.
    pub(super) fn place(&self, program: &Path) -> Result<PathBuf> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = places.get(program) {
            return Ok(place.clone());
        }
        // A folder for each, so that it keeps its name, which is that of its process.
        let own = self.folder().join(places.len().to_string());
        scratch::make(&own)?;
        let place = own.join(program.file_name().unwrap_or_default());
        // Some file systems have no links, and none leads from one of them to another.
        fs::hard_link(program, &place)
            .or_else(|_| fs::copy(program, &place).map(drop))
            .map_err(|error| GraderError::file("copy", program, error))?;
        places.insert(program.to_path_buf(), place.clone());
        Ok(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_has_one_place_which_goes_with_the_folder() {
        let elsewhere = Scratch::new("elsewhere").expect("a folder");
        let [one, other] = ["one", "other"].map(|name| elsewhere.path().join(name));
        fs::write(&one, "one").expect("a file");
        fs::write(&other, "other").expect("a file");
        let programs = Programs::new().expect("a folder");
        let place = programs.place(&one).expect("a place");
        assert_eq!(programs.place(&one).expect("a place"), place);
        let second = programs.place(&other).expect("a place");
        assert_eq!(fs::read_to_string(&place).expect("a file"), "one");
        assert_eq!(fs::read_to_string(second).expect("a file"), "other");
        assert!(programs.place(&elsewhere.path().join("none")).is_err());
        drop(programs);
        assert!(!place.exists() && one.exists());
    }
}
