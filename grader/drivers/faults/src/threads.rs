//! Says when a thread is about to be started, and refuses it, as a machine does that has none left.
//!
//! Stands before pthread_create(3), which std and whoever else starts threads calls. Changes nothing about a thread that is started.

use nix::libc::{self, c_int, c_void, pthread_attr_t, pthread_t};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};

type Start = extern "C" fn(*mut c_void) -> *mut c_void;
type Create = unsafe extern "C" fn(*mut pthread_t, *const pthread_attr_t, Start, *mut c_void) -> c_int;

static HOOK: OnceLock<fn()> = OnceLock::new();

/// Has `hook` called from now on before each start of a thread, in this process and in those that it will fork, by whoever starts
/// it. It must not start threads itself. Only the first hook counts.
pub fn before_thread(hook: fn()) {
    let _ = HOOK.set(hook);
}

/// How many threads may still be started; any number if it is negative.
static LEFT: AtomicI64 = AtomicI64::new(-1);

/// Has the system refuse (`EAGAIN`) every thread of this process from now on after `more` others; `None` ends that.
pub fn threads_left(more: Option<u32>) {
    LEFT.store(more.map_or(-1, i64::from), Ordering::SeqCst);
}

/// Whether one more may be started.
fn may_start() -> bool {
    let one_less = |left: i64| Some(if left > 0 { left - 1 } else { left });
    LEFT.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less) != Ok(0)
}

fn real() -> Option<Create> {
    static REAL: OnceLock<Option<Create>> = OnceLock::new();
    *REAL.get_or_init(|| {
        // SAFETY: the name ends with a zero byte.
        let found = unsafe { libc::dlsym(libc::RTLD_NEXT, c"pthread_create".as_ptr()) };
        // SAFETY: the C library's function of this name is of this type.
        (!found.is_null()).then(|| unsafe { std::mem::transmute::<*mut c_void, Create>(found) })
    })
}

/// As pthread_create(3).
///
/// # Safety
///
/// As pthread_create(3).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pthread_create(
    thread: *mut pthread_t,
    attributes: *const pthread_attr_t,
    start: Start,
    argument: *mut c_void,
) -> c_int {
    let Some(create) = real() else { return libc::EAGAIN };
    if let Some(hook) = HOOK.get() {
        hook();
    }
    if !may_start() {
        return libc::EAGAIN;
    }
    // SAFETY: as the caller promises.
    unsafe { create(thread, attributes, start, argument) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn each_start_of_a_thread_is_told_before_it_runs() {
        static STARTS: AtomicU32 = AtomicU32::new(0);
        std::thread::spawn(|| ()).join().expect("a thread without a hook");
        before_thread(|| _ = STARTS.fetch_add(1, Ordering::SeqCst));
        // Other tests of this program may start threads as well.
        let before = STARTS.load(Ordering::SeqCst);
        for number in 1..=3 {
            let seen = std::thread::spawn(|| STARTS.load(Ordering::SeqCst)).join().expect("a thread");
            assert!(seen >= before + number);
        }
    }
}
