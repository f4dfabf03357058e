//! Process numbers that begin again from small ones every moment while the bank is graded, so that verdicts can be seen not to
//! depend on them. On a machine of its own that happens once in `pid_max` processes (proc(5)), which is as rare as it is certain.
//!
//! Knows nothing of gradings. Only root may set the number from which the kernel goes on.

use crate::shell;
use std::fs;
use std::io;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Longer than the births of a trial lie apart: of one that sees numbers begin again twice nobody could tell who is older.
const PAUSE: Duration = Duration::from_secs(2);
/// How many numbers are left at most before they begin again.
const LEFT: u32 = 60;

/// Sets the numbers until dropped.
pub(crate) struct Wraps(Option<(Sender<()>, JoinHandle<()>)>);

impl Wraps {
    /// Begins; says so if this machine does not allow it.
    pub(crate) fn start() -> Self {
        if let Err(error) = set(LEFT) {
            shell::say(&format!("process numbers cannot be set here: {error}; only root may"));
            return Wraps(None);
        }
        let (stop, stopped) = mpsc::channel();
        let setting = thread::spawn(move || {
            let mut left = LEFT;
            while stopped.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
                // Each time at another place of a trial.
                left = if left < 7 { LEFT } else { left - 7 };
                let _ = set(left);
            }
        });
        Wraps(Some((stop, setting)))
    }
}

/// Has the kernel go on so many numbers before the end.
fn set(left: u32) -> io::Result<()> {
    let most = fs::read_to_string("/proc/sys/kernel/pid_max")?;
    let most: u32 = most.trim().parse().map_err(io::Error::other)?;
    fs::write("/proc/sys/kernel/ns_last_pid", most.saturating_sub(left + 2).to_string())
}

impl Drop for Wraps {
    fn drop(&mut self) {
        if let Some((stop, setting)) = self.0.take() {
            drop(stop);
            let _ = setting.join();
        }
    }
}
