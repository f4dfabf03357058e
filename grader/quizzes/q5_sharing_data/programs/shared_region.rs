//! Parent and child share a piece of memory, and have a variable each.

use nix::sys::wait::waitpid;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use toolkit::fork;
use toolkit::shm::Region;

pub fn main() {
    let shared = Region::of(AtomicU64::new(0)).unwrap();
    let own = AtomicU64::new(0);
    let child = fork(|| {
        shared.fetch_add(5, SeqCst);
        own.fetch_add(5, SeqCst);
        0
    });
    waitpid(child.unwrap(), None).unwrap();
    println!("{} {}", shared.load(SeqCst), own.load(SeqCst));
}
