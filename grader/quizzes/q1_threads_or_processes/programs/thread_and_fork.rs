//! A thread and a process change the same number.

use nix::sys::wait::waitpid;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::thread;

static NUMBER: AtomicU32 = AtomicU32::new(0);

pub fn main() {
    thread::spawn(|| NUMBER.fetch_add(1, SeqCst)).join().unwrap();
    let child = toolkit::fork(|| {
        NUMBER.fetch_add(10, SeqCst);
        0
    });
    waitpid(child.unwrap(), None).unwrap();
    println!("{}", NUMBER.load(SeqCst));
}
