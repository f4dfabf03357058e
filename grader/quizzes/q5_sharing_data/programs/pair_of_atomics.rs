//! Two numbers that should be equal, each an atomic.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::thread;

pub fn main() {
    let (x, y) = (AtomicU32::new(0), AtomicU32::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            x.store(1, SeqCst);
            y.store(1, SeqCst);
        });
        let first = x.load(SeqCst);
        let second = y.load(SeqCst);
        println!("{first} {second}");
    });
}
