//! The program of the attacks: built by cargo, put where every user may read it.
//!
//! Knows no attack.

use crate::build;
use crate::error::{GraderError, Result};
use crate::scratch::Scratch;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A copy of the program, gone when dropped.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) path: PathBuf,
    /// Locked as another run would lock a file that all may open.
    _locked: File,
    _scratch: Scratch,
}

impl Program {
    /// Builds it from the course at `root`.
    ///
    /// # Errors
    ///
    /// A course error if it does not compile.
    pub(super) fn build(root: &Path) -> Result<Self> {
        let built = build::programs(root, &["hostile"])?;
        let built = built.first().ok_or_else(|| GraderError::bug("cargo has built no hostile program"))?;
        let scratch = Scratch::new("hostile")?;
        let path = scratch.path().join("hostile");
        let failed = |error| GraderError::file("copy", built, error);
        fs::copy(built, &path).map_err(failed)?;
        fs::set_permissions(&path, Permissions::from_mode(0o755)).map_err(failed)?;
        let locked = File::open(&path).map_err(failed)?;
        locked.lock_shared().map_err(failed)?;
        Ok(Self { path, _locked: locked, _scratch: scratch })
    }
}
