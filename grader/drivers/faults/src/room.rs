//! Says when room is made in a file, or given back.
//!
//! Stands before ftruncate(2), by both of its names. Changes nothing about the file.

use nix::libc::{self, c_int, off_t};
use std::sync::OnceLock;

/// Before or after the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The file is still as long as it was.
    Before,
    /// It is as long as it was asked for, if the system did not refuse.
    After,
}

static HOOK: OnceLock<fn(Moment)> = OnceLock::new();

/// Has `hook` called from now on before and after each change of a file's length, in this process and in those that it will fork. It
/// must not change lengths itself. Only the first hook counts.
pub fn around_room(hook: fn(Moment)) {
    let _ = HOOK.set(hook);
}

fn tell(moment: Moment) {
    if let Some(hook) = HOOK.get() {
        hook(moment);
    }
}

/// As ftruncate(2).
#[unsafe(no_mangle)]
pub extern "C" fn ftruncate(fd: c_int, length: off_t) -> c_int {
    tell(Moment::Before);
    // SAFETY: numbers only.
    let result = unsafe { libc::syscall(libc::SYS_ftruncate, fd, length) as c_int };
    let error = nix::Error::last();
    tell(Moment::After);
    error.set();
    result
}

/// The same by the name that std uses.
#[unsafe(no_mangle)]
pub extern "C" fn ftruncate64(fd: c_int, length: off_t) -> c_int {
    ftruncate(fd, length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::sync::Mutex;

    #[test]
    fn both_moments_are_told_and_the_system_s_answer_is_kept() {
        static TOLD: Mutex<Vec<Moment>> = Mutex::new(Vec::new());
        around_room(|moment| TOLD.lock().expect("nobody panics").push(moment));
        let path = std::env::temp_dir().join(format!("racecourse-room-{}", std::process::id()));
        let file = File::create(&path).expect("a file");
        file.set_len(7).expect("room");
        assert_eq!(file.metadata().expect("it is open").len(), 7);
        let refused =
            File::open(&path).expect("the file").set_len(9).expect_err("it is open for reading only");
        assert_eq!(refused.raw_os_error(), Some(libc::EINVAL));
        std::fs::remove_file(&path).expect("the file is there");
        let (before, after) = (Moment::Before, Moment::After);
        assert_eq!(*TOLD.lock().expect("nobody panics"), [before, after, before, after]);
    }
}
