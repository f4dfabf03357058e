//! Says when a process is about to leave its process group.
//!
//! Stands before setpgid(2) and setsid(2). Changes nothing about the group.

use nix::libc::{self, c_int, pid_t};
use std::sync::OnceLock;

static HOOK: OnceLock<fn()> = OnceLock::new();

/// Has `hook` called from now on before a process joins another group or begins a session, in this process and in those that it will
/// fork. Only the first hook counts.
pub fn before_group(hook: fn()) {
    let _ = HOOK.set(hook);
}

fn tell() {
    if let Some(hook) = HOOK.get() {
        hook();
    }
}

/// As setpgid(2).
#[unsafe(no_mangle)]
pub extern "C" fn setpgid(pid: pid_t, group: pid_t) -> c_int {
    tell();
    // SAFETY: numbers only.
    unsafe { libc::syscall(libc::SYS_setpgid, pid, group) as c_int }
}

/// As setsid(2).
#[unsafe(no_mangle)]
pub extern "C" fn setsid() -> pid_t {
    tell();
    // SAFETY: nothing is asked for.
    unsafe { libc::syscall(libc::SYS_setsid) as pid_t }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn it_is_told_and_then_done_or_refused() {
        static TOLD: AtomicU32 = AtomicU32::new(0);
        // No process has such a number.
        assert_eq!(setpgid(-5, 0), -1);
        before_group(|| _ = TOLD.fetch_add(1, Ordering::SeqCst));
        assert_eq!((setpgid(-5, 0), TOLD.load(Ordering::SeqCst)), (-1, 1));
    }
}
