//! Says when a file is about to be opened that may have to be made.
//!
//! Stands before open(2) and openat(2), by all of their names. Changes nothing about the file.

use nix::libc::{self, c_char, c_int, mode_t};
use std::sync::OnceLock;

static HOOK: OnceLock<fn()> = OnceLock::new();

/// Has `hook` called from now on before each opening that makes the file if there is none (`O_CREAT`), in this process and in those
/// that it will fork. It must not make files itself. Only the first hook counts.
pub fn before_creation(hook: fn()) {
    let _ = HOOK.set(hook);
}

/// As openat(2): its last argument counts only with `O_CREAT`. That C declares it as optional makes no difference to how it is passed.
///
/// # Safety
///
/// As openat(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn openat(folder: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    if let Some(hook) = HOOK.get().filter(|_| flags & libc::O_CREAT != 0) {
        hook();
    }
    // SAFETY: as the caller promises.
    unsafe { libc::syscall(libc::SYS_openat, folder, path, flags, mode) as c_int }
}

/// The same by another name.
///
/// # Safety
///
/// As openat(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn openat64(folder: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: as the caller promises.
    unsafe { openat(folder, path, flags, mode) }
}

/// As open(2).
///
/// # Safety
///
/// As open(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: as the caller promises.
    unsafe { openat(libc::AT_FDCWD, path, flags, mode) }
}

/// The same by the name that std uses.
///
/// # Safety
///
/// As open(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn open64(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: as the caller promises.
    unsafe { openat(libc::AT_FDCWD, path, flags, mode) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{File, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn only_what_may_make_a_file_is_told_and_the_mode_is_kept() {
        static TOLD: AtomicU32 = AtomicU32::new(0);
        let path = std::env::temp_dir().join(format!("racecourse-creation-{}", std::process::id()));
        before_creation(|| _ = TOLD.fetch_add(1, Ordering::SeqCst));
        // Other tests of this program may make files as well.
        let before = TOLD.load(Ordering::SeqCst);
        assert!(File::open(&path).is_err());
        let made = File::create(&path).expect("a file");
        assert!(TOLD.load(Ordering::SeqCst) > before);
        let mode = made.metadata().expect("it is open").permissions();
        assert_eq!(mode.mode() & Permissions::from_mode(0o700).mode(), 0o600);
        std::fs::remove_file(&path).expect("the file is there");
    }
}
