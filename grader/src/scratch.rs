//! Folders that are gone when they go out of scope, outside private homes.
//!
//! Knows nothing of what is put into them.

use crate::error::{GraderError, Result};
use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder of our own; removed with all its contents on drop.
#[derive(Debug)]
pub(crate) struct Scratch {
    path: PathBuf,
}

static COUNT: AtomicU32 = AtomicU32::new(0);

impl Scratch {
    /// Makes an empty folder whose name holds `purpose`. Others may pass through it, not list it.
    ///
    /// # Errors
    ///
    /// A machine error if the folder cannot be made.
    pub(crate) fn new(purpose: &str) -> Result<Self> {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = base()?.join(format!("{purpose}-{}-{number}", std::process::id()));
        if path.symlink_metadata().is_ok() {
            // Left by a process of the same number that was killed.
            fs::remove_dir_all(&path).map_err(|error| GraderError::file("remove", &path, error))?;
        }
        make(&path)?;
        Ok(Self { path })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Removes the folders of graders that were killed before they could do it.
pub(crate) fn forget_dead() {
    let Ok(base) = base() else { return };
    for item in fs::read_dir(base).into_iter().flatten().flatten() {
        let name = item.file_name().to_string_lossy().into_owned();
        if owner(&name).is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            let _ = fs::remove_dir_all(item.path());
        }
    }
}

/// The process that made a folder of this name, if [`Scratch`] made it.
fn owner(name: &str) -> Option<u32> {
    let (rest, number) = name.rsplit_once('-')?;
    number.parse::<u32>().ok()?;
    rest.rsplit_once('-')?.1.parse().ok()
}

/// The folder that holds everything we keep between runs: one for each user.
///
/// # Errors
///
/// A machine error if it cannot be made, or if somebody else has put something in its place.
pub(crate) fn base() -> Result<PathBuf> {
    let user = nix::unistd::geteuid();
    let path = std::env::temp_dir().join(format!("racecourse-{user}"));
    match path.symlink_metadata() {
        Ok(about) if about.is_dir() && about.uid() == user.as_raw() => {}
        Ok(_) => {
            return Err(GraderError::machine(format!(
                "`{}` is in the way: remove it, or set TMPDIR to another folder",
                path.display()
            )));
        }
        Err(_) => make(&path)?,
    }
    Ok(path)
}

/// Makes a folder (or finds it) that others may pass through.
pub(crate) fn make(path: &Path) -> Result<()> {
    make_with(path, 0o711)
}

/// Makes a folder (or finds it) that others may also list, as the compiler does to find libraries.
pub(crate) fn make_listed(path: &Path) -> Result<()> {
    make_with(path, 0o755)
}

fn make_with(path: &Path, mode: u32) -> Result<()> {
    let failed = |error| GraderError::file("make the folder", path, error);
    DirBuilder::new().recursive(true).mode(mode).create(path).map_err(failed)?;
    // The umask may have taken away what other users need.
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_the_dead_go_and_those_of_the_living_stay() {
        let own = Scratch::new("living").expect("a folder");
        // No process has the largest number.
        let dead = base().expect("the base").join(format!("dead-{}-0", u32::MAX));
        make(&dead).expect("a folder");
        forget_dead();
        assert!(!dead.exists() && own.path().exists());
        assert_eq!(owner("toolchain-0123456789abcdef"), None);
        assert_eq!(owner("slots"), None);
    }
}
