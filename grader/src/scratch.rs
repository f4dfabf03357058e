//! Folders that are gone when they go out of scope, outside private homes.
//!
//! Knows nothing of what is put into them.

use crate::error::{GraderError, Result};
use std::fs::{self, DirBuilder};
use std::io;
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
            remove(&path).map_err(|error| GraderError::file("remove", &path, error))?;
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
        let _ = remove(&self.path);
    }
}

/// Removes a file, or a folder with everything in it, whatever a stranger has made of it: folders one in
/// another by the ten thousand, for which a stack or descriptors would not last, and folders that are
/// closed to their owner. No link is followed. Nobody else may be at work there any more.
///
/// # Errors
///
/// The first one; what else can be removed is.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    if !path.symlink_metadata()?.is_dir() {
        return fs::remove_file(path);
    }
    let mut result = Ok(());
    let mut note = |step: io::Result<()>| {
        if step.is_err() && result.is_ok() {
            result = step;
        }
    };
    // Every folder is brought up to the first level before it is emptied, so that none is ever deep.
    let (mut number, mut waiting) = (0_u64, vec![path.to_path_buf()]);
    while let Some(folder) = waiting.pop() {
        note(unlock(&folder));
        let items = match fs::read_dir(&folder) {
            Ok(items) => items.flatten().collect(),
            Err(error) => {
                note(Err(error));
                Vec::new()
            }
        };
        for item in items {
            if !item.file_type().is_ok_and(|kind| kind.is_dir()) {
                note(fs::remove_file(item.path()));
            } else if folder == path {
                waiting.push(item.path());
            } else {
                match bring_up(&item.path(), path, &mut number) {
                    Ok(place) => waiting.push(place),
                    Err(error) => note(Err(error)),
                }
            }
        }
        if folder != path {
            note(fs::remove_dir(&folder));
        }
    }
    note(fs::remove_dir(path));
    result
}

/// Lets the owner of a folder do everything in it.
fn unlock(folder: &Path) -> io::Result<()> {
    if folder.symlink_metadata()?.mode() & 0o700 == 0o700 {
        return Ok(());
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

/// Moves a folder to the first level below `to`, under a name that nothing there has.
fn bring_up(folder: &Path, to: &Path, number: &mut u64) -> io::Result<PathBuf> {
    // Moving changes what `..` means in it, which needs the right to write to it.
    unlock(folder)?;
    loop {
        let place = to.join(format!(".{number}"));
        *number += 1;
        if place.symlink_metadata().is_err() {
            return fs::rename(folder, &place).map(|()| place);
        }
    }
}

/// Removes the folders of graders that were killed before they could do it.
pub(crate) fn forget_dead() {
    let Ok(base) = base() else { return };
    for item in fs::read_dir(base).into_iter().flatten().flatten() {
        let name = item.file_name().to_string_lossy().into_owned();
        if owner(&name).is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            let _ = remove(&item.path());
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
    fn whatever_a_stranger_leaves_is_removed_and_nothing_else() {
        let (own, outside) =
            (Scratch::new("left").expect("a folder"), Scratch::new("kept").expect("a folder"));
        fs::write(outside.path().join("file"), "x").expect("a file");
        let place = own.path().join("place");
        fs::create_dir_all(place.join("a/b/c/d")).expect("folders");
        std::os::unix::fs::symlink(outside.path(), place.join("a/b/link")).expect("a link");
        // A name that the cleaner might want, and folders that are closed to their owner.
        fs::create_dir(place.join(".0")).expect("a folder");
        fs::set_permissions(place.join("a/b/c"), fs::Permissions::from_mode(0o000)).expect("rights");
        let mut deepest =
            nix::fcntl::open(&place, nix::fcntl::OFlag::O_DIRECTORY, nix::sys::stat::Mode::empty());
        for _ in 0..5000 {
            let folder = deepest.expect("a folder");
            nix::sys::stat::mkdirat(&folder, "d", nix::sys::stat::Mode::S_IRWXU).expect("a folder");
            let flags = nix::fcntl::OFlag::O_DIRECTORY;
            deepest = nix::fcntl::openat(&folder, "d", flags, nix::sys::stat::Mode::empty());
        }
        remove(&place).expect("removed");
        assert!(place.symlink_metadata().is_err());
        assert!(outside.path().join("file").exists());
        assert!(remove(&place).is_err());
    }

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
