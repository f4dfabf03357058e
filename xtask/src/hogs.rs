//! Busy loops beside which the bank is graded, so that verdicts can be seen not to depend on time.
//!
//! As root: one for each of two processors, in the kernel's real-time class, which leaves everybody
//! else a twentieth of each. Otherwise four ordinary ones, while the gradings are as nice as can be.
//! They are ended when dropped, and by themselves after an hour.

use crate::shell;
use std::process::{Child, Command, Stdio};

const LOOP: &str = "while :; do :; done";

/// Busy loops that run until dropped.
pub(crate) struct Hogs(Vec<Child>);

impl Hogs {
    /// Starts them; says so if this machine does not allow it.
    pub(crate) fn start() -> Self {
        let real_time = ["chrt", "--fifo", "1", "timeout", "3600", "sh", "-c", LOOP];
        let mut first = start(&real_time);
        // `chrt` leaves at once if it may not.
        std::thread::sleep(std::time::Duration::from_millis(200));
        let runs = first.as_mut().is_some_and(|hog| matches!(hog.try_wait(), Ok(None)));
        match first {
            Some(hog) if runs => {
                shell::say("two busy loops in the real-time class");
                Hogs(std::iter::once(hog).chain(start(&real_time)).collect())
            }
            _ => {
                shell::say("four busy loops, and the gradings at nice 19");
                let own = std::process::id().to_string();
                let _ = Command::new("renice").args(["-n", "19", "-p", &own]).stdout(Stdio::null()).status();
                let ordinary = ["nice", "-n", "0", "timeout", "3600", "sh", "-c", LOOP];
                Hogs((0..4).filter_map(|_| start(&ordinary)).collect())
            }
        }
    }
}

fn start(words: &[&str]) -> Option<Child> {
    let (program, args) = words.split_first()?;
    Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()
}

impl Drop for Hogs {
    fn drop(&mut self) {
        for hog in &mut self.0 {
            // `timeout` hands its own end on to the loop: a kill would leave the loop behind.
            let _ = Command::new("kill").args(["-TERM", &hog.id().to_string()]).status();
            let _ = hog.wait();
        }
    }
}
